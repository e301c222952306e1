import { describe, expect, test } from 'vitest';
import type { GoalEvent } from '../../../protocols/wire/methods.ts';
import { progressFrame } from './frame.ts';
import { eventLine } from './lines.ts';
import { noProgress, type ProgressState, reduceProgress } from './state.ts';

type Step = readonly [actor: string, type: string, data?: Record<string, unknown>];

function events(steps: readonly Step[]): readonly GoalEvent[] {
  return steps.map(([actor, type, data], at) => ({ goalId: 'g', cursor: `s-${at + 1}-0`, actor, seq: at + 1, at: 1_000 + at * 1_000, type, data: data ?? {} }));
}

function stateAfter(...steps: readonly Step[]): ProgressState {
  return events(steps).reduce(reduceProgress, noProgress);
}

const begun: readonly Step[] = [
  ['coordinator', 'goal.accepted'],
  ['coordinator', 'cell.opened'],
  ['coordinator', 'goal.started'],
  ['coordinator', 'plan.made', { strategy: 'map-reduce', count: 3, tasks: 4 }],
  ['coordinator', 'task.created', { task: 't0', role: 'map' }],
  ['coordinator', 'task.created', { task: 't1', role: 'map' }],
  ['agent-t0-1', 'task.started', { task: 't0', attempt: 1, role: 'map' }],
  ['agent-t0-1', 'model.called', { call: 'c1', tick: 1 }],
];

describe('what the reducer knows', () => {
  test('the plan promises more tasks than exist', () => {
    const state = stateAfter(...begun);
    expect(state).toMatchObject({ status: 'running', tasksTotal: 4, tasksCreated: 2, startedAt: 1_000, lastAt: 8_000 });
    expect(state.agents.get('agent-t0-1')).toMatchObject({ task: 't0', role: 'map', activity: 'thinking', tick: 1 });
  });

  test('tools are shown from the request to the answer, tokens and calls are added up', () => {
    const acting: readonly Step[] = [
      ...begun,
      ['agent-t0-1', 'model.replied', { call: 'c1', tokens: 120, toolCalls: 2 }],
      ['agent-t0-1', 'tool.requested', { call: 'c1.0', name: 'fs.read', input: { path: 'a.ts' } }],
      ['agent-t0-1', 'tool.requested', { call: 'c1.1', name: 'fs.search', input: { pattern: 'TODO' } }],
      ['agent-t0-1', 'tool.completed', { call: 'c1.0', name: 'fs.read', ok: true }],
    ];
    const state = stateAfter(...acting);
    const agent = state.agents.get('agent-t0-1');
    expect(agent).toMatchObject({ activity: 'using', tokens: 120, toolCalls: 2 });
    expect([...(agent?.tools.values() ?? [])]).toEqual(['fs.search TODO']);
    expect(state).toMatchObject({ modelCalls: 1, toolCalls: 2, tokens: 120 });
  });

  test('an agent that ended has no line, and the task counts once', () => {
    const state = stateAfter(...begun, ['agent-t0-1', 'agent.answered', { task: 't0' }], ['coordinator', 'task.completed', { task: 't0' }]);
    expect([...state.agents.keys()]).toEqual([]);
    expect(state.tasksCompleted).toBe(1);
  });

  test('a failed attempt that is tried again is no failed task', () => {
    const state = stateAfter(
      ...begun,
      ['agent-t0-1', 'agent.failed', { code: 'model_cut' }],
      ['coordinator', 'task.failed', { task: 't0', final: false }],
      ['coordinator', 'task.retried', { task: 't0', attempt: 2 }],
      ['coordinator', 'task.failed', { task: 't1', final: true }],
    );
    expect(state).toMatchObject({ tasksFailed: 1, tasksRetried: 1 });
  });

  test('pause and resume, and an end that clears the agents', () => {
    expect(stateAfter(...begun, ['coordinator', 'goal.paused']).status).toBe('paused');
    expect(stateAfter(...begun, ['coordinator', 'goal.paused'], ['coordinator', 'goal.resumed']).status).toBe('running');
    const ended = stateAfter(...begun, ['coordinator', 'goal.cancelled']);
    expect([ended.status, ended.agents.size]).toEqual(['cancelled', 0]);
  });

  test('events of other actors and types change nothing but the time', () => {
    const before = stateAfter(...begun);
    const [event] = events([['nobody', 'something.new', { tokens: 9 }]]);
    if (event === undefined) throw new Error('no event');
    expect(reduceProgress(before, event)).toEqual(before);
  });

  test('it never changes the state that it was given', () => {
    const frozen = Object.freeze(stateAfter(...begun));
    const [event] = events([['agent-t0-1', 'agent.answered', {}]]);
    if (event === undefined) throw new Error('no event');
    expect(reduceProgress(frozen, event).agents.size).toBe(0);
    expect(frozen.agents.size).toBe(1);
  });
});

