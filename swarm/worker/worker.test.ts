import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { cellBoundsDefault } from '../../actors/cell/bounds.ts';
import { chainStart } from '../../actors/cell/chain.ts';
import { sealRecord } from '../../actors/cell/records.ts';
import type { Bus } from '../../actors/ports/bus.ts';
import type { Models } from '../../actors/ports/models.ts';
import { FlockworkError } from '../../protocols/errors/error.ts';
import { type TaskMessage, taskVersion } from '../../protocols/goals/task.ts';
import { splitRecord } from '../../protocols/journal/record.ts';
import { journalPattern, journalSubject, shardOf, taskSubject } from '../../protocols/subjects.ts';
import { openEmbeddedBus } from '../../src/bus/embedded/index.ts';
import { systemIds } from '../../src/node/system-ids.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { until } from '../../test/conformance/harness.ts';
import { allotment, assign, taskSpec } from '../../test/histories/agent.ts';
import { kinds } from '../../test/histories/world.ts';
import { goalIndex, goalKey } from '../goals/goal-index.ts';
import { Adoption } from '../owner/adoption.ts';
import { OpenCells } from '../owner/open-cells.ts';
import type { SwarmHost } from '../swarm-host.ts';
import { Worker, type WorkerOptions } from './worker.ts';

const ackWaitMs = 30_000;
const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step();
});

const message: TaskMessage = { v: taskVersion, tenant: 'acme', root: 'g1', task: 't0', attempt: 1, pool: 'default', priority: 5, allotment, spec: taskSpec };
const subject = taskSubject({ ...message, task: 't0-1' });

async function stage(options: { wrap?: (bus: Bus, clock: VirtualClock) => Bus; models?: Models; worker?: Partial<WorkerOptions> } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'flockwork-worker-'));
  const bus = await openEmbeddedBus({ folder, projector: goalIndex, sync: 'off', ackWaitMs });
  undo.push(
    () => rm(folder, { recursive: true, maxRetries: 10 }),
    () => bus.close(),
  );
  await bus.index.put({ key: goalKey('acme', 'g1'), value: JSON.stringify({ status: 'running' }) });
  const clock = new VirtualClock(1_000);
  let calls = 0;
  const answering: Models = { call: async () => ({ text: 'done', toolCalls: [], finish: 'stop', usage: null, costMicroUsd: null, answeredBy: 'y' }) };
  const { models = answering } = options;
  const notes: string[] = [];
  const host: SwarmHost = {
    node: 'n1',
    bus: options.wrap?.(bus, clock) ?? bus,
    clock,
    ids: systemIds,
    kinds,
    cellBounds: cellBoundsDefault,
    models: {
      call: (request, more) => {
        calls += 1;
        return models.call(request, more);
      },
    },
    tools: { run: async () => ({ text: '', truncated: false }), collect: async () => [], release: async () => undefined },
    onDead: () => undefined,
    note: (line) => notes.push(line),
  };
  const hire = (): { worker: Worker; cells: OpenCells } => {
    const cells = new OpenCells();
    const { unopenedDeliveriesMax = 1, ...more } = options.worker ?? {};
    const worker = new Worker({ host, cells, adoption: new Adoption('all'), pools: ['default'], unopenedDeliveriesMax, ...more });
    undo.push(() => worker.stop());
    return { worker, cells };
  };
  const records = async (): Promise<number> => {
    let count = 0;
    for await (const entry of bus.journal.read(journalPattern)) count += entry.records.length;
    return count;
  };
  const bodies = async (): Promise<{ input: { type: string }; facts: { type: string; data: object }[] }[]> => {
    const found = [];
    for await (const entry of bus.journal.read(journalPattern)) for (const line of entry.records) found.push(JSON.parse(splitRecord(line).body));
    return found;
  };
  const endGoal = (): Promise<void> => bus.index.put({ key: goalKey('acme', 'g1'), value: JSON.stringify({ status: 'cancelled' }) });
  const settled = (): Promise<void> =>
    until('the task is done', async () => {
      const { waiting, claimed } = await bus.tasks.depth('default');
      return waiting + claimed === 0;
    });
  return { bus, clock, ...hire(), hire, notes, records, bodies, endGoal, settled, calls: () => calls };
}

const hanging: Models = {
  call: (_request, { signal }) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('aborted')))),
};

