import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../src/config.ts';
import { Stock } from '../src/inventory/stock.ts';
import { silent } from '../src/logging.ts';
import type { Mail } from '../src/notifications/mailer.ts';
import { OrderService } from '../src/orders/order-service.ts';
import { MemoryStore } from '../src/storage/file-store.ts';

function shop() {
  const mails: Mail[] = [];
  const charges: number[] = [];
  const refunds: number[] = [];
  const store = new MemoryStore();
  const service = new OrderService({
    config: loadConfig({}),
    store,
    stock: new Stock({ 'mug-blue': 3 }),
    gateway: {
      charge: async (_order, _card, cents) => `payment-${charges.push(cents)}`,
      refund: async (_payment, cents) => void refunds.push(cents),
    },
    mailer: { send: async (mail) => void mails.push(mail) },
    logger: silent,
    now: () => new Date('2026-03-01T12:00:00Z'),
  });
  return { service, store, mails, charges, refunds };
}

const request = { customer: 'ada@example.com', card: '4000000000000002', lines: [{ sku: 'mug-blue', quantity: 2 }] };

test('an order is paid, stored and confirmed', async () => {
  const { service, store, mails, charges } = shop();
  const order = await service.place(request);
  assert.equal(order.status, 'paid');
  assert.deepEqual(charges, [2630]);
  assert.equal((await store.find(order.id))?.totalCents, 2630);
  assert.match(mails[0]?.text ?? '', /Total 26\.30 EUR/);
});

test('more than there is cannot be ordered', async () => {
  const { service } = shop();
  await assert.rejects(service.place({ ...request, lines: [{ sku: 'mug-blue', quantity: 4 }] }), /only 3 of mug-blue left/);
});

test('orders of others are not shown', async () => {
  const { service } = shop();
  const order = await service.place(request);
  await assert.rejects(service.show(order.id, 'eve@example.com'), /no order/);
  assert.deepEqual(await service.list('eve@example.com'), []);
});

test('a part is paid back, then the rest', async () => {
  const { service, refunds } = shop();
  const order = await service.place(request);
  await service.refund(order.id, request.customer, 630);
  await service.refund(order.id, request.customer, 2000);
  assert.deepEqual(refunds, [630, 2000]);
  assert.equal((await service.show(order.id, request.customer)).status, 'refunded');
});
