import { describe, expect, test } from 'vitest';
import type { EmittedFact } from '../../actors/cell/kind.ts';
import { type ConsensusState, consensus } from './consensus.ts';
import type { ChosenStrategy, NewTask } from './strategy.ts';

type Options = Omit<Extract<ChosenStrategy, { type: 'consensus' }>, 'type'>;

/** Runs a consensus to its end; `say` answers each task, undefined = it fails for good. */
function run(agents: number, options: Options, say: (task: NewTask) => string | undefined): { state: ConsensusState; facts: EmittedFact[]; tasks: NewTask[] } {
  const state = consensus.begin({ options: { type: 'consensus', ...options }, parts: 1, agents });
  const facts: EmittedFact[] = [];
  const tasks: NewTask[] = [];
  for (let task = consensus.next(state); task !== undefined && consensus.end(state) === undefined; task = consensus.next(state)) {
    const index = tasks.push(task) - 1;
    const text = say(task);
    facts.push(...(text === undefined ? consensus.failed(state, task.place, index) : consensus.completed(state, task.place, { task: index, text })));
  }
  return { state, facts, tasks };
}

const voterOf = ({ place }: NewTask): string => `p${(place[1] ?? 0) + 1}`;
const roundOf = ({ place }: NewTask): number => place[0] ?? 0;
const types = (facts: readonly EmittedFact[]): string[] => facts.map(({ type }) => type);

