import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type MapReduceState, mapReduce } from './map-reduce.ts';
import { single } from './single.ts';
import type { NewTask, StrategyEnd } from './strategy.ts';

interface Run {
  readonly tasks: readonly NewTask[];
  readonly failed: ReadonlySet<number>;
  readonly end: StrategyEnd | undefined;
  readonly expectedAtStart: number;
  readonly expectedAtEnd: number;
}

const begin = (parts: number, fanIn: number, onFailure: 'fail' | 'partial' = 'fail'): MapReduceState =>
  mapReduce.begin({ options: { type: 'map-reduce', fanIn, onFailure }, parts, agents: 3 });

/** Runs a strategy to its end: `order` says which of the running tasks ends next, `fate` whether it fails. */
function runAll(state: MapReduceState, width: number, order: (running: number) => number, fate: () => boolean): Run {
  const tasks: NewTask[] = [];
  const failed = new Set<number>();
  const running: number[] = [];
  const expectedAtStart = mapReduce.expected(state);
  for (;;) {
    while (running.length < width && mapReduce.end(state) === undefined) {
      const next = mapReduce.next(state);
      if (next === undefined) break;
      running.push(tasks.length);
      tasks.push(next);
      expect(mapReduce.expected(state)).toBeGreaterThanOrEqual(tasks.length);
    }
    const end = mapReduce.end(state);
    const [task] = running.splice(order(running.length), 1);
    if (end !== undefined || task === undefined) return { tasks, failed, end, expectedAtStart, expectedAtEnd: mapReduce.expected(state) };
    const { place } = tasks[task] ?? { place: [] };
    if (fate()) {
      failed.add(task);
      mapReduce.failed(state, place, task);
    } else {
      mapReduce.completed(state, place, { task, text: '' });
    }
  }
}

/** The maps whose results are in the result of a task. */
function mapsIn(tasks: readonly NewTask[], task: number): number[] {
  const one = tasks[task];
  if (one?.role === 'map') return [one.part ?? -1];
  return (one?.merges ?? []).flatMap((merged) => mapsIn(tasks, merged));
}

const shape = {
  parts: fc.integer({ min: 1, max: 70 }),
  fanIn: fc.integer({ min: 2, max: 9 }),
  width: fc.integer({ min: 1, max: 9 }),
  picks: fc.infiniteStream(fc.nat(1_000)),
};
const picking = (picks: Iterator<number>) => (running: number) => (running === 0 ? 0 : (picks.next().value as number) % running);

