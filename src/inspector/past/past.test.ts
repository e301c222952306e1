import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { agentKind } from '../../../actors/agent/agent.kind.ts';
import { cellBoundsDefault } from '../../../actors/cell/bounds.ts';
import { Kinds } from '../../../actors/cell/kinds.ts';
import { replayStream } from '../../../actors/cell/replay.ts';
import { journalSubject } from '../../../protocols/subjects.ts';
import { makeGoal } from '../../../scripts/bench/made-goal.ts';
import { coordinatorKind } from '../../../swarm/coordinator/coordinator.kind.ts';
import { type EmbeddedBus, openEmbeddedBus } from '../../bus/embedded/index.ts';
import { pastBounds } from '../bounds.ts';
import type { PastView } from '../protocol.ts';
import { GoalPast, type PastPorts } from './goal-past.ts';
import { PastDesk, Pasts, type PastTold } from './pasts.ts';
import { tableSummary } from './table-summary.ts';

const kinds = new Kinds([agentKind, coordinatorKind] as never);
let folder = '';
let bus: EmbeddedBus;
let ports: PastPorts;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flockwork-past-'));
  bus = await openEmbeddedBus({ folder, projector: { name: 'none', version: 1, project: () => [] }, sync: 'off' });
  ports = { journal: bus.journal, kinds, seenMax: cellBoundsDefault.inboxSeenMax };
});

afterEach(async () => {
  await bus.close();
  await rm(folder, { recursive: true, force: true });
});

const goal = { tenant: 'default', root: 'g-1', parts: 40, agents: 8 };
const plain = (text: string): string => text;

/** The state hash of an actor after its first `n` records, as the replay has it. */
async function replayed(actor: string, n: number): Promise<string> {
  const stream = journalSubject({ tenant: 'default', root: 'g-1', actor });
  const lines = async function* (): AsyncGenerator<string> {
    let left = n;
    for await (const { records } of bus.journal.read(stream)) for (const line of records) if (left-- > 0) yield line;
  };
  return (await replayStream(kinds, stream, lines(), ports.seenMax)).stateHash;
}

