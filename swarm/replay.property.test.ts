import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Cell } from '../actors/cell/cell.ts';
import { loadFold } from '../actors/cell/load.ts';
import { replayStream } from '../actors/cell/replay.ts';
import type { Journal } from '../actors/ports/journal.ts';
import { failureOf } from '../protocols/errors/error.ts';
import { type GoalSubmission, isEnded, type QuotaOptions } from '../protocols/goals/goal.ts';
import { journalPattern, parseJournalSubject } from '../protocols/subjects.ts';
import { tools } from '../test/histories/agent.ts';
import { Chance } from '../test/histories/random.ts';
import { scripted } from '../test/histories/scripted.ts';
import { bounds, kinds, openWorld, type World } from '../test/histories/world.ts';

const runs = 64;
const seed = Number(process.env['FLOCKWORK_TEST_SEED'] ?? 20_261_121);
/** How long a run may take before it counts as stuck, and how often the process may die in it. */
const runMsMax = 12_000;
const killsMax = 3;
const speed = 60;

/** What the runs met, so that nobody takes 64 quiet runs for a proof. */
const met = new Map<string, number>();
const meet = (what: string, times = 1): void => void met.set(what, (met.get(what) ?? 0) + times);

/** Every journal of the store, its lines in order. */
async function streamsOf(journal: Journal): Promise<Map<string, string[]>> {
  const streams = new Map<string, string[]>();
  for await (const { stream, records } of journal.read(journalPattern)) streams.set(stream, [...(streams.get(stream) ?? []), ...records]);
  return streams;
}

async function* each(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}

const replay = (stream: string, lines: readonly string[]) => replayStream(kinds, stream, each(lines), bounds.inboxSeenMax);

/** A goal of random shape: one agent or many, generous or tight. */
function submissionOf(chance: Chance): GoalSubmission {
  const quota: QuotaOptions = {
    maxTicks: 3 + chance.below(8),
    maxTokens: chance.of(0.25) ? 3_000 : 500_000,
    maxToolCalls: chance.of(0.2) ? 6 : 500,
    maxSeconds: chance.of(0.15) ? 3 : 3_600,
    maxCostUsd: chance.of(0.15) ? 0.002 : 5,
  };
  const agents = 1 + chance.below(5);
  if (chance.of(0.35)) return { goal: 'look at it', strategy: 'single', agents, quota };
  const items = Array.from({ length: 2 + chance.below(9) }, (_, index) => `item ${index}`);
  return {
    goal: 'look at all',
    strategy: { type: 'map-reduce', onFailure: chance.of(0.7) ? 'partial' : 'fail' },
    agents,
    quota,
    inputs: [{ kind: 'items', items }],
  };
}

interface Ran {
  readonly status: string;
  readonly kills: number;
  readonly world: World;
  readonly id: string;
}

/** Drives one goal to its end: resumes it when it pauses, talks to it, cancels it, kills the process, at random moments. */
async function drive(chance: Chance, open: () => Promise<World>): Promise<Ran> {
  let world = await open();
  const { id } = await world.goals.submit('acme', submissionOf(chance));
  let kills = 0;
  const refusals = new Set(['goal_ended', 'goal_not_paused']);
  const tell = async (telling: Promise<unknown>): Promise<void> => {
    await telling.catch((error: unknown) => {
      // Whoever acts at a random moment may come too late.
      if (!refusals.has(failureOf(error).code)) throw error;
    });
  };
  for (const began = performance.now(); ; ) {
    const goal = await world.goals.get('acme', id);
    if (isEnded(goal.status)) return { status: goal.status, kills, world, id };
    if (performance.now() - began > runMsMax) throw new Error(`goal ${id} is still ${goal.status} after ${runMsMax} ms`);
    if (goal.status === 'paused') await tell(world.goals.resume('acme', id, { maxTokens: 1_000_000, maxToolCalls: 1_000, maxSeconds: 86_400, maxCostUsd: 50 }));
    else if (chance.of(0.02)) await tell(world.goals.cancel('acme', id));
    else if (chance.of(0.05)) await tell(world.goals.sendMessage('acme', id, 'look twice'));
    else if (kills < killsMax && chance.of(0.07)) {
      kills += 1;
      await world.close();
      world = await open();
    }
    await pause(chance.below(8));
  }
}

