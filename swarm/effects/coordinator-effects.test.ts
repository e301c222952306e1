import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { cellBoundsDefault } from '../../actors/cell/bounds.ts';
import type { EffectContext } from '../../actors/cell/cell-options.ts';
import type { Bus } from '../../actors/ports/bus.ts';
import type { QueueMessage } from '../../actors/ports/queue.ts';
import { FlockworkError } from '../../protocols/errors/error.ts';
import { taskMessage } from '../../protocols/goals/task.ts';
import { openEmbeddedBus } from '../../src/bus/embedded/index.ts';
import { systemIds } from '../../src/node/system-ids.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { codeOf, until } from '../../test/conformance/harness.ts';
import { accept, CoordinatorBench } from '../../test/histories/coordinator.ts';
import { scripted } from '../../test/histories/scripted.ts';
import { kinds } from '../../test/histories/world.ts';
import { goalIndex } from '../goals/goal-index.ts';
import type { SwarmHost } from '../swarm-host.ts';
import { coordinatorEffects } from './coordinator-effects.ts';

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step();
});

/** A push that a coordinator asks for, with a queue that fails as often as it is told to. */
async function stage(failures: number, retryable = true) {
  const folder = await mkdtemp(join(tmpdir(), 'flockwork-effects-'));
  const bus = await openEmbeddedBus({ folder, projector: goalIndex, sync: 'off' });
  undo.push(
    () => rm(folder, { recursive: true, maxRetries: 10 }),
    () => bus.close(),
  );
  const blob = await bus.blobs.put('acme', new TextEncoder().encode('[{"name":"input","text":"read me"}]'));
  let left = failures;
  const push = async (message: QueueMessage): Promise<{ duplicate: boolean }> => {
    if (left-- > 0) throw new FlockworkError('store_full', 'the disk is full', { retryable });
    return bus.tasks.push(message);
  };
  const tasks: Bus['tasks'] = {
    ackWaitMs: bus.tasks.ackWaitMs,
    push,
    pull: (options) => bus.tasks.pull(options),
    depth: (topic) => bus.tasks.depth(topic),
    dead: (options) => bus.tasks.dead(options),
    buryMessage: (message, reason) => bus.tasks.buryMessage(message, reason),
    requeue: (letter, as) => bus.tasks.requeue(letter, as),
  };
  const clock = new VirtualClock();
  const { models, tools } = scripted(1, { modelRetryable: 0, modelForGood: 0, modelHangs: 0, toolFails: 0, latencyMsMax: 1 });
  const host: SwarmHost = {
    node: 'n1',
    bus: { ...bus, tasks },
    clock,
    ids: systemIds,
    kinds,
    cellBounds: cellBoundsDefault,
    models,
    tools,
    onDead: () => undefined,
    note: () => undefined,
  };
  const bench = new CoordinatorBench(accept({ strategy: { type: 'single' }, plan: { blob, count: 1 } }));
  const request = bench.fold.pendingRef('t0-1')?.request ?? { type: '', ref: '' };
  const halt = new AbortController();
  const context: EffectContext = { address: { tenant: 'acme', root: 'g1', actor: 'coordinator' }, key: 'k', epoch: 1, table: bench.table, signal: halt.signal };
  return { bus, clock, halt, pushing: coordinatorEffects(host)(request, context) };
}

describe('pushing a task', () => {
  test('hands over the whole task, resolved', async () => {
    const { bus, pushing } = await stage(0);
    expect(await pushing).toBeUndefined();
    const [delivery] = await bus.tasks.pull({ topic: 'default', max: 1, waitMs: 1_000 });
    const message = taskMessage.parse(JSON.parse(delivery?.body ?? 'null'));
    expect(message).toMatchObject({
      root: 'g1',
      task: 't0',
      attempt: 1,
      spec: { prompt: 'count', role: 'single', material: [{ name: 'input', text: 'read me' }] },
    });
  });

  test('waits for a store that is full for a while', async () => {
    const { bus, clock, pushing } = await stage(3);
    const done = codeOf(pushing);
    await until('it is pushed', async () => {
      clock.advanceBy(1_000);
      return (await bus.tasks.depth('default')).waiting === 1;
    });
    expect(await done).toBe('resolved');
  });

  test('gives up at once where no waiting helps', async () => expect(await codeOf((await stage(1, false)).pushing)).toBe('store_full'));

  test('gives up when it is aborted', async () => {
    const { clock, halt, pushing } = await stage(1_000);
    const done = codeOf(pushing);
    await until('it waits', () => clock.armed === 1);
    halt.abort();
    clock.advanceBy(60_000);
    expect(await done).toBe('store_full');
  });
});