describe('a consensus', () => {
  test('a quorum decides as soon as it is there', () => {
    const { state, facts, tasks } = run(3, {}, (task) => (task.role === 'vote' ? 'VOTE: B\nit is shorter' : `of ${voterOf(task)}`));
    expect(tasks.map(({ role }) => role)).toEqual(['propose', 'propose', 'propose', 'vote', 'vote']);
    expect(facts).toEqual([
      { type: 'vote.cast', data: { round: 1, voter: 'p1', choice: 'B', rationale: 'it is shorter' } },
      { type: 'vote.cast', data: { round: 1, voter: 'p2', choice: 'B', rationale: 'it is shorter' } },
      { type: 'round.decided', data: { round: 1, choice: 'B', votes: 2, needed: 2, of: 3, by: 'quorum', proposer: 'p2', task: 't1' } },
    ]);
    expect(consensus.end(state)).toEqual({ result: 1, partial: 0 });
    expect([0, 1, 2].map((task) => consensus.contributes?.(state, task, []))).toEqual([false, true, false]);
  });

  test('between rounds voters see the tally and the rationales', () => {
    const { state, tasks } = run(3, { rounds: 2 }, (task) =>
      task.role === 'vote' ? (roundOf(task) === 1 ? `VOTE: ${'ABC'[task.place[1] ?? 0]}\nmine` : 'VOTE: A\nall right') : 'x',
    );
    const second = tasks.find((task) => task.role === 'vote' && roundOf(task) === 2);
    expect(consensus.end(state)).toEqual({ result: 0, partial: 0 });
    expect(consensus.brief?.(state, second?.place ?? [], 'the goal')).toMatchObject({
      mergeNames: ['proposal A', 'proposal B', 'proposal C'],
      material: [
        { name: 'tally of round 1', text: 'A: 1\nB: 1\nC: 1\nneeded: 2 of 3' },
        { name: 'ballots of round 1', text: '- p1 voted A: mine\n- p2 voted B: mine\n- p3 voted C: mine' },
      ],
    });
    expect(second?.merges).toEqual([0, 1, 2]);
  });

  test('an answer that cannot be read is an abstention, and its fact says so', () => {
    const { facts } = run(1, { rounds: 1, noQuorum: 'fail' }, (task) => (task.role === 'vote' ? 'B is best' : 'x'));
    expect(facts).toEqual([
      { type: 'vote.cast', data: { round: 1, voter: 'p1', choice: 'abstain', rationale: 'B is best', unreadable: 'the answer has no line VOTE:' } },
    ]);
  });

  test('no quorum after all rounds fails the goal where it is asked to', () => {
    const { state, tasks } = run(2, { rounds: 3, noQuorum: 'fail' }, (task) => (task.role === 'vote' ? `VOTE: ${'AB'[task.place[1] ?? 0]}` : 'x'));
    expect(tasks.length).toBe(2 + 3 * 2);
    expect(consensus.end(state)).toMatchObject({
      refused: { code: 'no_quorum', message: expect.stringContaining('after 3 round(s) the most votes for one proposal are 1, and 2 of 2 are needed') },
    });
  });

  test('the last round ends early once no vote could make the quorum', () => {
    const { state, tasks } = run(3, { quorum: 'unanimous', rounds: 1, noQuorum: 'fail' }, (task) => (task.role === 'vote' ? 'VOTE: abstain' : 'x'));
    expect(tasks.filter(({ role }) => role === 'vote').length).toBe(1);
    expect(consensus.end(state)).toMatchObject({ refused: { code: 'no_quorum' } });
  });

  test('without a quorum the proposer with the most votes is elected and decides', () => {
    const votes = ['A', 'B', 'B', 'C'];
    const { state, facts } = run(4, { rounds: 1, quorum: 'two-thirds' }, (task) =>
      task.role === 'vote' ? `VOTE: ${votes[task.place[1] ?? 0]}` : task.role === 'decide' ? 'DECISION: C\nthe safest' : 'x',
    );
    expect(types(facts).slice(-2)).toEqual(['leader.elected', 'round.decided']);
    expect(facts.at(-2)?.data).toMatchObject({ term: 1, leader: 'p2', votes: ['p2', 'p1', 'p3'], needed: 3, of: 4 });
    expect(facts.at(-1)?.data).toMatchObject({ by: 'p2', choice: 'C', proposer: 'p3', term: 1, rationale: 'the safest' });
    expect(consensus.end(state)).toEqual({ result: 2, partial: 0 });
  });

  test('a leader that cannot decide makes room for the next, in a higher term, as long as a majority is left', () => {
    const { state, facts } = run(3, { rounds: 1, quorum: 'unanimous' }, (task) =>
      task.role === 'vote' ? `VOTE: ${'ABC'[task.place[1] ?? 0]}` : task.role === 'decide' ? (voterOf(task) === 'p1' ? undefined : 'hm') : 'x',
    );
    const leaders = facts.filter(({ type }) => type === 'leader.elected').map(({ data }) => [data['term'], data['leader']]);
    expect(leaders).toEqual([
      [1, 'p1'],
      [2, 'p2'],
    ]);
    expect(consensus.end(state)).toMatchObject({ refused: { code: 'no_quorum', message: expect.stringContaining('only 1 of 3 voters') } });
  });

  test('proposers that failed do not vote, and the quorum stays one of all', () => {
    const { state, tasks } = run(4, {}, (task) => (task.role === 'propose' && voterOf(task) === 'p2' ? undefined : task.role === 'vote' ? 'VOTE: B' : 'x'));
    expect(tasks.filter(({ role }) => role === 'vote').map(voterOf)).toEqual(['p1', 'p3', 'p4']);
    expect(consensus.end(state)).toEqual({ result: 2, partial: 1 });
  });

  test('too few proposers for any quorum end it before the first round', () => {
    const { state, tasks } = run(3, { noQuorum: 'fail' }, (task) => (voterOf(task) === 'p1' ? 'x' : undefined));
    expect(tasks.map(({ role }) => role)).toEqual(['propose', 'propose', 'propose']);
    expect(consensus.end(state)).toMatchObject({ refused: { code: 'no_quorum', message: expect.stringContaining('only 1 of 3 proposers') } });
  });

  test('when every proposer fails there is nothing to vote on', () => {
    expect(consensus.end(run(2, {}, () => undefined).state)).toEqual({ failed: -1 });
  });

  test('voters whose ballots fail are missed, not counted', () => {
    const { state, facts } = run(3, { rounds: 1 }, (task) => (task.role === 'vote' ? (voterOf(task) === 'p2' ? undefined : 'VOTE: A') : 'x'));
    expect(types(facts)).toEqual(['vote.cast', 'vote.cast', 'round.decided']);
    expect(consensus.end(state)).toEqual({ result: 0, partial: 0 });
  });

  test('weights decide, and weights that cannot are refused', () => {
    const { facts } = run(3, { quorum: { weights: { p1: 5, p2: 1, p3: 1 } } }, (task) => (task.role === 'vote' ? 'VOTE: C' : 'x'));
    expect(facts.at(-1)?.data).toMatchObject({ choice: 'C', votes: 5, needed: 4, of: 7 });
    expect(() => run(2, { quorum: { weights: { p1: 0 } } }, () => 'x')).toThrow('sum to 0');
  });
});
