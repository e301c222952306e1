import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { Cell } from '../../actors/cell/cell.ts';
import { chainStart } from '../../actors/cell/chain.ts';
import { sealRecord } from '../../actors/cell/records.ts';
import type { Bus } from '../../actors/ports/bus.ts';
import type { Journal } from '../../actors/ports/journal.ts';
import { FlockworkError } from '../../protocols/errors/error.ts';
import { quotaDefault } from '../../protocols/goals/goal.ts';
import { splitRecord } from '../../protocols/journal/record.ts';
import { journalSubject, shardOf } from '../../protocols/subjects.ts';
import { openEmbeddedBus } from '../../src/bus/embedded/index.ts';
import { systemIds } from '../../src/node/system-ids.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { until } from '../../test/conformance/harness.ts';
import { assign } from '../../test/histories/agent.ts';
import { scripted } from '../../test/histories/scripted.ts';
import { bounds, kinds } from '../../test/histories/world.ts';
import { activeKey, goalIndex } from '../goals/goal-index.ts';
import { Goals } from '../goals/goals.ts';
import type { SwarmHost } from '../swarm-host.ts';
import { Worker } from '../worker/worker.ts';
import { Adoption } from './adoption.ts';
import { OpenCells } from './open-cells.ts';
import { allShards, ShardOwner } from './shard-owner.ts';

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step();
});

class Watched extends OpenCells {
  readonly ever: Cell[] = [];

  override add(cell: Cell): void {
    super.add(cell);
    this.ever.push(cell);
  }
}

interface Stage {
  readonly bus: Bus;
  readonly clock: VirtualClock;
  readonly goals: Goals;
  readonly notes: string[];
  readonly host: SwarmHost;
  /** A new owner on the same bus; `wrap` stands between it and the journal. */
  own(wrap?: (bus: Bus) => Bus): { owner: ShardOwner; cells: Watched };
}

async function stage(): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'flockwork-owner-'));
  const bus = await openEmbeddedBus({ folder, projector: goalIndex, sync: 'off' });
  undo.push(
    () => rm(folder, { recursive: true, maxRetries: 10 }),
    () => bus.close(),
  );
  const clock = new VirtualClock(1_000);
  const notes: string[] = [];
  const { models, tools } = scripted(1, { modelRetryable: 0, modelForGood: 0, modelHangs: 0, toolFails: 0, latencyMsMax: 1 });
  const host: SwarmHost = {
    node: 'n1',
    bus,
    clock,
    ids: systemIds,
    kinds,
    cellBounds: bounds,
    models,
    tools,
    onDead: () => undefined,
    note: (line) => notes.push(line),
  };
  const profile = { name: 'default', model: 'x/y', modelWhy: 'test', system: 's', tools: [], outputTokensMax: 400, pool: 'default' };
  const goals = new Goals(host, {
    quota: quotaDefault,
    agents: 2,
    fanIn: 4,
    taskAttemptsMax: 3,
    stragglerFactor: 3,
    profile: () => profile,
    snapshotPath: async () => ({ files: [] }),
  });
  const own: Stage['own'] = (wrap = (one) => one) => {
    const cells = new Watched();
    const owner = new ShardOwner({ host: { ...host, bus: wrap(bus) }, cells, adoption: new Adoption('all'), idleMs: 1_000 });
    undo.push(() => owner.stop());
    return { owner, cells };
  };
  return { bus, clock, goals, notes, host, own };
}

const running = (cells: Watched, what: string): Promise<void> => until(what, () => cells.all()[0]?.state === 'running');