describe('a worker', () => {
  test('acknowledges a task after the last record of its agent', async () => {
    const { bus, worker, records } = await stage();
    await bus.tasks.push({ subject, id: 'g1-t0-1', body: JSON.stringify(message) });
    worker.start();
    await until('the task is done', async () => {
      const { waiting, claimed } = await bus.tasks.depth('default');
      return waiting + claimed === 0;
    });
    expect(await records()).toBe(2);
  });

  test('buries what is no task message of its version', async () => {
    const { bus, worker } = await stage();
    await bus.tasks.push({ subject, id: 'a', body: 'not json' });
    await bus.tasks.push({ subject, id: 'b', body: JSON.stringify({ ...message, v: 99 }) });
    worker.start();
    await until('both are buried', async () => (await bus.tasks.dead()).length === 2);
  });

  test('refuses a task whose subject says something else: who may push for one tenant pushes for no other', async () => {
    const { bus, worker, records, calls } = await stage();
    await bus.tasks.push({ subject, id: 'a', body: JSON.stringify({ ...message, tenant: 'other' }) });
    await bus.tasks.push({ subject, id: 'b', body: JSON.stringify({ ...message, root: 'g2' }) });
    await bus.tasks.push({ subject, id: 'c', body: JSON.stringify({ ...message, root: 'g1.>' }) });
    worker.start();
    await until('all are buried', async () => (await bus.tasks.dead()).length === 3);
    expect((await bus.tasks.dead()).map(({ id, reason }) => `${id} ${reason}`).sort()).toEqual([
      expect.stringMatching(/^a the message names task t0 of goal g1 of tenant other, its subject another$/),
      expect.stringMatching(/^b the message names task t0 of goal g2/),
      expect.stringMatching(/^c 'g1\.>' is not a subject token/),
    ]);
    expect([calls(), await records()]).toEqual([0, 0]);
  });

  test('refuses a task of a goal that nobody submitted, and trusts the journal where the index does not know the goal yet', async () => {
    const { bus, worker, records, settled, calls } = await stage();
    const ghost = { ...message, tenant: 'ghost' };
    await bus.tasks.push({ subject: taskSubject({ ...ghost, task: 't0-1' }), id: 'a', body: JSON.stringify(ghost) });
    worker.start();
    await until('it is buried', async () => (await bus.tasks.dead()).length === 1);
    expect((await bus.tasks.dead())[0]?.reason).toBe("there is no goal 'g1' of tenant 'ghost'");
    expect([calls(), await records()]).toEqual([0, 0]);
    const late = { ...message, root: 'g2' };
    await bus.journal.append(journalSubject({ tenant: 'acme', root: 'g2', actor: 'coordinator' }), '0', [
      sealRecord(chainStart(''), { n: 1, at: 1, inputJson: JSON.stringify({ type: 'goal.accept' }), facts: [] }, systemIds.salt()).line,
    ]);
    await bus.tasks.push({ subject: taskSubject({ ...late, task: 't0-1' }), id: 'b', body: JSON.stringify(late) });
    await settled();
    expect(calls()).toBe(1);
  });

  test('counts its ownership from the delivery: one that took too long to load starts no effect', async () => {
    const slow = (bus: Bus, clock: VirtualClock): Bus => ({
      ...bus,
      blobs: {
        put: (tenant, bytes) => bus.blobs.put(tenant, bytes),
        // Reading what the task is takes longer than the claim lasts.
        get: (tenant, sha256) => {
          clock.advanceBy(ackWaitMs * 2);
          return bus.blobs.get(tenant, sha256);
        },
        size: (tenant, sha256) => bus.blobs.size(tenant, sha256),
        delete: (tenant, sha256) => bus.blobs.delete(tenant, sha256),
        list: (tenant) => bus.blobs.list(tenant),
        putNamed: (name, bytes) => bus.blobs.putNamed(name, bytes),
        deleteNamed: (name) => bus.blobs.deleteNamed(name),
        getNamed: (name) => bus.blobs.getNamed(name),
      },
    });
    const { bus, worker, notes, calls } = await stage({ wrap: slow });
    const blob = await bus.blobs.put('acme', new TextEncoder().encode(JSON.stringify(taskSpec)));
    await bus.tasks.push({ subject, id: 'g1-t0-1', body: JSON.stringify({ ...message, spec: { blob } }) });
    worker.start();
    await until('the task is given back', () => notes.length > 0);
    expect(calls()).toBe(0);
  });

  test('stops its agents when it stops, and their journals go on elsewhere', async () => {
    let aborted = false;
    const hangs: Models = {
      call: (_request, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            aborted = true;
            reject(new Error('aborted'));
          });
        }),
    };
    const { bus, worker, cells, records, calls } = await stage({ models: hangs });
    await bus.tasks.push({ subject, id: 'g1-t0-1', body: JSON.stringify(message) });
    worker.start();
    await until('its model is asked', () => calls() === 1);
    await worker.stop();
    expect([aborted, cells.size, worker.load, await records()]).toEqual([true, 0, 0, 1]);
    // Handed over: the next worker need not wait until the claim has expired.
    expect(await bus.tasks.depth('default')).toEqual({ waiting: 1, claimed: 0 });
  });

  test('runs no more agents than its concurrency, of all pools together', async () => {
    const { bus, worker, records, calls } = await stage({ models: hanging, worker: { pools: ['default', 'other'], concurrency: 1 } });
    const other = { ...message, task: 't1', pool: 'other' };
    await bus.tasks.push({ subject, id: 'g1-t0-1', body: JSON.stringify(message) });
    await bus.tasks.push({ subject: taskSubject({ ...other, task: 't1-1' }), id: 'g1-t1-1', body: JSON.stringify(other) });
    worker.start();
    await until(
      'one is at work and the other was given back',
      async () => calls() >= 1 && (await bus.tasks.depth('other')).waiting + (await bus.tasks.depth('default')).waiting === 1,
    );
    expect([worker.load, calls(), await records()]).toEqual([1, 1, 1]);
  });

  test('stops an agent that messages could not reach', async () => {
    const refusing = (bus: Bus): Bus => ({
      ...bus,
      pubsub: {
        publish: (where, body) => bus.pubsub.publish(where, body),
        subscribe: (pattern, onMessage) => bus.pubsub.subscribe(pattern, onMessage),
        request: (where, body, more) => bus.pubsub.request(where, body, more),
        serve: () => Promise.reject(new FlockworkError('bus_unreachable', 'nobody can be served')),
      },
    });
    const { bus, worker, cells, notes, calls } = await stage({ models: hanging, wrap: refusing });
    await bus.tasks.push({ subject, id: 'g1-t0-1', body: JSON.stringify(message) });
    worker.start();
    await until('the task is given back', () => notes.length > 0);
    expect([cells.size, calls()]).toEqual([0, 1]);
  });

  describe('when the goal has ended and its last messages were lost', () => {
    test('tells an agent at work with its next heartbeat', async () => {
      const { bus, clock, worker, bodies, endGoal, settled, calls } = await stage({ models: hanging });
      await bus.tasks.push({ subject, id: 'g1-t0-1', body: JSON.stringify(message) });
      worker.start();
      await until('its model is asked', () => calls() === 1);
      await endGoal();
      clock.advanceBy(ackWaitMs / 3);
      await settled();
      expect((await bodies()).map(({ input }) => input.type)).toEqual(['agent.assign', 'agent.cancel']);
    });

    test('ends an agent that nobody has open, without starting again what it had asked for', async () => {
      const { bus, worker, hire, bodies, endGoal, calls } = await stage({ models: hanging });
      await bus.tasks.push({ subject, id: 'g1-t0-1', body: JSON.stringify(message) });
      worker.start();
      await until('its model is asked', () => calls() === 1);
      await worker.stop();
      await endGoal();
      await bus.tasks.push({ subject, id: 'again', body: JSON.stringify(message) });
      hire().worker.start();
      await until('it has ended', async () => (await bodies()).at(-1)?.facts.at(-1)?.type === 'agent.failed');
      expect((await bodies()).map(({ input }) => input.type)).toEqual(['agent.assign', 'cell.opened', 'agent.cancel']);
      expect(calls()).toBe(1);
    });
  });

  describe('ends a task for which no agent can be had', () => {
    const lost = { ...message, spec: { blob: 'f'.repeat(64) } };

    test('as a failed agent, when its task cannot be read', async () => {
      const { bus, worker, bodies, settled } = await stage();
      await bus.tasks.push({ subject, id: 'g1-t0-1', body: JSON.stringify(lost) });
      worker.start();
      await settled();
      const [first, ...more] = await bodies();
      expect(first?.facts).toMatchObject([
        { type: 'agent.failed', data: { task: 't0', attempt: 1, code: 'blob_unknown', retryable: false, usage: { tokens: 0 } } },
      ]);
      expect(more).toEqual([]);
    });

    test('as a failed agent, when its first record is too large', async () => {
      const { bus, worker, bodies, settled } = await stage();
      const spec = { ...taskSpec, material: [{ name: 'a', text: 'x'.repeat(600_000) }] };
      await bus.tasks.push({ subject, id: 'g1-t0-1', body: JSON.stringify({ ...message, spec }) });
      worker.start();
      await settled();
      expect((await bodies())[0]?.facts).toMatchObject([{ type: 'agent.failed', data: { code: 'record_too_large' } }]);
    });

    test('through the inbox of its coordinator, when its journal cannot be read', async () => {
      const { bus, worker, records, settled } = await stage();
      const stream = journalSubject({ tenant: 'acme', root: 'g1', actor: 'agent-t0-1' });
      const inputJson = JSON.stringify({ ...assign(), version: 99 });
      await bus.journal.append(stream, '0', [sealRecord(chainStart(stream), { n: 1, at: 1, inputJson, facts: [] }, systemIds.salt()).line]);
      await bus.tasks.push({ subject, id: 'g1-t0-1', body: JSON.stringify(message) });
      worker.start();
      await settled();
      const [told] = await bus.inbox.pull({ topic: String(shardOf('g1')), max: 1, waitMs: 1_000 });
      expect(told?.subject).toContain('.g1.coordinator.');
      expect(JSON.parse(told?.body ?? '')).toMatchObject({
        type: 'task.ended',
        task: 't0',
        attempt: 1,
        outcome: 'failed',
        code: 'machine_unknown',
        retryable: true,
      });
      expect(await records()).toBe(1);
    });

    test('only after other workers have had their chance', async () => {
      const { bus, worker, notes, records, settled } = await stage({ worker: { unopenedDeliveriesMax: 2 } });
      await bus.tasks.push({ subject, id: 'g1-t0-1', body: JSON.stringify(lost) });
      worker.start();
      await until('it is given back', () => notes.length > 0);
      expect(await records()).toBe(0);
      await settled();
      expect(await records()).toBe(1);
    });
  });
});
