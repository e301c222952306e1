import assert from 'node:assert/strict';
import { test } from 'node:test';
import { calc } from '../src/totals.js';

test('adds up by article', () => {
  const { pieces, totals } = calc([
    { article: 'mug', quantity: 2, cents: 899 },
    { article: 'mug', quantity: 1, cents: 899 },
  ]);
  assert.equal(pieces, 3);
  assert.deepEqual([...totals], [['mug', 2697]]);
});