describe('the picture', () => {
  const options = { columns: 80, linesMax: 8, color: false, now: 31_000 };

  test('a line per agent and a bar for the whole', () => {
    const frame = progressFrame(stateAfter(...begun, ['coordinator', 'task.completed', { task: 't9' }]), options);
    expect(frame).toHaveLength(2);
    expect(frame[0]).toMatch(/^ {2}t0 map +thinking +0 tokens$/);
    expect(frame[1]).toBe(`${'█'.repeat(6)}${'░'.repeat(18)} 1/4 tasks · 0 tokens · 0 tool calls · 30 s`);
  });

  test('is never higher or wider than it may be, and says what it leaves out', () => {
    const many = Array.from({ length: 40 }, (_, at): Step => [`agent-t${at}-1`, 'task.started', { role: `a role with a long name ${'x'.repeat(200)}` }]);
    const busy = Array.from(
      { length: 40 },
      (_, at): Step => [`agent-t${at}-1`, 'tool.requested', { call: 'c', name: 'fs.read', input: { path: `src/${'deep/'.repeat(50)}` } }],
    );
    for (const columns of [20, 40, 80, 200]) {
      const frame = progressFrame(stateAfter(...begun, ...many, ...busy), { ...options, columns });
      expect(frame).toHaveLength(8);
      expect(Math.max(...frame.map((line) => [...line].length))).toBeLessThan(columns + 1);
      expect(frame.at(-2)).toContain(columns > 30 ? '34 more agents' : '34 mo');
    }
  });

  test('text of models and files cannot drive the terminal', () => {
    const state = stateAfter(...begun, ['agent-t0-1', 'tool.requested', { call: 'c', name: 'fs.read', input: { path: 'a\u001b[2Jb\u009bc' } }]);
    const text = progressFrame(state, options).join('\n');
    expect(text).toContain('fs.read a');
    expect(/[\u001b\u009b]/.test(text)).toBe(false);
  });
});

describe('plain lines', () => {
  test.each<[Step, string | undefined]>([
    [['coordinator', 'plan.made', { strategy: 'single', count: 1, tasks: 1 }], 'plan.made: single, 1 task expected'],
    [['agent-t0-2', 'task.started', { task: 't0', attempt: 2, role: 'map' }], 'task.started t0: map, attempt 2'],
    [['agent-t0-1', 'tool.requested', { call: 'c', name: 'system.run', input: { command: ['ls', '-l'] } }], 'tool.requested agent-t0-1: system.run ls -l'],
    [['coordinator', 'task.failed', { task: 't0', code: 'model_cut', message: 'a\nb' }], 'task.failed t0: model_cut: a b'],
    [['coordinator', 'quota.exceeded', { quota: 'maxTokens', used: 12_345, limit: 12_000 }], 'quota.exceeded coordinator: maxTokens 12,345 of 12,000'],
    [['coordinator', 'goal.failed', { code: 'task_failed', message: 'no' }], 'goal.failed: task_failed: no'],
    [['agent-t0-1', 'model.replied', {}], undefined],
    [['agent-t0-1', 'tool.completed', { name: 'fs.read', ok: true }], undefined],
    [['agent-t0-1', 'tool.completed', { name: 'fs.read', ok: false, code: 'tool_failed' }], 'tool.completed agent-t0-1: fs.read failed: tool_failed'],
  ])('%j', (step, line) => {
    const [event] = events([step]);
    expect(event === undefined ? '' : eventLine(event)).toBe(line);
  });
});
