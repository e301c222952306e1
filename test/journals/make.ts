/**
 * Writes the journals of this record version, once: `node test/journals/make.ts`. They are committed and never made again for
 * the same version: whatever this release becomes, it must still fold them to the states that are recorded beside them.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { replayStream } from '../../actors/cell/replay.ts';
import { type GoalSubmission, isEnded } from '../../protocols/goals/goal.ts';
import { recordVersion } from '../../protocols/journal/version.ts';
import { journalPattern, parseJournalSubject } from '../../protocols/subjects.ts';
import { tools } from '../histories/agent.ts';
import { scripted } from '../histories/scripted.ts';
import { bounds, kinds, openWorld, type World } from '../histories/world.ts';
import type { RecordedJournal } from './recorded.ts';

const items = (count: number): GoalSubmission['inputs'] => [{ kind: 'items', items: Array.from({ length: count }, (_, index) => `item ${index}`) }];

/** Lives worth keeping: each meets other inputs, facts and ends. */
const lives: readonly {
  readonly name: string;
  readonly seed: number;
  readonly submission: GoalSubmission;
  readonly meet?: (world: World, id: string) => Promise<World | undefined>;
}[] = [
  { name: 'single', seed: 11, submission: { goal: 'look at it', strategy: 'single', quota: { maxTicks: 8 } } },
  { name: 'map-reduce', seed: 12, submission: { goal: 'look at all', strategy: { type: 'map-reduce', onFailure: 'partial' }, agents: 4, inputs: items(10) } },
  { name: 'failed', seed: 13, submission: { goal: 'look at it', strategy: 'single', quota: { maxTicks: 1 } } },
  {
    name: 'cancelled',
    seed: 14,
    submission: { goal: 'look at all', strategy: 'map-reduce', agents: 2, inputs: items(6) },
    meet: (world, id) =>
      world.goals
        .sendMessage('acme', id, 'stop soon')
        .then(() => world.goals.cancel('acme', id))
        .then(() => undefined),
  },
  { name: 'paused', seed: 15, submission: { goal: 'look at it', strategy: 'single', quota: { maxTokens: 20 } } },
  {
    name: 'pipeline',
    seed: 16,
    submission: {
      goal: 'look at all',
      strategy: {
        type: 'pipeline',
        stages: [
          { name: 'find', prompt: 'find' },
          { name: 'judge', prompt: 'judge' },
        ],
      },
      agents: 2,
      inputs: items(3),
    },
  },
  { name: 'consensus', seed: 17, submission: { goal: 'agree', strategy: { type: 'consensus', quorum: 'majority', noQuorum: 'leader', rounds: 1 }, agents: 3 } },
];

async function* each(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}

async function record({ name, seed, submission, meet }: (typeof lives)[number], target: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'flockwork-journals-'));
  const outside = scripted(seed, { modelRetryable: 0.1, modelForGood: 0, modelHangs: 0, toolFails: 0.2, latencyMsMax: 4 });
  const open = (): Promise<World> => openWorld({ folder, outside, tools, agents: 3, note: () => undefined, speed: 50 });
  let world = await open();
  const { id } = await world.goals.submit('acme', submission);
  await meet?.(world, id);
  for (let turn = 0; ; turn++) {
    const goal = await world.goals.get('acme', id);
    if (isEnded(goal.status)) break;
    if (goal.status === 'paused') await world.goals.resume('acme', id, { maxTokens: 100_000 });
    // Every life meets a takeover.
    if (turn === 4) {
      await world.close();
      world = await open();
    }
    await pause(5);
  }
  await pause(300);
  const streams = new Map<string, string[]>();
  for await (const { stream, records } of world.bus.journal.read(journalPattern)) streams.set(stream, [...(streams.get(stream) ?? []), ...records]);
  await world.close();
  rmSync(folder, { recursive: true, maxRetries: 10 });
  for (const [stream, lines] of streams) {
    const { machine, records, facts, state, stateHash } = await replayStream(kinds, stream, each(lines), bounds.inboxSeenMax);
    const header: RecordedJournal = { stream, machine, records, facts, state, stateHash };
    writeFileSync(join(target, `${name}.${parseJournalSubject(stream)?.actor}.ndjson`), `${JSON.stringify(header)}\n${lines.join('\n')}\n`);
  }
}

const target = join(import.meta.dirname, `v${recordVersion}`);
if (existsSync(target) && readdirSync(target).length > 0) throw new Error(`${target} has journals already: those of a version are written once`);
mkdirSync(target, { recursive: true });
for (const life of lives) await record(life, target);
process.stdout.write(`${readdirSync(target).length} journals in ${target}\n`);
process.exit(0);