describe('the owner of shards', () => {
  test('opens a goal that is submitted while it owns its shard', async () => {
    const { goals, own } = await stage();
    const { owner, cells } = own();
    await owner.start();
    await owner.take(allShards);
    await goals.submit('acme', { goal: 'x' });
    await running(cells, 'the goal runs');
  });

  test('opens what its index says is active when it takes a shard, and nothing of other shards', async () => {
    const { goals, own } = await stage();
    const { id } = await goals.submit('acme', { goal: 'x' });
    const { owner, cells } = own();
    await owner.start();
    await owner.take(allShards.filter((shard) => shard !== shardOf(id)));
    expect(cells.size).toBe(0);
    await owner.take([shardOf(id)]);
    await running(cells, 'the goal runs');
  });

  test('what it drops it stops', async () => {
    const { goals, own } = await stage();
    const { owner, cells } = own();
    const { id } = await goals.submit('acme', { goal: 'x' });
    await owner.start();
    await owner.take(allShards);
    await running(cells, 'the goal runs');
    await owner.drop([shardOf(id)]);
    expect([cells.ever[0]?.end, owner.shards.length]).toEqual([{ reason: 'stopped' }, 63]);
  });

  test('a cell whose agents’ ends cannot be read is stopped before another is opened in its place', async () => {
    const { goals, own, clock } = await stage();
    const first = own();
    const { id } = await goals.submit('acme', { goal: 'x' });
    await first.owner.start();
    await first.owner.take(allShards);
    await running(first.cells, 'the goal runs');
    await goals.sendMessage('acme', id, 'hello');
    await until('the note is journaled', () => (first.cells.all()[0]?.n ?? 0) > 2);
    await first.owner.stop();
    let failures = 1;
    const broken = (bus: Bus): Bus => {
      const journal: Journal = {
        store: bus.journal.store,
        append: (stream, after, records) => bus.journal.append(stream, after, records),
        follow: (pattern, onEntry) => bus.journal.follow(pattern, onEntry),
        head: () => bus.journal.head(),
        read: (pattern, options) => {
          if (pattern.endsWith(`${id}.>`) && failures-- > 0) throw new FlockworkError('store_failed', 'the disk coughed');
          return bus.journal.read(pattern, options);
        },
      };
      return { ...bus, journal };
    };
    const second = own(broken);
    await second.owner.start();
    await second.owner.take(allShards);
    await until('another cell is open', () => {
      clock.advanceBy(100);
      return second.cells.ever.length === 2;
    });
    expect(second.cells.ever[0]?.end).toEqual({ reason: 'stopped' });
    await until('it runs', () => second.cells.all()[0]?.state === 'running');
  });

  /** A goal that pauses at once, for its quota is too small for a single call. */
  async function paused({ goals, host }: Stage, { owner, cells }: ReturnType<Stage['own']>): Promise<string> {
    const worker = new Worker({ host, cells, adoption: new Adoption('all'), pools: ['default'] });
    undo.push(() => worker.stop());
    const { id } = await goals.submit('acme', { goal: 'x', quota: { maxTokens: 10 } });
    await owner.start();
    await owner.take(allShards);
    worker.start();
    const coordinator = (): Cell | undefined => cells.ever.find(({ address }) => address.actor === 'coordinator');
    await until('the goal is paused', () => coordinator()?.state === 'paused' && coordinator()?.idle === true);
    return id;
  }

  test('an agent whose journal no worker can read ends as a failed attempt, and the next one is made', async () => {
    const { bus, goals, host, own } = await stage();
    const { owner, cells } = own();
    const { id } = await goals.submit('acme', { goal: 'x' });
    const stream = journalSubject({ tenant: 'acme', root: id, actor: 'agent-t0-1' });
    const inputJson = JSON.stringify({ ...assign(), version: 99 });
    await bus.journal.append(stream, '0', [sealRecord(chainStart(stream), { n: 1, at: 1, inputJson, facts: [] }, systemIds.salt()).line]);
    const worker = new Worker({ host, cells, adoption: new Adoption('all'), pools: ['default'], unopenedDeliveriesMax: 1 });
    undo.push(() => worker.stop());
    await owner.start();
    await owner.take(allShards);
    const coordinator = cells.ever.find(({ address }) => address.actor === 'coordinator');
    worker.start();
    const failures: Record<string, unknown>[] = [];
    await until('the attempt has failed', async () => {
      for await (const { records } of bus.journal.read(journalSubject({ tenant: 'acme', root: id, actor: 'coordinator' })))
        for (const line of records)
          for (const { type, data } of JSON.parse(splitRecord(line).body).facts as { type: string; data: Record<string, unknown> }[])
            if (type === 'task.failed') failures.push(data);
      return failures.length > 0;
    });
    expect(failures[0]).toMatchObject({ task: 't0', attempt: 1, code: 'machine_unknown', final: false });
    expect(coordinator?.keyOf('t0-1')).toBeUndefined();
  });

  const rowOf = async ({ bus }: Stage, id: string): Promise<unknown> => JSON.parse((await bus.index.get(activeKey('acme', id))) ?? 'null');

  test('a paused goal sleeps; woken by its inbox, it is awake in the index too', async () => {
    const theatre = await stage();
    const own = theatre.own();
    const id = await paused(theatre, own);
    theatre.clock.advanceBy(2_000);
    await until('it sleeps', async () => JSON.stringify(await rowOf(theatre, id)) === JSON.stringify({ tenant: 'acme', root: id, sleepsUntil: null }));
    expect(own.cells.size).toBe(0);
    await theatre.goals.resume('acme', id, { maxTokens: 100_000 });
    await until('it runs again', () => own.cells.all().some(({ address, state }) => address.actor === 'coordinator' && state !== 'paused'));
    const row = await rowOf(theatre, id);
    if (row !== null) expect(row).toEqual({ tenant: 'acme', root: id });
    expect(own.cells.ever.filter(({ address }) => address.actor === 'coordinator').map(({ end }) => end?.reason)[0]).toBe('passivated');
  });

  test('a row that cannot be written is told as a note', async () => {
    const theatre = await stage();
    const own = theatre.own((bus) => ({
      ...bus,
      index: {
        applied: () => bus.index.applied(),
        get: (key) => bus.index.get(key),
        scan: (options) => bus.index.scan(options),
        rebuild: () => bus.index.rebuild(),
        put: () => Promise.reject(new FlockworkError('store_failed', 'the disk coughed')),
      },
    }));
    await paused(theatre, own);
    theatre.clock.advanceBy(2_000);
    await until('it is told', () => theatre.notes.some((note) => note.includes('the disk coughed')));
  });
});
