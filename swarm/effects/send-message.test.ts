import { expect, test } from 'vitest';
import type { EffectContext } from '../../actors/cell/cell-options.ts';
import { FlockworkError, failureOf } from '../../protocols/errors/error.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { until } from '../../test/conformance/harness.ts';
import type { SwarmHost } from '../swarm-host.ts';
import { sendMessage } from './send-message.ts';

const context = (signal: AbortSignal): EffectContext => ({
  address: { tenant: 'acme', root: 'g1', actor: 'agent-t0-1' },
  key: 'k1',
  epoch: 1,
  table: {},
  signal,
});
const request = { type: 'message.send', ref: 'tell-c1.0-1', to: 'coordinator', message: { type: 'memory.ask' } };

/** A host whose inbox fails so often, and what it was given. */
function failing(failures: number, retryable: boolean) {
  const pushed: unknown[] = [];
  const clock = new VirtualClock();
  let left = failures;
  const push = async (message: unknown): Promise<{ duplicate: boolean }> => {
    if (left-- > 0) throw new FlockworkError('store_full', 'the disk is full', { retryable });
    pushed.push(message);
    return { duplicate: false };
  };
  return { pushed, clock, host: { node: 'n1', clock, bus: { inbox: { push } } } as unknown as SwarmHost };
}

test('a message waits for a store that is away, and is sent once under the key of its request', async () => {
  const { host, clock, pushed } = failing(3, true);
  let stored: unknown;
  void sendMessage(host, request, context(new AbortController().signal)).then((answer) => (stored = answer));
  await until('it is stored', async () => {
    clock.advanceBy(1_000);
    return stored !== undefined;
  });
  expect(stored).toEqual({ type: 'message.stored' });
  expect(pushed).toEqual([{ subject: expect.stringMatching(/\.g1\.coordinator\.n1$/), id: 'k1', body: '{"type":"memory.ask","id":"k1"}' }]);
});

test('what no waiting cures fails at once', async () => {
  const { host } = failing(1, false);
  expect(await sendMessage(host, request, context(new AbortController().signal)).catch((error: unknown) => failureOf(error).code)).toBe('store_full');
});
