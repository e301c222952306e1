import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Fixture, startFixture } from '../../test/integration/gateway/fixture.ts';
import { type BenchResult, resultOf } from './result.ts';
import type { WatchOrder } from './watchers.ts';

const watchers = 500;
const actors = 100_000;
/** Actors of each goal; each watcher has a goal of its own, so that no two share what is read. */
const actorsPerGoal = actors / watchers;
const rounds = 3;
/** How long the store is left alone for the yardstick, ms. */
const restMs = 2_000;
/** Between two appends, ms. */
const publishEveryMs = 1;
/** What the issue demands of an append meanwhile, ms. */
const publishMsMax = 50;

interface Published {
  readonly p99: number;
  readonly worst: number;
  readonly count: number;
}

/** How long an append takes while 500 watchers open at once on a store of 100,000 actors, each a goal of its own, and all of them one goal. */
export async function watchOpening(): Promise<BenchResult[]> {
  const fixture = await startFixture();
  try {
    const goalIds = await fill(fixture);
    const atRest = await published(fixture, () => pause(restMs));
    const apart: Published[] = [];
    const together: Published[] = [];
    for (let round = 0; round < rounds; round++) {
      apart.push(await published(fixture, () => watched(fixture, goalIds)));
      const [one = ''] = goalIds;
      together.push(
        await published(fixture, () =>
          watched(
            fixture,
            Array.from({ length: watchers }, () => one),
          ),
        ),
      );
    }
    return [
      figure(`${watchers} watchers opening at once, each a goal of ${actorsPerGoal} actors`, apart, atRest),
      figure(`${watchers} watchers opening one such goal at once`, together, atRest),
    ];
  } finally {
    await fixture.stop();
  }
}

function figure(name: string, runs: readonly Published[], atRest: Published): BenchResult {
  return resultOf({
    name: `an append beside ${name}, p99`,
    figure: Math.max(...runs.map(({ p99 }) => p99)),
    unit: 'ms',
    demand: publishMsMax,
    yardstick: { what: 'an append to the same store with nobody watching, p99', figure: atRest.p99 },
    runs: rounds,
    note: `a store of ${actors} actors; the slowest round of ${rounds}; ${Math.max(...runs.map(({ worst }) => worst)).toFixed(0)} ms the worst append, ${runs.reduce((sum, { count }) => sum + count, 0)} appends`,
  });
}

async function fill({ host, writer }: Fixture): Promise<string[]> {
  const goalIds: string[] = [];
  for (let goal = 0; goal < watchers; goal++) {
    const { id } = await host.submit('default', { goal: `goal ${goal}` });
    goalIds.push(id);
    await Promise.all(
      Array.from({ length: actorsPerGoal }, (_, at) =>
        writer.write(id, `agent-t${at}-1`, [['task.started', { at }]], [['model.replied', { text: 'bees dance, ants farm. '.repeat(10) }]]),
      ),
    );
  }
  return goalIds;
}

/** Clients in a process of their own watch the goals, one each, until every one of them has seen the first events of its goal. */
async function watched({ gateway }: Fixture, goalIds: readonly string[]): Promise<void> {
  const child = fork(join(import.meta.dirname, 'watchers.ts'), [], { execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const watching = once(child, 'message');
  child.send({ url: gateway.wsUrl, count: goalIds.length, goalIds, messages: actorsPerGoal * 2 } satisfies WatchOrder);
  await watching;
  const gone = once(child, 'exit');
  child.disconnect();
  await gone;
}

async function published({ writer }: Fixture, meanwhile: () => Promise<void>): Promise<Published> {
  const tookMs: number[] = [];
  const done = meanwhile().then(() => true);
  for (;;) {
    const began = performance.now();
    await writer.write('published', 'coordinator', [['task.created', {}]]);
    tookMs.push(performance.now() - began);
    if (await Promise.race([done, pause(publishEveryMs, false)])) break;
  }
  const sorted = tookMs.sort((a, b) => a - b);
  return {
    p99: sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))] ?? Number.NaN,
    worst: sorted.at(-1) ?? Number.NaN,
    count: sorted.length,
  };
}
