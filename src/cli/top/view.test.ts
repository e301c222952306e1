import { describe, expect, test } from 'vitest';
import type { GoalView } from '../../../protocols/goals/goal.ts';
import { readFigures } from './figures.ts';
import type { TopState } from './state.ts';
import { viewOf } from './view.ts';

const at = Date.parse('2026-11-21T12:00:00Z');

const goal = (id: string, fields: Partial<GoalView> = {}): GoalView => ({
  id,
  status: 'running',
  goal: 'Compare the\nnotes \u001b[31mnow',
  strategy: { type: 'map-reduce' },
  usage: { modelCalls: 3, toolCalls: 2, tokens: 12_345, costUsd: 0.5, estimated: false, seconds: 4 },
  tasks: { total: 5, completed: 2, failed: 0, running: 1 },
  createdAt: '2026-11-21T11:59:00Z',
  ...fields,
});

const state = (fields: Partial<TopState> = {}): TopState => ({
  at,
  address: 'ws://n:1/v1/ws',
  nodes: [{ id: 'n-1', roles: ['gateway', 'worker'], shards: 64, goals: 1, agents: 2, startedAt: '2026-11-21T10:00:00Z' }],
  goals: [goal('g-1')],
  approvals: 0,
  agents: [{ goal: 'g-1', agent: 'agent-t0-1', state: 'thinking', seq: 7, mailbox: 0, restarts: 1, since: at - 3_000 }],
  queues: [{ queue: 'tasks', topic: 'default', waiting: 4, claimed: 2 }],
  recordsPerSecond: 12.3,
  missing: undefined,
  ...fields,
});

describe('the picture', () => {
  test('in a pipe: everything, without colours', () => {
    expect(viewOf(state(), { columns: 160, rows: undefined, color: false })).toEqual([
      'flockwork top · 12:00:00 · ws://n:1/v1/ws · 1 node · 1 goal at work · 1 agent · 12 records/s',
      '',
      'NODE  ROLES           SHARDS  GOALS  AGENTS  UP',
      'n-1   gateway,worker  64      1      2       2 h',
      '',
      'GOAL  STATUS   STRATEGY    TASKS  CALLS  TOKENS  COST   AGE    TEXT',
      'g-1   running  map-reduce  2/5    3      12.3k   $0.50  1 min  Compare the notes \u{fffd}[31mnow',
      '',
      'AGENT       STATE     FOR  STEPS  MAIL  RESTARTS  GOAL',
      'agent-t0-1  thinking  3 s  7      0     1         g-1',
      '',
      'QUEUE  TOPIC    WAITING  CLAIMED',
      'tasks  default  4        2',
    ]);
  });

  test.each([
    [80, 24],
    [40, 12],
    [120, 60],
    [20, 5],
    [200, 1],
  ])('fits a terminal of %i by %i, whatever there is to show', (columns, rows) => {
    const many = state({
      goals: Array.from({ length: 50 }, (_, index) => goal(`g-${index}`)),
      agents: Array.from({ length: 500 }, (_, index) => ({
        goal: 'g-1',
        agent: `agent-t${index}-1`,
        state: 'acting',
        seq: 1,
        mailbox: 0,
        restarts: 0,
        since: at,
      })),
      nodes: Array.from({ length: 20 }, (_, index) => ({
        id: `n-${index}`,
        roles: ['worker'],
        shards: 3,
        goals: 0,
        agents: 9,
        startedAt: '2026-11-21T10:00:00Z',
      })),
      missing: 'something is missing',
    });
    const lines = viewOf(many, { columns, rows, color: false });
    expect(lines).toHaveLength(rows);
    expect(Math.max(...lines.map((line) => [...line].length))).toBeLessThanOrEqual(columns);
    expect(lines.join('')).not.toContain('\u001b');
  });

  test('says how much is left out, and that it is held', () => {
    const many = state({ goals: Array.from({ length: 50 }, (_, index) => goal(`g-${index}`)), agents: undefined, queues: undefined, missing: 'no feed' });
    const lines = viewOf(many, { columns: 120, rows: 20, color: false }, true);
    expect(lines[0]).toContain('HELD');
    expect(lines.filter((line) => /^… \d+ more$/.test(line))).toHaveLength(1);
    expect(lines.filter((line) => line.startsWith('g-'))).toHaveLength(10);
    expect(lines.slice(-2)).toEqual([expect.any(String), expect.stringContaining('q quit')]);
    expect(lines).toContain('no feed');
  });
});

test('reads the queues off what a node tells Prometheus', () => {
  const text = [
    '# TYPE flockwork_queue_depth gauge',
    'flockwork_queue_depth{queue="tasks",topic="default",state="waiting"} 4',
    'flockwork_queue_depth{queue="tasks",topic="default",state="claimed"} 2',
    'flockwork_queue_depth{queue="inbox",topic="owned",state="waiting"} 1',
    'flockwork_journal_records_total 77',
    '',
  ].join('\n');
  expect(readFigures(text)).toEqual({
    queues: [
      { queue: 'tasks', topic: 'default', waiting: 4, claimed: 2 },
      { queue: 'inbox', topic: 'owned', waiting: 1, claimed: 0 },
    ],
    records: 77,
  });
});
