import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type PipelineState, pipeline } from './pipeline.ts';
import type { ChosenStrategy, NewTask } from './strategy.ts';

type Stages = Extract<ChosenStrategy, { type: 'pipeline' }>['stages'];

function begin(stages: Stages, parts: number, agents = 3, queueItemsMax?: number): PipelineState {
  return pipeline.begin({ options: { type: 'pipeline', stages, ...(queueItemsMax === undefined ? {} : { queueItemsMax }) }, parts, agents });
}

const stage = (name: string, more: Partial<Stages[number]> = {}): Stages[number] => ({ name, prompt: `do ${name}`, ...more });

describe('a pipeline', () => {
  test('an item moves on as soon as it is finished, with the result of the stage before', () => {
    const state = begin([stage('read'), stage('plan')], 2);
    expect(pipeline.next(state)).toMatchObject({ role: 'stage', name: 'item 1: read', part: 0, place: [0, 0] });
    expect(pipeline.next(state)).toMatchObject({ place: [0, 1] });
    expect(pipeline.next(state)).toBeUndefined();
    pipeline.completed(state, [0, 1], { task: 1, text: '' });
    expect(pipeline.next(state)).toEqual({ role: 'stage', name: 'item 2: plan', part: 1, merges: [1], follows: 1, place: [1, 1] });
    expect(pipeline.brief?.(state, [1, 1], 'the goal')).toEqual({
      prompt: 'do plan\n\nThis is stage 2 of 2 (plan) of a pipeline for this goal: the goal\n\nYour material is the result of stage 1 (read).',
      mergeNames: ['result of read'],
    });
  });

  test('a stage waits while the queue behind it is full', () => {
    const state = begin([stage('fast'), stage('slow', { concurrency: 1 })], 9, 9, 2);
    const first = [pipeline.next(state), pipeline.next(state)];
    expect(first.map((task) => task?.place)).toEqual([
      [0, 0],
      [0, 1],
    ]);
    expect(pipeline.next(state)).toBeUndefined();
    pipeline.completed(state, [0, 0], { task: 0, text: '' });
    expect(pipeline.next(state)?.place).toEqual([1, 0]);
    expect(pipeline.next(state)?.place).toEqual([0, 2]);
    expect(pipeline.next(state)).toBeUndefined();
  });

  test('an end that was told before is no second hand-over', () => {
    const state = begin([stage('a'), stage('b')], 1);
    pipeline.next(state);
    pipeline.completed(state, [0, 0], { task: 0, text: '' });
    expect(() => pipeline.completed(state, [0, 0], { task: 0, text: '' })).toThrow('is not at work in stage 0');
  });

  test('a failed item ends the goal, or is left out, as its stage says', () => {
    const strict = begin([stage('a')], 2);
    pipeline.next(strict);
    pipeline.failed(strict, [0, 0], 0);
    expect(pipeline.end(strict)).toEqual({ failed: 0 });
    const lenient = begin([stage('a', { onFailure: 'skip' })], 2);
    pipeline.next(lenient);
    pipeline.next(lenient);
    pipeline.failed(lenient, [0, 0], 0);
    expect(pipeline.end(lenient)).toBeUndefined();
    pipeline.completed(lenient, [0, 1], { task: 1, text: '' });
    expect(pipeline.end(lenient)).toEqual({ result: 1, partial: 1 });
    expect([pipeline.contributes?.(lenient, 0, [0, 0]), pipeline.contributes?.(lenient, 1, [0, 1])]).toEqual([false, true]);
  });

  test('when every item is left out there is no result', () => {
    const state = begin([stage('a', { onFailure: 'skip' })], 1);
    pipeline.next(state);
    pipeline.failed(state, [0, 0], 0);
    expect(pipeline.end(state)).toEqual({ failed: -1 });
  });

  test('in any order of ends every item goes through every stage once, and no bound is passed', () => {
    const scenario = fc.record({
      stages: fc.array(fc.record({ concurrency: fc.integer({ min: 1, max: 4 }), skips: fc.boolean() }), { minLength: 1, maxLength: 5 }),
      parts: fc.integer({ min: 1, max: 12 }),
      agents: fc.integer({ min: 1, max: 6 }),
      queueItemsMax: fc.integer({ min: 1, max: 3 }),
      dice: fc.infiniteStream(fc.nat({ max: 999 })),
    });
    fc.assert(
      fc.property(scenario, ({ stages, parts, agents, queueItemsMax, dice }) => {
        const roll = (): number => dice.next().value ?? 0;
        const state = begin(
          stages.map(({ concurrency }, index) => stage(`s${index}`, { concurrency, onFailure: 'skip' })),
          parts,
          agents,
          queueItemsMax,
        );
        const running: { task: NewTask; index: number }[] = [];
        const seen = new Set<string>();
        let made = 0;
        for (;;) {
          for (
            let task = running.length < agents ? pipeline.next(state) : undefined;
            task !== undefined;
            task = running.length < agents ? pipeline.next(state) : undefined
          ) {
            expect(seen.has(task.place.join())).toBe(false);
            seen.add(task.place.join());
            running.push({ task, index: made });
            made += 1;
          }
          for (const [at, { concurrency }] of stages.entries()) {
            expect(running.filter(({ task }) => task.place[0] === at).length).toBeLessThanOrEqual(concurrency);
            expect(state.stages[at]?.queue.length ?? 0).toBeLessThanOrEqual(queueItemsMax);
          }
          const [ended] = running.splice(roll() % Math.max(1, running.length), 1);
          if (ended === undefined) break;
          const skips = stages[ended.task.place[0] ?? 0]?.skips === true && roll() % 4 === 0;
          if (skips) pipeline.failed(state, ended.task.place, ended.index);
          else pipeline.completed(state, ended.task.place, { task: ended.index, text: '' });
        }
        const end = pipeline.end(state);
        expect(end).toBeDefined();
        const through = state.items.filter(({ skipped }) => !skipped);
        for (const item of through) expect(item.stage).toBe(stages.length);
        if (through.length > 1) expect(end).toEqual({ joined: through.map(({ task }) => task), partial: parts - through.length });
        expect(seen.size).toBeLessThanOrEqual(pipeline.expected(state));
      }),
    );
  });
});
