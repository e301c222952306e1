import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { failureOf } from '../../protocols/errors/error.ts';
import { type Ballot, cast, openPoll, tallyOf } from './poll.ts';
import { electorateOf, type QuorumRule, shownVotes } from './quorum.ts';
import { labelOf, readVote } from './vote-text.ts';

const votersOf = (count: number): string[] => Array.from({ length: count }, (_, index) => `p${index + 1}`);
const count = fc.integer({ min: 1, max: 12 });
const rule = fc.oneof(
  fc.constantFrom<QuorumRule>('majority', 'two-thirds', 'unanimous'),
  fc
    .array(
      fc.integer({ min: 0, max: 40 }).map((weight) => weight / 4),
      { minLength: 12, maxLength: 12 },
    )
    .map((list): QuorumRule => ({ weights: Object.fromEntries(list.map((weight, index) => [`p${index + 1}`, weight])) })),
);

/** The rule cut to the voters that there are. */
function ruleFor(given: QuorumRule, voters: readonly string[]): QuorumRule {
  return typeof given === 'object' ? { weights: Object.fromEntries(voters.map((voter) => [voter, given.weights[voter] ?? 0])) } : given;
}

describe('a quorum', () => {
  test.each([
    ['majority', 1, 1],
    ['majority', 4, 3],
    ['majority', 5, 3],
    ['two-thirds', 1, 1],
    ['two-thirds', 3, 2],
    ['two-thirds', 4, 3],
    ['two-thirds', 6, 4],
    ['unanimous', 5, 5],
  ] as const)('%s of %i voters is %i', (name, voters, needed) => expect(electorateOf(name, votersOf(voters))).toMatchObject({ needed, total: voters }));

  test('weights count as they were given, and more than half of their sum decides', () => {
    const electorate = electorateOf({ weights: { p1: 1.5, p2: 1.5, p3: 3 } }, votersOf(4));
    expect(shownVotes(electorate, electorate.total)).toBe(6);
    expect(shownVotes(electorate, electorate.needed)).toBe(4.5);
    expect(electorate.weights['p4']).toBe(0);
  });

  test.each([
    [{}, 'sum to 0'],
    [{ p1: 0, p2: 0 }, 'sum to 0'],
    [{ p3: 1 }, 'names p3'],
    [{ p1: -1 }, 'weight of p1'],
    [{ p1: Number.NaN }, 'weight of p1'],
    [{ p1: 1e300 }, 'weight of p1'],
    [{ p1: 1e-9 }, 'below the step'],
  ])('the weights %j are refused', (weights, why) => {
    let failure = { code: '', message: '' };
    try {
      electorateOf({ weights: weights as Record<string, number> }, votersOf(2));
    } catch (error) {
      failure = failureOf(error);
    }
    expect(failure).toMatchObject({ code: 'strategy_invalid', message: expect.stringContaining(why) });
  });

  test('it can always be met by all, and never by two choices at once', () => {
    fc.assert(
      fc.property(rule, count, fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }), (given, voters, forA) => {
        const names = votersOf(voters);
        const chosen = ruleFor(given, names);
        fc.pre(typeof chosen !== 'object' || Object.values(chosen.weights).some((weight) => weight > 0));
        const electorate = electorateOf(chosen, names);
        expect(electorate.needed).toBeGreaterThan(0);
        expect(electorate.needed).toBeLessThanOrEqual(electorate.total);
        const votes = (choice: boolean): number =>
          names.reduce((sum, voter, index) => sum + (forA[index] === choice ? (electorate.weights[voter] ?? 0) : 0), 0);
        expect(votes(true) >= electorate.needed && votes(false) >= electorate.needed).toBe(false);
      }),
    );
  });
});

describe('a poll', () => {
  test('a ballot counts once for each voter and round; strangers, wrong rounds and unknown choices never', () => {
    const ballot = fc.record({
      round: fc.integer({ min: 1, max: 3 }),
      voter: fc.constantFrom('p1', 'p2', 'p3', 'p4', 'stranger', '__proto__'),
      choice: fc.constantFrom('A', 'B', 'Z', null),
      rationale: fc.constant(''),
    });
    fc.assert(
      fc.property(fc.array(ballot, { maxLength: 30 }), rule, (ballots, given) => {
        const voters = votersOf(4);
        const chosen = ruleFor(given, voters);
        fc.pre(typeof chosen !== 'object' || Object.values(chosen.weights).some((weight) => weight > 0));
        const electorate = electorateOf(chosen, voters);
        const poll = openPoll(2, ['A', 'B']);
        const counted = new Map<string, Ballot>();
        for (const one of ballots) {
          const good = voters.includes(one.voter) && one.round === 2 && one.choice !== 'Z' && !counted.has(one.voter);
          expect(cast(electorate, poll, one) === undefined).toBe(good);
          if (good) counted.set(one.voter, one);
        }
        expect(poll.ballots).toEqual([...counted.values()]);
        const { votes, decided } = tallyOf(electorate, poll);
        for (const choice of ['A', 'B']) {
          const expected = [...counted.values()].reduce((sum, one) => sum + (one.choice === choice ? (electorate.weights[one.voter] ?? 0) : 0), 0);
          expect(votes[choice]).toBe(expected);
          expect(decided === choice).toBe(expected >= electorate.needed);
        }
      }),
    );
  });

  test('it is unreachable only when no vote still out could decide', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('A', 'B', null), { minLength: 5, maxLength: 5 }), fc.integer({ min: 0, max: 5 }), (choices, cut) => {
        const voters = votersOf(5);
        const electorate = electorateOf('two-thirds', voters);
        const poll = openPoll(1, ['A', 'B']);
        for (const [index, choice] of choices.slice(0, cut).entries()) cast(electorate, poll, { round: 1, voter: voters[index] ?? '', choice, rationale: '' });
        const out = voters.slice(cut);
        const could = ['A', 'B'].some((choice) => poll.ballots.filter((one) => one.choice === choice).length + out.length >= electorate.needed);
        expect(tallyOf(electorate, poll, out).reachable).toBe(could);
      }),
    );
  });
});

describe('an answer to a vote', () => {
  test.each([
    ['VOTE: B\nit is shorter', { choice: 'B', rationale: 'it is shorter' }],
    ['  VOTE:   A  ', { choice: 'A', rationale: '' }],
    ['I think so.\n\nVOTE: abstain\nnone convinces', { choice: null, rationale: 'I think so.\n\nnone convinces' }],
    ['B is best', { choice: null, unreadable: 'the answer has no line VOTE:' }],
    ['VOTE: A\nVOTE: B', { choice: null, unreadable: 'the answer has 2 lines VOTE:' }],
    ['VOTE: C', { choice: null, unreadable: "there is no proposal 'C'" }],
    ['vote: A', { choice: null, unreadable: 'the answer has no line VOTE:' }],
    ['', { choice: null, unreadable: 'the answer has no line VOTE:' }],
  ])('%j', (text, expected) => expect(readVote('VOTE', text, ['A', 'B'])).toMatchObject(expected));

  test('labels are distinct and go on after Z', () => {
    const labels = Array.from({ length: 64 }, (_, index) => labelOf(index));
    expect(new Set(labels).size).toBe(64);
    expect([labels[0], labels[25], labels[26], labels[52]]).toEqual(['A', 'Z', 'AA', 'BA']);
  });
});
