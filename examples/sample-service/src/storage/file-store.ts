import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Order } from '../orders/order.ts';

export interface OrderStore {
  save(order: Order): Promise<void>;
  find(id: string): Promise<Order | undefined>;
  all(): Promise<Order[]>;
}

/** Keeps all orders in one JSON file. */
export class FileStore implements OrderStore {
  readonly #path: string;
  #orders: Map<string, Order> | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  async save(order: Order): Promise<void> {
    const orders = await this.#load();
    orders.set(order.id, order);
    await mkdir(dirname(this.#path), { recursive: true });
    // FIXME: overwrites the only copy in place. A crash or a full disk in the middle leaves half a file, and every order ever placed is lost.
    await writeFile(this.#path, JSON.stringify([...orders.values()], null, 2));
  }

  async find(id: string): Promise<Order | undefined> {
    return (await this.#load()).get(id);
  }

  async all(): Promise<Order[]> {
    return [...(await this.#load()).values()];
  }

  async #load(): Promise<Map<string, Order>> {
    if (this.#orders !== undefined) return this.#orders;
    const orders: Order[] = existsSync(this.#path) ? JSON.parse(await readFile(this.#path, 'utf8')) : [];
    this.#orders = new Map(orders.map((order) => [order.id, order]));
    return this.#orders;
  }
}

/** For tests. */
export class MemoryStore implements OrderStore {
  readonly #orders = new Map<string, Order>();

  async save(order: Order): Promise<void> {
    this.#orders.set(order.id, structuredClone(order));
  }

  async find(id: string): Promise<Order | undefined> {
    return this.#orders.get(id);
  }

  async all(): Promise<Order[]> {
    return [...this.#orders.values()];
  }
}
