import { describe, expect, test } from 'vitest';
import type { EmittedFact } from '../../actors/cell/kind.ts';
import type { AutoState } from './auto.ts';
import { modelChooses } from './choose.ts';
import { strategyOf } from './index.ts';
import type { NewTask, Strategy } from './strategy.ts';

const auto = strategyOf('auto') as Strategy<AutoState>;
const begin = (more: { readonly parts?: number; readonly agents?: number; readonly files?: number } = {}): AutoState =>
  auto.begin({ options: { type: 'auto' }, parts: 1, agents: 3, ...more });
const first: readonly number[] = [0, 0];

/** The first task has answered. */
function answered(answer: unknown, state = begin()): { state: AutoState; facts: readonly EmittedFact[] } {
  auto.next(state);
  return { state, facts: auto.completed(state, first, { task: 0, text: typeof answer === 'string' ? answer : JSON.stringify(answer) }) };
}

function all(state: AutoState): NewTask[] {
  const tasks: NewTask[] = [];
  for (let next = auto.next(state); next !== undefined; next = auto.next(state)) tasks.push(next);
  return tasks;
}

describe('auto over a model', () => {
  test('asks first, and makes nothing else until it has chosen', () => {
    const state = begin({ files: 2 });
    expect(auto.next(state)).toEqual({ role: 'plan', name: 'choice of a strategy', part: 0, place: [0, 0] });
    expect([auto.next(state), auto.end(state), auto.speculates(state), auto.expected(state)]).toEqual([undefined, undefined, false, 5]);
    expect(auto.contributes?.(state, 0, first)).toBe(false);
    const { prompt = '' } = auto.brief?.(state, first, 'the goal') ?? {};
    expect(prompt).toContain('The goal: the goal');
    expect(prompt).toContain('a workspace of 2 files');
  });

  test('what the model chose is told with its reason, and does the rest', () => {
    const { state, facts } = answered(`Well:\n\`\`\`json\n${JSON.stringify({ strategy: 'map-reduce', why: 'three makers', items: ['A', 'B', 'C'] })}\n\`\`\``);
    expect(facts).toEqual([
      { type: 'strategy.chosen', data: { strategy: 'map-reduce', options: { type: 'map-reduce' }, items: 3, why: 'three makers', by: 'model' } },
    ]);
    expect(all(state)).toEqual(['A', 'B', 'C'].map((name, at) => ({ role: 'map', name, part: 0, place: [1, at, 0, at] })));
    expect(auto.brief?.(state, [1, 1, 0, 1], 'compare')).toMatchObject({
      prompt: expect.stringContaining('Work only on your own part (B)'),
      material: [{ name: 'your part', text: 'B' }],
    });
    expect([auto.speculates(state), auto.expected(state)]).toEqual([true, 1 + 4]);
    for (const at of [0, 1, 2]) auto.completed(state, [1, at, 0, at], { task: at + 1, text: '' });
    const [merge] = all(state);
    expect(merge).toEqual({ role: 'reduce', name: 'merge of 3 results', merges: [1, 2, 3], place: [1, -1, 1, 0] });
    auto.completed(state, merge?.place ?? [], { task: 4, text: '' });
    expect(auto.end(state)).toEqual({ result: 4, partial: 0 });
    expect(auto.contributes?.(state, 4, merge?.place ?? [])).toBe(true);
  });

  test('an item goes into the first stage of a pipeline only', () => {
    const stages = [
      { name: 'read', prompt: 'read it' },
      { name: 'judge', prompt: 'judge it' },
    ];
    const { state } = answered({ strategy: 'pipeline', why: 'x', stages, items: ['A'] });
    const [read] = all(state);
    expect(read).toMatchObject({ name: 'item 1: read', part: 0, place: [1, 0, 0, 0] });
    expect(auto.brief?.(state, read?.place ?? [], 'g')).toMatchObject({ prompt: expect.stringContaining('read it'), material: [{ text: 'A' }] });
    auto.completed(state, read?.place ?? [], { task: 1, text: '' });
    const [judge] = all(state);
    expect(judge).toMatchObject({ name: 'item 1: judge', merges: [1], follows: 1, place: [1, -1, 1, 0] });
    expect(auto.brief?.(state, judge?.place ?? [], 'g')).not.toHaveProperty('material');
  });

  test.each([
    ['consensus', {}, ['propose', 'propose', 'propose']],
    ['single', {}, ['single']],
    [
      'plan',
      {
        tasks: [
          { name: 'a', prompt: 'x' },
          { name: 'b', prompt: 'y', after: ['a'] },
        ],
      },
      ['step'],
    ],
  ])('%s begins as if it had been asked for', (strategy, more, roles) => {
    const { state } = answered({ strategy, why: 'x', ...more });
    expect(all(state).map(({ role }) => role)).toEqual(roles);
  });

  const circle = { strategy: 'plan', why: 'x', tasks: [{ name: 'a', prompt: 'x', after: ['a'] }] };
  test.each([
    ['I would map it', 'there is no JSON object'],
    ['{"strategy": "single"', 'there is no JSON object'],
    ['{oops}', 'is not JSON'],
    [{ strategy: 'all', why: 'x' }, 'strategy must be one of single, map-reduce'],
    [{ strategy: 'single' }, 'why is missing'],
    [{ strategy: 'map-reduce', why: 'x', items: ['a'] }, 'items is shorter than 2'],
    [{ strategy: 'pipeline', why: 'x', stages: [] }, 'stages is shorter than 1'],
    [{ strategy: 'pipeline', why: 'x', stages: [{ name: 'a' }] }, 'stages.0.prompt is missing'],
    [{ strategy: 'plan', why: 'x', tasks: [{ name: 'a', prompt: 'y'.repeat(4_001) }] }, 'tasks.0.prompt is longer than 4000'],
    [circle, 'in a circle'],
  ])('%j is asked for once more, with what is wrong; then the rules choose and say so', (answer, trouble) => {
    const { state, facts } = answered(answer);
    expect(facts).toEqual([]);
    expect(auto.next(state)).toEqual({ role: 'plan', name: 'choice of a strategy, once more', part: 0, merges: [0], place: [0, 1] });
    expect(auto.brief?.(state, [0, 1], 'g')).toMatchObject({ prompt: expect.stringContaining(trouble), mergeNames: ['your answer before'] });
    const [chosen] = auto.completed(state, [0, 1], { task: 1, text: typeof answer === 'string' ? answer : JSON.stringify(answer) });
    expect(chosen).toMatchObject({ type: 'strategy.chosen', data: { strategy: 'single', by: 'rules', why: expect.stringContaining(trouble) } });
    expect(all(state)).toMatchObject([{ role: 'single', place: [1, -1] }]);
  });

  test('the second answer counts when it can be used', () => {
    const { state } = answered('hm');
    auto.next(state);
    expect(auto.completed(state, [0, 1], { task: 1, text: '{"strategy":"consensus","why":"a matter of taste"}' })).toMatchObject([
      { data: { strategy: 'consensus', by: 'model', why: 'a matter of taste' } },
    ]);
  });

  test('a model that fails for good leaves it to the rules', () => {
    const state = begin();
    auto.next(state);
    expect(auto.failed(state, first, 0)).toMatchObject([{ type: 'strategy.chosen', data: { strategy: 'single', by: 'rules' } }]);
    const [only] = all(state);
    auto.failed(state, only?.place ?? [], 1);
    expect(auto.end(state)).toEqual({ failed: 1 });
  });

  test('it is asked only for auto by name, when the inputs do not decide, and never offline', () => {
    const shape = (parts: number) => ({ parts, files: 0, items: 0 });
    expect(modelChooses({ type: 'auto' }, shape(1), 'openai/x')).toBe(true);
    expect(modelChooses({ type: 'auto' }, shape(2), 'openai/x')).toBe(false);
    expect(modelChooses(undefined, shape(1), 'openai/x')).toBe(false);
    expect(modelChooses({ type: 'auto' }, shape(0), 'offline/extractive')).toBe(false);
  });
});
