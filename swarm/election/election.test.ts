import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { electAmong } from './elect-among.ts';
import { type ElectionMessage, type ElectionOutput, openElection, stepElection } from './election.ts';

const members = ['m1', 'm2', 'm3'];
const types = (outputs: readonly ElectionOutput[]): string[] =>
  outputs.map((output) => (output.type === 'send' ? `${output.message.type}>${output.to}` : output.type));

describe('a member', () => {
  test('stands, asks all others, and leads once a majority has answered', () => {
    const state = openElection('m1', members);
    expect(types(stepElection(state, { type: 'election.timeout' }))).toEqual(['voted', 'wait', 'vote.request>m2', 'vote.request>m3']);
    const outputs = stepElection(state, { type: 'vote.answer', term: 1, from: 'm3', granted: true });
    expect(outputs[0]).toEqual({ type: 'elected', term: 1, leader: 'm1', votes: ['m1', 'm3'], needed: 2 });
    expect(state).toMatchObject({ role: 'leader', leader: 'm1', term: 1 });
  });

  test('a group of one elects itself', () => {
    const state = openElection('m1', ['m1']);
    expect(types(stepElection(state, { type: 'election.timeout' }))).toEqual(['voted', 'wait', 'elected']);
  });

  test('gives one vote for each term, to whoever asks first, and the same again when asked again', () => {
    const state = openElection('m1', members);
    const ask = (from: string, term: number): unknown => stepElection(state, { type: 'vote.request', from, term }).find(({ type }) => type === 'send');
    expect(ask('m2', 1)).toMatchObject({ message: { granted: true } });
    expect(ask('m3', 1)).toMatchObject({ message: { granted: false, term: 1 } });
    expect(ask('m2', 1)).toMatchObject({ message: { granted: true } });
    expect(ask('m3', 2)).toMatchObject({ message: { granted: true, term: 2 } });
    expect(ask('m2', 1)).toMatchObject({ message: { granted: false, term: 2 } });
  });

  test('keeps its term and its vote when it comes back, but not its office', () => {
    const state = openElection('m1', members);
    stepElection(state, { type: 'election.timeout' });
    stepElection(state, { type: 'vote.answer', term: 1, from: 'm2', granted: true });
    stepElection(state, { type: 'member.reopened' });
    expect(state).toMatchObject({ role: 'follower', term: 1, votedFor: 'm1', leader: null });
    expect(stepElection(state, { type: 'vote.answer', term: 1, from: 'm3', granted: true })).toEqual([]);
    expect(stepElection(state, { type: 'vote.request', term: 1, from: 'm2' })).toMatchObject([{ message: { granted: false } }]);
  });

  test('answers of an older term, refusals and strangers do not count', () => {
    const state = openElection('m1', ['m1', 'm2', 'm3', 'm4', 'm5']);
    stepElection(state, { type: 'election.timeout' });
    stepElection(state, { type: 'election.timeout' });
    const messages: ElectionMessage[] = [
      { type: 'vote.answer', term: 1, from: 'm2', granted: true },
      { type: 'vote.answer', term: 2, from: 'm3', granted: false },
      { type: 'vote.answer', term: 2, from: 'stranger', granted: true },
      { type: 'vote.answer', term: 2, from: 'm4', granted: true },
      { type: 'vote.answer', term: 2, from: 'm4', granted: true },
    ];
    for (const message of messages) stepElection(state, message);
    expect(state).toMatchObject({ role: 'candidate', grants: ['m1', 'm4'] });
  });

  test('a leader steps down on a higher term, and tells a leader of an older one', () => {
    const state = openElection('m1', members, { term: 4, votedFor: null });
    stepElection(state, { type: 'leader.heartbeat', term: 5, from: 'm2' });
    expect(state).toMatchObject({ role: 'follower', term: 5, leader: 'm2' });
    expect(stepElection(state, { type: 'leader.heartbeat', term: 4, from: 'm3' })).toMatchObject([{ to: 'm3', message: { type: 'term.told', term: 5 } }]);
    expect(state.leader).toBe('m2');
  });

  test('its term never falls and its vote of a term never changes, whatever it hears', () => {
    const term = fc.integer({ min: 0, max: 4 });
    const from = fc.constantFrom('m1', 'm2', 'm3', 'stranger');
    const input = fc.oneof(
      fc.constant({ type: 'election.timeout' as const }),
      fc.constant({ type: 'member.reopened' as const }),
      fc.constant({ type: 'heartbeat.due' as const }),
      fc.record({ type: fc.constantFrom('vote.request' as const, 'leader.heartbeat' as const, 'term.told' as const), term, from }),
      fc.record({ type: fc.constant('vote.answer' as const), term, from, granted: fc.boolean() }),
    );
    fc.assert(
      fc.property(fc.array(input, { maxLength: 60 }), (inputs) => {
        const state = openElection('m1', members);
        const votes = new Map<number, string>();
        let before = 0;
        for (const one of inputs) {
          for (const output of stepElection(state, one)) {
            if (output.type !== 'voted') continue;
            expect(votes.has(output.term)).toBe(false);
            votes.set(output.term, output.candidate);
          }
          expect(state.term).toBeGreaterThanOrEqual(before);
          before = state.term;
          if (state.votedFor !== null) expect(votes.get(state.term)).toBe(state.votedFor);
          if (state.role === 'leader') expect(new Set(state.grants).size).toBeGreaterThanOrEqual(2);
        }
      }),
    );
  });
});

describe('an election among present members', () => {
  test('the first candidate leads with the votes of all who are there', () => {
    expect(electAmong(['p1', 'p2', 'p3', 'p4'], ['p1', 'p2', 'p4'], ['p2', 'p1'], 3)).toEqual({ term: 4, leader: 'p2', votes: ['p2', 'p1', 'p4'], needed: 3 });
  });

  test('one voter elects itself; half of the members elect nobody', () => {
    expect(electAmong(['p1'], ['p1'], ['p1'], 0)).toMatchObject({ term: 1, leader: 'p1', votes: ['p1'] });
    expect(electAmong(['p1', 'p2', 'p3', 'p4'], ['p1', 'p2'], ['p1', 'p2'], 0)).toBeUndefined();
  });
});
