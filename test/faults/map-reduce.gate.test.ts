import { describe, expect, test } from 'vitest';
import { runUnderFault } from './fault-run.ts';
import { expectPromisesKept } from './promises.ts';
import { mapScript, random, seed } from './scripts.ts';

const agents = 4;
const submission = {
  goal: 'count every item',
  strategy: 'map-reduce' as const,
  agents,
  inputs: [{ kind: 'items' as const, items: Array.from({ length: 30 }, (_, index) => `item ${index}`) }],
};

/** Fifty crossings spread over the run: each kind of point, early and late. */
const points: readonly (readonly [string, readonly number[]])[] = [
  ['append.before:agent.assign', [1, 17, 30]],
  ['append.after:agent.assign', [2, 18, 33]],
  ['append.before:model.replied', [1, 20, 45, 60]],
  ['append.after:model.replied', [3, 25, 50]],
  ['append.before:tool.started', [1, 15, 30]],
  ['append.after:tool.started', [2, 16, 29]],
  ['append.before:tool.completed', [5, 31, 55]],
  ['append.after:tool.completed', [6, 32, 56]],
  ['append.before:task.ended', [1, 12, 26, 31]],
  ['append.after:task.ended', [2, 13, 27, 32]],
  ['tool.start:counter.add', [4, 19, 28]],
  ['tool.answered:counter.add', [5, 20, 27]],
  ['model.answered', [7, 41, 59]],
  ['task.push.before', [2, 22]],
  ['task.push.after', [3, 31]],
  ['task.ack.before', [8, 24]],
  ['task.ack.after', [9, 25]],
];
const kills = points.flatMap(([point, times]) => times.map((nth) => ({ point, nth })));

/** Moments after the goal was submitted, by a seeded generator (mulberry32): printed, so that a failing one can be run again. */
const moments = Array.from({ length: 50 }, (_, index) => Math.floor(random(seed + index) * 900));

describe('thirty tasks over four agents, killed with kill -9', () => {
  test('there are fifty fault points', () => expect(kills.length).toBe(50));

  test.concurrent.each(kills)(
    'at $point, time $nth',
    async (kill) => {
      const run = await runUnderFault({ submission, script: mapScript, kill });
      expect(run.kills, 'the fault point was crossed').toBe(1);
      expect(run.goal.tasks.completed).toBe(run.goal.tasks.total);
      expectPromisesKept(run, agents);
    },
    120_000,
  );

  test.concurrent.each(moments.map((ms, index) => ({ ms, index, seed })))(
    'after $ms ms (seed $seed, number $index)',
    async ({ ms }) => {
      const run = await runUnderFault({ submission, script: mapScript, killAfterMs: [ms] });
      expectPromisesKept(run, agents);
    },
    120_000,
  );
});
