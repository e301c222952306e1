import { describe, expect, test } from 'vitest';
import type { GoalEvent } from '../../../protocols/wire/methods.ts';
import { Narrator } from './narrator.ts';
import { toolLabel } from './state.ts';

function tell(...steps: readonly (readonly [type: string, data: Record<string, unknown>])[]): { lines: string[]; lasting: string[] } {
  const narrator = new Narrator();
  const told = steps.flatMap(([type, data], at) => {
    const event: GoalEvent = { goalId: 'g-1', cursor: `s-${at}-0`, actor: 'coordinator', seq: at + 1, at, type, data };
    return narrator.tell(event);
  });
  return { lines: told.map(({ line }) => line), lasting: told.filter(({ lasting }) => lasting).map(({ line }) => line) };
}

const vote = (round: number, voter: string, choice: string, more: object = {}): readonly [string, Record<string, unknown>] => [
  'vote.cast',
  { round, voter, choice, rationale: `because\nof ${choice}`, ...more },
];

describe('a vote', () => {
  test('each ballot with its reason, a round without a quorum, and the decision; all of it lasts on a terminal', () => {
    const { lines, lasting } = tell(
      vote(1, 'p1', 'B'),
      vote(1, 'p2', 'A'),
      vote(1, 'p3', 'abstain', { unreadable: 'the answer has no line VOTE:' }),
      vote(2, 'p1', 'A'),
      ['round.decided', { round: 2, choice: 'A', votes: 2, needed: 2, of: 3, by: 'quorum', proposer: 'p2', task: 't1' }],
    );
    expect(lines).toEqual([
      'vote.cast p1 in round 1: B — because of B',
      'vote.cast p2 in round 1: A — because of A',
      'vote.cast p3 in round 1: abstain (the answer has no line VOTE:) — because of abstain',
      'no quorum in round 1: A 1, B 1, abstain 1',
      'vote.cast p1 in round 2: A — because of A',
      'round.decided in round 2: A by quorum, 2 of 3 votes, 2 needed; it is the proposal of p2',
    ]);
    expect(lasting).toEqual(lines);
  });

  test('a leader and its decision', () => {
    const { lasting } = tell(
      ['leader.elected', { term: 1, leader: 'p2', of: 3, rationale: 'after 3 round(s) no quorum' }],
      ['round.decided', { round: 3, choice: 'B', by: 'p2', term: 1, proposer: 'p3' }],
    );
    expect(lasting).toEqual([
      'leader.elected p2 in term 1: after 3 round(s) no quorum',
      'round.decided in round 3: B by the leader p2 of term 1; it is the proposal of p3',
    ]);
  });
});

test('a started task is told by its name where many have one role', () => {
  const { lines } = tell(
    ['task.created', { task: 't0', role: 'stage', name: 'item 1: read' }],
    ['task.created', { task: 't1', role: 'map', name: 'files 1/4' }],
    ['task.started', { task: 't0', role: 'stage', attempt: 2 }],
    ['task.started', { task: 't1', role: 'map', attempt: 1 }],
    ['task.completed', { task: 't0' }],
    ['task.started', { task: 't0', role: 'stage', attempt: 3 }],
  );
  expect(lines).toEqual([
    'task.started t0: item 1: read, attempt 2',
    'task.started t1: map files 1/4',
    'task.completed t0',
    'task.started t0: stage, attempt 3',
  ]);
});

test('changed files are told with how to take them, once there are any', () => {
  expect(tell(['goal.completed', { artifacts: 0 }]).lines).toEqual(['goal.completed']);
  expect(tell(['goal.completed', { artifacts: 2 }]).lasting).toEqual([
    '2 changed files: flockwork artifacts g-1 --patch shows the changes, --apply DIR brings them into a folder',
  ]);
});

test('a patch is told by its files, also when only the beginning of its input is known', () => {
  const patch = '--- a/x.ts\n+++ b/x.ts\n@@ -1 +1 @@\n-a\n+b\n--- a/y.ts\n+++ b/y.ts\n';
  expect(toolLabel('fs.patch', { patch })).toBe('fs.patch x.ts (+1)');
  expect(toolLabel('fs.patch', JSON.stringify({ patch }).slice(0, 60))).toBe('fs.patch x.ts …');
  expect(toolLabel('fs.write', '{"path":"src/a b.ts","text":"…')).toBe('fs.write src/a b.ts …');
  expect(toolLabel('fs.write', 'no JSON')).toBe('fs.write');
});