describe('a goal looked back at', () => {
  test('is at every record what the replay of the journals has there, whatever segments are kept', async () => {
    const records = await makeGoal(bus.journal, goal);
    for (const bounds of [pastBounds, { ...pastBounds, segmentRecords: 7 }, { ...pastBounds, segmentRecords: 3, snapshotBytesMax: 40_000, foldsMax: 2 }]) {
      const pasts = new Pasts(ports, bounds, plain);
      for (const at of [1, 2, 3, 17, 100, Math.floor(records / 2), records - 1, records]) {
        const view = await pasts.view('default', { root: 'g-1', at, actor: 'coordinator' });
        expect([view.total, view.at]).toEqual([records, at]);
        expect([at, view.actor?.stateHash]).toEqual([at, await replayed('coordinator', view.actor?.n ?? 0)]);
      }
      const agent = await pasts.view('default', { root: 'g-1', at: records, actor: 'agent-t5-1' });
      expect(agent.actor).toMatchObject({
        actor: 'agent-t5-1',
        machine: 'agent',
        state: 'answered',
        stateHash: await replayed('agent-t5-1', agent.actor?.n ?? 0),
      });
    }
  });

  test('keeps a bounded number of snapshots, one for each segment', async () => {
    await makeGoal(bus.journal, goal);
    const roomy = new GoalPast(ports, { ...pastBounds, segmentRecords: 5 }, 'default', 'g-1');
    await roomy.read();
    expect(roomy.held.snapshots).toBeGreaterThan(8);
    const tight = new GoalPast(ports, { ...pastBounds, segmentRecords: 5, snapshotBytesMax: 50_000 }, 'default', 'g-1');
    await tight.read();
    expect(tight.held.bytes).toBeLessThanOrEqual(50_000);
    expect(tight.held.snapshots).toBeGreaterThan(0);
  });

  test('counts every actor by state, and tells the table and the moves of the one that is looked at', async () => {
    const records = await makeGoal(bus.journal, goal);
    const pasts = new Pasts(ports, { ...pastBounds, actorsShownMax: 3 }, plain);
    const first = await pasts.view('default', { root: 'g-1', at: 1 });
    expect(first.counts).toEqual({ 'coordinator.accepted': 1 });
    const last = await pasts.view('default', { root: 'g-1' });
    expect(last.at).toBe(records);
    expect(last.counts).toMatchObject({ 'coordinator.completed': 1, 'agent.answered': last.started - 1 });
    expect(last.actors.length).toBeLessThanOrEqual(5);
    expect(Object.fromEntries(last.actor?.table ?? [])).toMatchObject({ 'tasks running': 0, 'tasks failed': 0 });
    expect(last.actor?.moves.at(0)).toBe('other>goal.accept>accepted');
    expect(last.actor?.last).toMatch(/>completed$/);
    expect(last.actor?.facts.map(([, type]) => type)).toContain('goal.completed');
    expect(last.before?.[0]?.[0]).toBe(records);
    expect(last.density.length).toBeLessThanOrEqual(pastBounds.densityBuckets);
  });

  test('goes on with what is appended meanwhile', async () => {
    const pasts = new Pasts(ports, pastBounds, plain);
    await expect(pasts.view('default', { root: 'g-1' })).rejects.toMatchObject({ code: 'not_found' });
    const making = makeGoal(bus.journal, goal);
    let before = 0;
    const state = { ended: false };
    void making.finally(() => {
      state.ended = true;
    });
    while (!state.ended) {
      const { total } = await pasts.view('default', { root: 'g-1' }).catch(() => ({ total: 0 }));
      expect(total).toBeGreaterThanOrEqual(before);
      before = total;
      await new Promise((resolve) => setImmediate(resolve));
    }
    const view = await pasts.view('default', { root: 'g-1', actor: 'coordinator' });
    expect([view.total, view.actor?.state]).toEqual([await making, 'completed']);
    expect(view.actor?.stateHash).toBe(await replayed('coordinator', view.actor?.n ?? 0));
  });

  test('shows what is read so far when it is long, and the whole of it soon after', async () => {
    const records = await makeGoal(bus.journal, { ...goal, parts: 300 });
    const pasts = new Pasts(ports, { ...pastBounds, answerMs: 5, sliceMs: 1 }, plain);
    const totals: number[] = [];
    for (let whole = false; !whole; ) {
      const view = await pasts.view('default', { root: 'g-1' }).catch((error: unknown) => {
        expect(error).toMatchObject({ code: 'request_timeout' });
        return undefined;
      });
      if (view === undefined) continue;
      totals.push(view.total);
      whole = view.reading !== true;
    }
    expect(totals.at(-1)).toBe(records);
    expect(totals).toEqual([...totals].sort((a, b) => a - b));
    expect(totals.length).toBeGreaterThan(1);
  });

  test('no other tenant, no other root, not too many records', async () => {
    await makeGoal(bus.journal, goal);
    const pasts = new Pasts(ports, pastBounds, plain);
    await expect(pasts.view('other', { root: 'g-1' })).rejects.toMatchObject({ code: 'not_found' });
    await expect(pasts.view('default', { root: '*' })).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(pasts.view('default', { root: 'g-1.>' })).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(new Pasts(ports, { ...pastBounds, recordsMax: 10 }, plain).view('default', { root: 'g-1' })).rejects.toMatchObject({
      code: 'too_many_requests',
    });
  });

  test('an actor of a machine that is not here is named, and the others are shown', async () => {
    await makeGoal(bus.journal, goal);
    const pasts = new Pasts({ ...ports, kinds: new Kinds([coordinatorKind] as never) }, pastBounds, plain);
    const view = await pasts.view('default', { root: 'g-1', actor: 'agent-t0-1' });
    expect(view.actor).toMatchObject({ actor: 'agent-t0-1', state: 'machine_unknown' });
    expect(view.counts).toMatchObject({ 'coordinator.completed': 1 });
  });
});

test('one question at a time is answered, and of those that came meanwhile the newest', async () => {
  const asked: (number | undefined)[] = [];
  const told: PastTold[] = [];
  const free: (() => void)[] = [];
  const desk = new PastDesk(
    async ({ root, at }) => {
      asked.push(at);
      await new Promise<void>((resolve) => free.push(resolve));
      return { type: 'past', root, at: at ?? 0 } as PastView;
    },
    (one) => told.push(one),
  );
  for (let at = 1; at <= 50; at++) desk.ask({ root: 'g-1', at });
  while (told.length < 2) {
    free.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(asked).toEqual([1, 50]);
});

test('of a table only sizes and sums go out', () => {
  const table = {
    task: 't1',
    attempt: 1,
    ticks: 2,
    transcript: [{ role: 'user', text: 'a secret prompt' }],
    round: [],
    usage: {},
    answer: { text: 'a secret answer' },
  };
  expect(JSON.stringify(tableSummary('agent', table))).not.toContain('secret');
  expect(tableSummary('other', table)).toEqual([]);
});
