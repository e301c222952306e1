import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { cellBoundsDefault } from '../../actors/cell/bounds.ts';
import type { Bus } from '../../actors/ports/bus.ts';
import type { Models } from '../../actors/ports/models.ts';
import { type TaskMessage, taskVersion } from '../../protocols/goals/task.ts';
import { journalPattern, taskSubject } from '../../protocols/subjects.ts';
import { openEmbeddedBus } from '../../src/bus/embedded/index.ts';
import { systemIds } from '../../src/node/system-ids.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { until } from '../../test/conformance/harness.ts';
import { allotment, taskSpec } from '../../test/histories/agent.ts';
import { kinds } from '../../test/histories/world.ts';
import { goalIndex } from '../goals/goal-index.ts';
import { Adoption } from '../owner/adoption.ts';
import { OpenCells } from '../owner/open-cells.ts';
import type { SwarmHost } from '../swarm-host.ts';
import { Worker } from './worker.ts';

const ackWaitMs = 30_000;
const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step();
});

const message: TaskMessage = { v: taskVersion, tenant: 'acme', root: 'g1', task: 't0', attempt: 1, pool: 'default', priority: 5, allotment, spec: taskSpec };
const subject = taskSubject({ ...message, task: 't0-1' });

async function stage(options: { wrap?: (bus: Bus, clock: VirtualClock) => Bus; models?: Models } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'flockwork-worker-'));
  const bus = await openEmbeddedBus({ folder, projector: goalIndex, sync: 'off', ackWaitMs });
  undo.push(
    () => rm(folder, { recursive: true, maxRetries: 10 }),
    () => bus.close(),
  );
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
  const cells = new OpenCells();
  const worker = new Worker({ host, cells, adoption: new Adoption('all'), pools: ['default'] });
  undo.push(() => worker.stop());
  const records = async (): Promise<number> => {
    let count = 0;
    for await (const entry of bus.journal.read(journalPattern)) count += entry.records.length;
    return count;
  };
  return { bus, clock, worker, cells, notes, records, calls: () => calls };
}

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

  test('counts its ownership from the delivery: one that took too long to load starts no effect', async () => {
    const slow = (bus: Bus, clock: VirtualClock): Bus => ({
      ...bus,
      blobs: {
        put: (tenant, bytes) => bus.blobs.put(tenant, bytes),
        get: (tenant, sha256) => bus.blobs.get(tenant, sha256),
        size: (tenant, sha256) => bus.blobs.size(tenant, sha256),
        delete: (tenant, sha256) => bus.blobs.delete(tenant, sha256),
        list: (tenant) => bus.blobs.list(tenant),
        putNamed: (name, bytes) => bus.blobs.putNamed(name, bytes),
        deleteNamed: (name) => bus.blobs.deleteNamed(name),
        // Looking for a snapshot takes longer than the claim lasts.
        getNamed: (name) => {
          clock.advanceBy(ackWaitMs * 2);
          return bus.blobs.getNamed(name);
        },
      },
    });
    const { bus, worker, notes, calls } = await stage({ wrap: slow });
    await bus.tasks.push({ subject, id: 'g1-t0-1', body: JSON.stringify(message) });
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
    expect(await bus.tasks.depth('default')).toMatchObject({ claimed: 1 });
  });
});
