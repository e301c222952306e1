import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { cellBoundsDefault } from '../../actors/cell/bounds.ts';
import { Cell } from '../../actors/cell/cell.ts';
import type { Bus } from '../../actors/ports/bus.ts';
import { deliverSubject, inboxSubject, journalSubject, shardOf } from '../../protocols/subjects.ts';
import { openEmbeddedBus } from '../../src/bus/embedded/index.ts';
import { systemIds } from '../../src/node/system-ids.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { until } from '../../test/conformance/harness.ts';
import { assign } from '../../test/histories/agent.ts';
import { scripted } from '../../test/histories/scripted.ts';
import { kinds } from '../../test/histories/world.ts';
import { goalIndex, goalKey } from '../goals/goal-index.ts';
import type { SwarmHost } from '../swarm-host.ts';
import { Adoption } from './adoption.ts';
import { InboxPump } from './inbox-pump.ts';
import { OpenCells } from './open-cells.ts';

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step();
});

const address = { tenant: 'acme', root: 'g1', actor: 'agent-t0-1' };
const stream = journalSubject(address);

/** The inbox of a goal that runs, with a message for its agent, which is open nowhere. */
async function stage() {
  const folder = await mkdtemp(join(tmpdir(), 'flockwork-inbox-'));
  const bus = await openEmbeddedBus({ folder, projector: goalIndex, sync: 'off' });
  undo.push(
    () => rm(folder, { recursive: true, maxRetries: 10 }),
    () => bus.close(),
  );
  let asked = 0;
  const counted: Bus = {
    ...bus,
    pubsub: {
      publish: (subject, body) => bus.pubsub.publish(subject, body),
      subscribe: (pattern, onMessage) => bus.pubsub.subscribe(pattern, onMessage),
      serve: (subject, answer) => bus.pubsub.serve(subject, answer),
      request: (subject, body, options) => {
        asked += 1;
        return bus.pubsub.request(subject, body, options);
      },
    },
  };
  const { models, tools } = scripted(1, { modelRetryable: 0, modelForGood: 0, modelHangs: 0, toolFails: 0, latencyMsMax: 1 });
  const host: SwarmHost = {
    node: 'n1',
    bus: counted,
    clock: new VirtualClock(1_000),
    ids: systemIds,
    kinds,
    cellBounds: cellBoundsDefault,
    models,
    tools,
    onDead: () => undefined,
    note: () => undefined,
  };
  await bus.index.put({ key: goalKey('acme', 'g1'), value: JSON.stringify({ status: 'running' }) });
  await bus.inbox.push({ subject: inboxSubject(address, 'n1'), id: 'm1', body: JSON.stringify({ type: 'budget.granted' }) });
  const pump = new InboxPump({
    host,
    cells: new OpenCells(),
    adoption: new Adoption('all'),
    shard: shardOf('g1'),
    wake: () => Promise.resolve(undefined),
    inboxDeliveriesMax: 2,
  });
  undo.push(() => pump.stop());
  return { bus, host, pump, asked: () => asked };
}

describe('a message for an agent that is open nowhere', () => {
  test('waits for it as long as the agent has not ended', async () => {
    const { bus, pump, asked } = await stage();
    pump.start();
    await until('it was offered more often than the bound', () => asked() > 2);
    const heard: string[] = [];
    const door = await bus.pubsub.serve(deliverSubject(address), async (body) => {
      heard.push((JSON.parse(body) as { id: string }).id);
      return 'stored';
    });
    undo.push(() => door.stop());
    await until('it is heard', () => heard.length > 0);
    expect([heard, await bus.inbox.dead()]).toEqual([['m1'], []]);
  });

  test('is a dead letter once the agent has', async () => {
    const { bus, host, pump } = await stage();
    const { clock, ids, onDead, cellBounds } = host;
    const options = { address, stream, kinds, node: 'n1', ports: { journal: bus.journal, blobs: bus.blobs, clock, ids }, bounds: cellBounds, onDead };
    const cell = await Cell.create({ ...options, perform: () => new Promise(() => undefined), mayStart: () => true }, assign());
    await cell.post({ type: 'agent.cancel', reason: 'enough', id: 'c1' });
    pump.start();
    await until('it is buried', async () => (await bus.inbox.dead()).length === 1);
    expect((await bus.inbox.dead())[0]).toMatchObject({ id: 'm1', reason: 'agent-t0-1 has ended' });
  });
});
