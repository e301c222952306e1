import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../src/config.ts';
import { discountPercent } from '../src/orders/discounts.ts';
import { calc, euros, unitPrice } from '../src/orders/pricing.ts';

const config = loadConfig({});
const now = new Date('2026-03-01T12:00:00Z');
const line = (sku: string, quantity: number) => ({ sku, quantity, unitCents: unitPrice(sku) });

test('a small order pays shipping', () => {
  assert.deepEqual(calc([line('mug-blue', 2)], undefined, config, now), { netCents: 1798, taxCents: 342, shippingCents: 490, totalCents: 2630 });
});

test('a large order is sent free', () => {
  assert.equal(calc([line('chair-oak', 1)], undefined, config, now).shippingCents, 0);
});

// TODO: the border itself, exactly freeShippingFromCents.

test('a coupon counts before tax, whatever its case', () => {
  assert.equal(calc([line('lamp-desk', 1)], ' welcome ', config, now).netCents, 4139);
});

test('an expired or unknown coupon is worth nothing', () => {
  assert.equal(discountPercent('SPRING26', new Date('2026-06-02T00:00:00Z')), 0);
  assert.equal(discountPercent('FREE', now), 0);
});

test('an unknown article is refused', () => {
  assert.throws(() => unitPrice('boat'), /no article boat/);
});

test('cents are written as euros', () => {
  assert.deepEqual([0, 5, 1234, -99].map(euros), ['0.00', '0.05', '12.34', '-0.99']);
});