/** Every agent has ended, the coordinator has taken what they told, and nothing more comes: the journals as they stand then. */
async function atRest({ bus, cells }: World): Promise<Map<string, string[]>> {
  const resting = (cell: Cell): boolean => cell.end !== undefined || (cell.idle && cell.ended);
  let before = -1;
  for (const began = performance.now(); performance.now() - began < runMsMax; await pause(10)) {
    const streams = await streamsOf(bus.journal);
    const total = [...streams.values()].reduce((sum, lines) => sum + lines.length, 0);
    if (total === before && [...cells.values()].every(resting)) return streams;
    before = total;
  }
  throw new Error(
    `the swarm does not come to rest: ${[...cells.values()]
      .filter((cell) => !resting(cell))
      .map(({ stream, state }) => `${stream} ${state}`)
      .join(', ')}`,
  );
}

describe(`${runs} random runs of whole goals (FLOCKWORK_TEST_SEED=${seed})`, () => {
  test.each(Array.from({ length: runs }, (_, run) => ({ run, seed: seed + run })))(
    'run $run, seed $seed: REPLAY reaches the state of LIVE byte for byte, and a flipped byte is named',
    async (one) => {
      const chance = new Chance(one.seed);
      const outside = scripted(one.seed, {
        modelRetryable: chance.share() * 0.25,
        modelForGood: chance.share() * 0.05,
        modelHangs: chance.share() * 0.05,
        toolFails: chance.share() * 0.4,
        latencyMsMax: 6,
      });
      const folder = await mkdtemp(join(tmpdir(), 'flockwork-replay-'));
      const notes: string[] = [];
      const { status, kills, world, id } = await drive(chance, () => openWorld({ folder, outside, tools, agents: 3, note: (line) => notes.push(line), speed }));
      try {
        const streams = await atRest(world);
        const where = `seed ${one.seed}, goal ${id} ${status}, ${kills} kills\n${notes.join('\n')}`;
        let compared = 0;
        for (const [name, lines] of streams) {
          const again = await replay(name, lines);
          const live = world.cells.get(name);
          // A cell that was stopped in the middle of an append may be a step ahead of its journal.
          if (live !== undefined && live.n === lines.length) {
            expect(live.canonical(), `${name}\n${where}`).toBe(again.canonical);
            compared += 1;
          }
          const { fold } = await loadFold(world.bus, kinds, name, bounds.inboxSeenMax);
          expect(fold?.canonical(), `snapshot and tail of ${name}\n${where}`).toBe(again.canonical);
          const { actor } = parseJournalSubject(name) ?? { actor: '' };
          const ledger = (JSON.parse(again.canonical) as { table: { ledger?: { spent: object } } }).table.ledger;
          if (actor === 'coordinator') expect(ledger?.spent, where).toBeDefined();
        }
        if (kills === 0) expect(compared, where).toBe(streams.size);
        meet(`goal ${status}`);
        meet('kill', kills);
        for (const line of [...streams.values()].flat()) for (const [, what = ''] of line.matchAll(/"(?:type|code)":"([a-z_.]+)"/g)) meet(what);
        for (const [key, times] of outside.unsafe) expect(times, `${key} was begun ${times} times\n${where}`).toBe(1);

        const [name, lines] = chance.pick([...streams]);
        const n = chance.below(lines.length);
        const bytes = Buffer.from(lines[n] ?? '');
        const at = chance.below(bytes.length);
        const flipped = lines.with(n, bytes.fill((bytes[at] ?? 0) ^ (1 << chance.below(8)), at, at + 1).toString('utf8'));
        const failure = await replay(name, flipped).then(
          () => undefined,
          (error: unknown) => failureOf(error),
        );
        expect([failure?.code, failure?.details?.['n'], failure?.details?.['stream']], where).toEqual(['journal_corrupt', n + 1, name]);
      } finally {
        await world.close();
        await rm(folder, { recursive: true, maxRetries: 10 });
      }
    },
    30_000,
  );

  test('the runs met what they are made for', () => {
    const wanted = [
      'goal completed',
      'goal failed',
      'goal cancelled',
      'kill',
      'goal.paused',
      'goal.resumed',
      'task.retried',
      'task.superseded',
      'model.discarded',
      'model_timeout',
      'tool_failed',
      'tool.started',
      'outcome_unknown',
      'quota.exceeded',
      'quota.warned',
      'budget.granted',
      'budget.refused',
      'cell.opened',
      'agent.note',
      'agent.cancel',
      'ticks_exhausted',
    ];
    expect(wanted.filter((what) => (met.get(what) ?? 0) === 0)).toEqual([]);
  });
});
