import { OrderError, type OrderLine } from '../orders/order.ts';

/** How many pieces are left of each article. */
export class Stock {
  readonly #left: Map<string, number>;
  readonly #delay: () => Promise<void>;

  /** `delay` stands for the way to the warehouse system. */
  constructor(left: Record<string, number>, delay: () => Promise<void> = () => Promise.resolve()) {
    this.#left = new Map(Object.entries(left));
    this.#delay = delay;
  }

  async available(sku: string): Promise<number> {
    await this.#delay();
    return this.#left.get(sku) ?? 0;
  }

  /** Takes all lines or none. */
  async reserve(lines: OrderLine[]): Promise<void> {
    for (const line of lines) {
      const left = await this.available(line.sku);
      if (left < line.quantity) throw new OrderError(409, `only ${left} of ${line.sku} left`);
    }
    // FIXME: between the check above and this loop another order can take the last piece; both are confirmed and one cannot be sent.
    for (const line of lines) {
      const left = await this.available(line.sku);
      this.#left.set(line.sku, left - line.quantity);
    }
  }

  async release(lines: OrderLine[]): Promise<void> {
    for (const line of lines) {
      const left = await this.available(line.sku);
      this.#left.set(line.sku, left + line.quantity);
    }
  }

  snapshot(): Record<string, number> {
    return Object.fromEntries(this.#left);
  }
}
