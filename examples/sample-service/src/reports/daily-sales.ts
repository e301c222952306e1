import type { Order } from '../orders/order.ts';
import { euros } from '../orders/pricing.ts';
import type { OrderStore } from '../storage/file-store.ts';

export interface DailySales {
  day: string;
  orders: number;
  pieces: number;
  netCents: number;
  bySku: Record<string, number>;
}

function counts(order: Order): boolean {
  return order.status === 'paid' || order.status === 'refunded';
}

/** What was sold on a day, as YYYY-MM-DD. */
export async function dailySales(store: OrderStore, day: string): Promise<DailySales> {
  const sales: DailySales = { day, orders: 0, pieces: 0, netCents: 0, bySku: {} };
  // TODO: reads every order ever placed for one day; fine for now, slow from some 100,000 orders on.
  for (const order of await store.all()) {
    if (!order.placedAt.startsWith(day) || !counts(order)) continue;
    sales.orders += 1;
    sales.netCents += order.netCents;
    for (const line of order.lines) {
      sales.pieces += line.quantity;
      sales.bySku[line.sku] = (sales.bySku[line.sku] ?? 0) + line.quantity;
    }
  }
  return sales;
}

export function asText(sales: DailySales): string {
  const rows = Object.entries(sales.bySku).sort(([, a], [, b]) => b - a);
  const list = rows.map(([sku, pieces]) => `${sku.padEnd(16)}${String(pieces).padStart(6)}`);
  return [`Sales of ${sales.day}`, '', ...list, '', `${sales.orders} orders, ${sales.pieces} pieces, ${euros(sales.netCents)} EUR net`].join('\n');
}
