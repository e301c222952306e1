import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { failureOf } from '../../protocols/errors/error.ts';
import { type PlanState, plan } from './plan.ts';
import type { ChosenStrategy, NewTask } from './strategy.ts';

type Options = Extract<ChosenStrategy, { type: 'plan' }>;
type Tasks = Options['tasks'];

const task = (name: string, ...after: string[]): Tasks[number] => ({ name, prompt: `do ${name}`, ...(after.length === 0 ? {} : { after }) });
const begin = (tasks: Tasks, more: Partial<Options> = {}, agents = 3): PlanState => plan.begin({ options: { type: 'plan', tasks, ...more }, parts: 1, agents });

/** Every task that may start now. */
function startable(state: PlanState): NewTask[] {
  const tasks: NewTask[] = [];
  for (let next = plan.next(state); next !== undefined; next = plan.next(state)) tasks.push(next);
  return tasks;
}

const names = (tasks: readonly NewTask[]): (string | undefined)[] => tasks.map(({ name }) => name);

describe('a plan', () => {
  test('a task starts when all it is after have completed, and is given what came of them', () => {
    const state = begin([task('end', 'left', 'right'), task('left', 'start'), task('right', 'start'), task('start')]);
    expect(startable(state)).toEqual([{ role: 'step', name: 'start', part: 0, place: [3] }]);
    plan.completed(state, [3], { task: 0, text: '' });
    expect(startable(state)).toEqual([
      { role: 'step', name: 'left', merges: [0], follows: 0, place: [1] },
      { role: 'step', name: 'right', merges: [0], follows: 0, place: [2] },
    ]);
    plan.completed(state, [2], { task: 2, text: '' });
    expect(startable(state)).toEqual([]);
    plan.completed(state, [1], { task: 1, text: '' });
    // Several workspaces cannot be one: this task begins with the files of the goal.
    expect(startable(state)).toEqual([{ role: 'step', name: 'end', merges: [1, 2], place: [0] }]);
    expect(plan.brief?.(state, [0], 'the goal')).toEqual({
      prompt: 'do end\n\nThis is the task end, one of 4 of a plan for this goal: the goal\n\nYour material is what came of left, right.',
      mergeNames: ['result of left', 'result of right'],
    });
    expect(plan.end(state)).toBeUndefined();
    plan.completed(state, [0], { task: 3, text: '' });
    expect(plan.end(state)).toEqual({ result: 3, partial: 0 });
    expect(plan.expected(state)).toBe(4);
  });

  test('several sinks are joined in the order of the plan', () => {
    const state = begin([task('b'), task('a'), task('c', 'b')]);
    expect(names(startable(state))).toEqual(['b', 'a']);
    plan.completed(state, [1], { task: 1, text: '' });
    plan.completed(state, [0], { task: 0, text: '' });
    startable(state);
    plan.completed(state, [2], { task: 2, text: '' });
    expect(plan.end(state)).toEqual({ joined: [1, 2], partial: 0 });
  });

  test('concurrency bounds the tasks at work', () => {
    const state = begin([task('a'), task('b'), task('c')], { concurrency: 2 }, 8);
    expect(names(startable(state))).toEqual(['a', 'b']);
    plan.completed(state, [0], { task: 0, text: '' });
    expect(names(startable(state))).toEqual(['c']);
  });

  test('a failed task ends the goal, or leaves out all that need it and names them', () => {
    const tasks = [task('a'), task('b', 'a'), task('c', 'b'), task('d'), task('e', 'd', 'c')];
    const strict = begin(tasks);
    startable(strict);
    plan.failed(strict, [0], 0);
    expect([plan.end(strict), plan.next(strict)]).toEqual([{ failed: 0 }, undefined]);
    const lenient = begin(tasks, { onFailure: 'partial' });
    startable(lenient);
    expect(plan.failed(lenient, [0], 0)).toEqual([
      { type: 'task.skipped', data: { name: 'b', after: 'a', failed: 't0' } },
      { type: 'task.skipped', data: { name: 'c', after: 'b', failed: 't0' } },
      { type: 'task.skipped', data: { name: 'e', after: 'c', failed: 't0' } },
    ]);
    expect([plan.end(lenient), plan.expected(lenient)]).toEqual([undefined, 2]);
    plan.completed(lenient, [3], { task: 1, text: '' });
    expect(plan.end(lenient)).toEqual({ result: 1, partial: 4 });
  });

  test('with nothing left there is no result', () => {
    const state = begin([task('a'), task('b', 'a')], { onFailure: 'partial' });
    startable(state);
    plan.failed(state, [0], 0);
    expect(plan.end(state)).toEqual({ failed: -1 });
  });

  test('a task ends once', () => {
    const state = begin([task('a'), task('b', 'a')]);
    startable(state);
    plan.completed(state, [0], { task: 0, text: '' });
    expect(() => plan.completed(state, [0], { task: 0, text: '' })).toThrow('the task a of the plan is not at work');
  });

  test.each([
    [[], 'a plan needs at least one task'],
    [[task('a'), task('a')], "two tasks of the plan are called 'a'"],
    [[task('a', 'z')], "the task 'a' is after 'z', which the plan does not have"],
    [[task('a', 'a')], 'the tasks a of the plan wait for each other in a circle'],
    [[task('free'), task('a', 'free', 'c'), task('b', 'a'), task('c', 'b'), task('last', 'c')], 'the tasks a, b, c of the plan wait'],
  ])('%j is refused', (tasks, message) => {
    const failure = (() => {
      try {
        return begin(tasks);
      } catch (error) {
        return failureOf(error);
      }
    })();
    expect(failure).toMatchObject({ code: 'strategy_invalid', message: expect.stringContaining(message) });
  });

  test('whatever the dependencies and the order of ends, every task runs once and after all that it needs', () => {
    const shape = fc
      .integer({ min: 1, max: 9 })
      .chain((size) =>
        fc.tuple(
          fc.array(fc.array(fc.boolean(), { minLength: size, maxLength: size }), { minLength: size, maxLength: size }),
          fc.array(fc.nat(), { minLength: size, maxLength: size }),
          fc.integer({ min: 1, max: 4 }),
        ),
      );
    fc.assert(
      fc.property(shape, ([edges, ends, concurrency]) => {
        const tasks = edges.map((row, at) => task(`n${at}`, ...row.flatMap((edge, before) => (edge && before < at ? [`n${before}`] : []))));
        const state = begin(tasks, { concurrency });
        const done = new Set<string>();
        const working: NewTask[] = [];
        let made = 0;
        for (const end of ends) {
          for (const next of startable(state)) {
            made += 1;
            for (const before of tasks[next.place[0] ?? 0]?.after ?? []) expect(done.has(before)).toBe(true);
            working.push(next);
          }
          expect(working.length).toBeGreaterThan(0);
          expect(working.length).toBeLessThanOrEqual(concurrency);
          const [ended] = working.splice(end % working.length, 1);
          plan.completed(state, ended?.place ?? [], { task: made, text: '' });
          done.add(ended?.name ?? '');
        }
        expect([made, done.size, working.length]).toEqual([tasks.length, tasks.length, 0]);
        expect(plan.end(state)).toBeDefined();
      }),
    );
  });
});
