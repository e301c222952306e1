import { FlockworkError } from '../../protocols/errors/error.ts';

/** How much of the votes decides. With weights: more than half of their sum. */
export type QuorumRule = 'majority' | 'two-thirds' | 'unanimous' | { readonly weights: Readonly<Record<string, number>> };

/** Who may vote, how much each vote counts, and how much decides. Plain JSON; whole numbers, so that no order of adding matters. */
export interface Electorate {
  /** Votes of each voter, in units. A voter that the weights do not name has none. */
  readonly weights: Readonly<Record<string, number>>;
  /** All votes, of voters that answer and of those that do not. */
  readonly total: number;
  /** What a choice needs. */
  readonly needed: number;
  /** What one unit is worth in the weights as they were given. */
  readonly unit: number;
}

/** Weights are counted in steps of this. */
const weightStep = 1e-6;
/** The largest weight of one voter. */
export const weightMax = 1_000_000;

/** Throws `strategy_invalid` for weights of strangers, weights out of range, and a quorum that no vote could meet. */
export function electorateOf(rule: QuorumRule, voters: readonly string[]): Electorate {
  if (voters.length === 0) throw invalid('a vote needs at least one voter');
  const count = voters.length;
  if (typeof rule === 'object') return weighted(rule.weights, voters);
  const weights = Object.fromEntries(voters.map((voter) => [voter, 1]));
  const needed = rule === 'majority' ? Math.floor(count / 2) + 1 : rule === 'two-thirds' ? Math.ceil((count * 2) / 3) : count;
  return { weights, total: count, needed, unit: 1 };
}

/** Units as the weights were given: 3 of {p1: 1.5, p2: 1.5} are shown as 3, not as 2 units. */
export function shownVotes(electorate: Electorate, units: number): number {
  return Number((units * electorate.unit).toFixed(6));
}

function weighted(given: Readonly<Record<string, number>>, voters: readonly string[]): Electorate {
  const strangers = Object.keys(given).filter((name) => !voters.includes(name));
  if (strangers.length > 0) {
    throw invalid(`quorum.weights names ${strangers.slice(0, 5).join(', ')}, but the voters are ${voters[0]} to ${voters.at(-1)}; weigh only these`, {
      strangers: strangers.slice(0, 5),
    });
  }
  const steps = voters.map((voter) => stepsOf(voter, Object.hasOwn(given, voter) ? (given[voter] ?? 0) : 0));
  const divisor = steps.reduce(greatestCommonDivisor, 0);
  if (divisor === 0) throw invalid('the weights of the quorum sum to 0, so that no vote could ever decide; give at least one voter a weight above 0');
  const weights = Object.fromEntries(voters.map((voter, index) => [voter, (steps[index] ?? 0) / divisor]));
  const total = steps.reduce((sum, step) => sum + step, 0) / divisor;
  return { weights, total, needed: Math.floor(total / 2) + 1, unit: divisor * weightStep };
}

function stepsOf(voter: string, weight: number): number {
  if (!(weight >= 0 && weight <= weightMax))
    throw invalid(`the weight of ${voter} is ${weight}; weights are numbers from 0 to ${weightMax}`, { voter, weight });
  const steps = Math.round(weight / weightStep);
  if (weight > 0 && steps === 0) throw invalid(`the weight of ${voter} is ${weight}, which is below the step of ${weightStep}`, { voter, weight });
  return steps;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

function invalid(message: string, details: Readonly<Record<string, unknown>> = {}): FlockworkError {
  return new FlockworkError('strategy_invalid', message, { details: { ...details } });
}