describe('map-reduce', () => {
  test('in any order of completion it ends, each part is mapped once, and each result is in the end exactly once', () => {
    fc.assert(
      fc.property(shape.parts, shape.fanIn, shape.width, shape.picks, (parts, fanIn, width, picks) => {
        const run = runAll(begin(parts, fanIn), width, picking(picks), () => false);
        expect(run.end).toEqual({ result: run.tasks.length - 1, partial: 0 });
        const mapped = run.tasks.flatMap(({ role, part }) => (role === 'map' ? [part] : []));
        expect(mapped).toEqual(Array.from({ length: parts }, (_, part) => part));
        expect(mapsIn(run.tasks, run.tasks.length - 1).toSorted((a, b) => a - b)).toEqual(mapped);
        for (const { merges = [], role } of run.tasks) if (role === 'reduce') expect(merges.length).toBeGreaterThan(1);
        for (const { merges = [] } of run.tasks) expect(merges.length).toBeLessThanOrEqual(fanIn);
      }),
      { numRuns: 200 },
    );
  });

  test('expected() is exactly the number of tasks when nothing fails', () => {
    fc.assert(
      fc.property(shape.parts, shape.fanIn, (parts, fanIn) => {
        const run = runAll(
          begin(parts, fanIn),
          4,
          () => 0,
          () => false,
        );
        expect([run.expectedAtStart, run.expectedAtEnd]).toEqual([run.tasks.length, run.tasks.length]);
      }),
      { numRuns: 200 },
    );
  });

  test('with partial results it always ends; what survived is merged exactly once, what was lost is counted', () => {
    fc.assert(
      fc.property(shape.parts, shape.fanIn, shape.width, shape.picks, fc.integer({ min: 0, max: 10 }), (parts, fanIn, width, picks, misfortune) => {
        const run = runAll(begin(parts, fanIn, 'partial'), width, picking(picks), () => picks.next().value % 10 < misfortune);
        const { end } = run;
        expect(run.tasks.filter(({ role }) => role === 'map').length).toBe(parts);
        expect(run.expectedAtEnd).toBe(run.tasks.length);
        const merged = run.tasks.flatMap(({ merges = [] }) => merges);
        expect(new Set(merged).size).toBe(merged.length);
        expect(merged.some((task) => run.failed.has(task))).toBe(false);
        if (end === undefined || !('result' in end)) {
          expect(end).toEqual({ failed: -1 });
          return;
        }
        expect(end.partial).toBe(run.failed.size);
        // Every task that completed and is not the result was merged, unless the merge itself was lost.
        const used = new Set([...merged, end.result]);
        for (let task = 0; task < run.tasks.length; task++) expect(used.has(task) || run.failed.has(task)).toBe(true);
        const inside = mapsIn(run.tasks, end.result);
        expect(new Set(inside).size).toBe(inside.length);
      }),
      { numRuns: 300 },
    );
  });

  test('under onFailure fail the first failure is the end, and names its task', () => {
    fc.assert(
      fc.property(shape.parts, shape.fanIn, shape.width, shape.picks, fc.nat(80), (parts, fanIn, width, picks, unlucky) => {
        let ended = 0;
        const run = runAll(begin(parts, fanIn), width, picking(picks), () => ended++ === unlucky);
        const [first] = run.failed;
        expect(run.end).toEqual(first === undefined ? { result: run.tasks.length - 1, partial: 0 } : { failed: first });
      }),
      { numRuns: 200 },
    );
  });

  test('a merge starts as soon as its own children have ended', () => {
    const state = begin(8, 4);
    for (let part = 0; part < 8; part++) mapReduce.next(state);
    for (const part of [4, 5, 6, 7]) mapReduce.completed(state, [0, part], { task: part, text: '' });
    expect(mapReduce.next(state)).toMatchObject({ role: 'reduce', merges: [4, 5, 6, 7] });
    expect(mapReduce.next(state)).toBeUndefined();
  });

  test('the one survivor of its siblings goes up by itself', () => {
    const state = begin(2, 2, 'partial');
    mapReduce.next(state);
    mapReduce.next(state);
    mapReduce.failed(state, [0, 0], 0);
    mapReduce.completed(state, [0, 1], { task: 1, text: '' });
    expect(mapReduce.end(state)).toEqual({ result: 1, partial: 1 });
  });

  test('its state is plain JSON', () => {
    const state = begin(9, 3);
    mapReduce.next(state);
    mapReduce.completed(state, [0, 0], { task: 0, text: '' });
    expect(JSON.parse(JSON.stringify(state))).toEqual(state);
  });
});

describe('single', () => {
  test('makes one task, and its end is the end', () => {
    const state = single.begin({ options: { type: 'single' }, parts: 1, agents: 1 });
    expect([single.expected(state), single.next(state)?.role, single.next(state), single.end(state)]).toEqual([1, 'single', undefined, undefined]);
    single.completed(state, [], { task: 0, text: '' });
    expect(single.end(state)).toEqual({ result: 0, partial: 0 });
  });

  test('its failure is the end', () => {
    const state = single.begin({ options: { type: 'single' }, parts: 1, agents: 1 });
    single.next(state);
    single.failed(state, [], 0);
    expect(single.end(state)).toEqual({ failed: 0 });
  });
});
