import { beforeAll, describe, expect, test } from 'vitest';
import { runUnderFault } from './fault-run.ts';
import { expectPromisesKept } from './promises.ts';
import { singleScript } from './scripts.ts';

const submission = { goal: 'count what there is', strategy: 'single' as const };

/** Where a node can die while it runs one agent, and how often each place is crossed at least. */
const points: Readonly<Record<string, number>> = {
  'append.before:goal.accept': 1,
  'append.after:goal.accept': 1,
  'append.before:cell.opened': 1,
  'append.after:cell.opened': 1,
  'task.push.before': 1,
  'task.push.after': 1,
  'task.claim': 1,
  'append.before:agent.assign': 1,
  'append.after:agent.assign': 1,
  'model.start': 3,
  'model.answered': 3,
  'append.before:model.replied': 3,
  'append.after:model.replied': 3,
  'tool.start:counter.read': 3,
  'tool.answered:counter.read': 3,
  'append.before:tool.started': 1,
  'append.after:tool.started': 1,
  'tool.start:counter.add': 1,
  'tool.answered:counter.add': 1,
  'append.before:tool.completed': 4,
  'append.after:tool.completed': 4,
  'inbox.push.before': 1,
  'inbox.push.after': 1,
  'inbox.claim': 1,
  'append.before:goal.note': 1,
  'append.after:goal.note': 1,
  'inbox.ack.before': 1,
  'inbox.ack.after': 1,
  'append.before:task.ended': 1,
  'append.after:task.ended': 1,
  'task.ack.before': 1,
  'task.ack.after': 1,
};

/** Points that a run need not cross: the message may come after the agent's end. */
const perhaps = new Set(['append.before:message.stored', 'append.after:message.stored', 'append.before:agent.note', 'append.after:agent.note']);

const all = Object.entries(points).flatMap(([point, times]) => Array.from({ length: times }, (_, index) => ({ point, nth: index + 1 })));
/** `--faults a,b` of the mutant run: only these points. */
const only = process.env['FLOCKWORK_TEST_POINTS']?.split(',');
const chosen = only === undefined ? all : all.filter(({ point }) => only.includes(point));

describe('one agent, killed with kill -9', () => {
  let crossed: readonly string[] = [];
  beforeAll(async () => {
    if (only !== undefined) return;
    const run = await runUnderFault({ submission, script: singleScript, crossings: true, message: true });
    expectPromisesKept(run, 1);
    crossed = run.crossed;
  }, 60_000);

  test.skipIf(only !== undefined)('every place where a node can die is in the list', () => {
    const unlisted = crossed.filter((point) => points[point] === undefined && !perhaps.has(point));
    expect(unlisted).toEqual([]);
    for (const [point, times] of Object.entries(points)) expect(crossed.filter((one) => one === point).length, point).toBeGreaterThanOrEqual(times);
  });

  test.concurrent.each(chosen)(
    'at $point, time $nth',
    async (kill) => {
      const run = await runUnderFault({ submission, script: singleScript, kill, message: true });
      expect(run.kills, 'the fault point was crossed').toBe(1);
      // Two safe tools run at once; one model call or one unsafe tool at a time.
      expectPromisesKept(run, 1);
    },
    60_000,
  );
});
