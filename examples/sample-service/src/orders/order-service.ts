import { randomUUID } from 'node:crypto';
import type { Config } from '../config.ts';
import type { Stock } from '../inventory/stock.ts';
import type { Logger } from '../logging.ts';
import { confirmation, type Mailer } from '../notifications/mailer.ts';
import type { PaymentGateway } from '../payments/gateway.ts';
import { type Refund, refundOrder } from '../payments/refunds.ts';
import type { OrderStore } from '../storage/file-store.ts';
import { type Order, OrderError, type OrderRequest } from './order.ts';
import { calc, unitPrice } from './pricing.ts';

export interface Parts {
  config: Config;
  store: OrderStore;
  stock: Stock;
  gateway: PaymentGateway;
  mailer: Mailer;
  logger: Logger;
  now?: () => Date;
}

/** Places, shows and pays back orders. */
export class OrderService {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async place(request: OrderRequest): Promise<Order> {
    const { config, store, stock, gateway, now = () => new Date() } = this.#parts;
    const lines = request.lines.map(({ sku, quantity }) => ({ sku, quantity, unitCents: unitPrice(sku) }));
    const at = now();
    const order: Order = {
      id: randomUUID(),
      customer: request.customer,
      lines,
      coupon: request.coupon,
      status: 'placed',
      ...calc(lines, request.coupon, config, at),
      refundedCents: 0,
      placedAt: at.toISOString(),
    };
    // FIXME: the card is charged before the stock is reserved and before anything is stored. When the article is sold out, or we crash here, the money is gone and no order tells of it.
    const paymentId = await gateway.charge(order.id, request.card, order.totalCents);
    await stock.reserve(lines);
    const paid: Order = { ...order, status: 'paid', paymentId };
    await store.save(paid);
    await this.#confirm(paid);
    return paid;
  }

  async #confirm(order: Order): Promise<void> {
    const { mailer, config, logger } = this.#parts;
    try {
      await mailer.send(confirmation(order, config.mailFrom));
    } catch (error) {
      // TODO: put it into a queue and try again; now the customer gets no mail at all.
      logger.error('confirmation not sent', { order: order.id, reason: String(error) });
    }
  }

  async show(id: string, customer: string): Promise<Order> {
    const order = await this.#parts.store.find(id);
    if (order === undefined || order.customer !== customer) throw new OrderError(404, `there is no order ${id}`);
    return order;
  }

  // TODO: pages; a customer with thousands of orders gets all of them in one answer.
  async list(customer: string): Promise<Order[]> {
    const orders = await this.#parts.store.all();
    return orders.filter((order) => order.customer === customer).sort((a, b) => b.placedAt.localeCompare(a.placedAt));
  }

  async refund(id: string, customer: string, cents: number): Promise<Refund> {
    const order = await this.show(id, customer);
    return refundOrder(this.#parts.store, this.#parts.gateway, order, cents);
  }
}
