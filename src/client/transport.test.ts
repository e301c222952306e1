import { expect, test } from 'vitest';
import { methodParams } from '../../protocols/wire/methods.ts';
import { isRepeatable } from './transport.ts';

test('what is sent again when nobody knows whether it arrived does no harm the second time', () => {
  const once = Object.keys(methodParams).filter((method) => !isRepeatable(method, {}));
  expect(once.toSorted()).toEqual([
    'connection.open',
    'dead.requeue',
    'goal.cancel',
    'goal.resume',
    'goal.submit',
    'goal.unwatch',
    'goal.watch',
    'message.send',
  ]);
  expect(isRepeatable('goal.submit', { idempotencyKey: 'k' })).toBe(true);
  expect(isRepeatable('config.patch', { changes: {}, hash: 'h' })).toBe(false);
});
