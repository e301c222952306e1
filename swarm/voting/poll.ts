import type { Electorate } from './quorum.ts';

/** One vote of one voter in one round. */
export interface Ballot {
  readonly round: number;
  readonly voter: string;
  /** Null = abstains: it counts for no choice, and the quorum stays what it is. */
  readonly choice: string | null;
  readonly rationale: string;
}

/** One round of voting. Plain JSON; grows by `cast` only. */
export interface Poll {
  readonly round: number;
  readonly choices: readonly string[];
  readonly ballots: Ballot[];
}

/** Why a ballot is not counted. */
export type BallotRefusal = 'stranger' | 'wrong_round' | 'voted_before' | 'unknown_choice';

export interface Tally {
  /** Units for each choice. */
  readonly votes: Readonly<Record<string, number>>;
  /** The choice with a quorum; null while none has it. At most one can: every quorum is more than half. */
  readonly decided: string | null;
  /** True while the voters still out could lift a choice to the quorum. */
  readonly reachable: boolean;
}

export function openPoll(round: number, choices: readonly string[]): Poll {
  return { round, choices, ballots: [] };
}

/** Counts a ballot; what is refused leaves the poll as it was. */
export function cast(electorate: Electorate, poll: Poll, ballot: Ballot): BallotRefusal | undefined {
  if (!Object.hasOwn(electorate.weights, ballot.voter)) return 'stranger';
  if (ballot.round !== poll.round) return 'wrong_round';
  if (poll.ballots.some(({ voter }) => voter === ballot.voter)) return 'voted_before';
  if (ballot.choice !== null && !poll.choices.includes(ballot.choice)) return 'unknown_choice';
  poll.ballots.push(ballot);
  return undefined;
}

/** How a poll stands while the voters in `out` may still vote. */
export function tallyOf(electorate: Electorate, poll: Poll, out: readonly string[] = []): Tally {
  const votes: Record<string, number> = Object.fromEntries(poll.choices.map((choice) => [choice, 0]));
  for (const { voter, choice } of poll.ballots) {
    if (choice !== null) votes[choice] = (votes[choice] ?? 0) + weightOf(electorate, voter);
  }
  const decided = poll.choices.find((choice) => (votes[choice] ?? 0) >= electorate.needed) ?? null;
  const toCome = out.reduce((sum, voter) => sum + weightOf(electorate, voter), 0);
  const most = Math.max(0, ...Object.values(votes));
  return { votes, decided, reachable: most + toCome >= electorate.needed };
}

/** Votes of a voter, in units; 0 for a stranger. */
export function weightOf(electorate: Electorate, voter: string): number {
  return Object.hasOwn(electorate.weights, voter) ? (electorate.weights[voter] ?? 0) : 0;
}
