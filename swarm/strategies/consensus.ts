import type { EmittedFact } from '../../actors/cell/kind.ts';
import { electAmong } from '../election/elect-among.ts';
import { cast, openPoll, type Poll, tallyOf, weightOf } from '../voting/poll.ts';
import { type Electorate, electorateOf, shownVotes } from '../voting/quorum.ts';
import { labelOf, rationaleCharsMax, readVote } from '../voting/vote-text.ts';
import { ballotsSoFar, decidePrompt, proposePrompt, tallySoFar, votePrompt } from './consensus-prompts.ts';
import type { NewTask, Strategy } from './strategy.ts';

/** Rounds of ballots unless the goal says otherwise. */
export const roundsDefault = 3;

export interface ConsensusState {
  /** `p1` to `pN`. */
  readonly voters: readonly string[];
  readonly electorate: Electorate;
  readonly rounds: number;
  readonly noQuorum: 'leader' | 'fail';
  /** How long one proposal, ballot or decision may take; absent = as long as the goal may. Milliseconds. */
  readonly answerMs?: number;
  phase: 'propose' | 'vote' | 'decide' | 'over';
  /** The task that made each voter's proposal; null while there is none, or when it failed for good. */
  readonly proposals: (number | null)[];
  /** Voters that get their task of this phase next, as indices. */
  readonly due: number[];
  /** Voters whose task of this phase has not ended, as indices. */
  readonly out: number[];
  /** One for each round that has begun. */
  readonly polls: Poll[];
  /** The last term of the election. */
  term: number;
  /** Voters that may still be leader. */
  readonly candidates: string[];
  leader: string | null;
  /** The task of the proposal that was chosen. */
  chosen: number | null;
  /** Why there is none. */
  refusal: string | null;
}

/**
 * `agents` proposers answer the goal, then vote on all the proposals in rounds; between rounds they see how the others voted and why.
 * The quorum is one of all voters that are known, also of those that failed. Without one, a leader elected by majority decides, or the goal fails.
 */
export const consensus: Strategy<ConsensusState> = {
  name: 'consensus',
  speculates: () => false,
  begin({ options, agents }) {
    if (options.type !== 'consensus') throw new Error(`the consensus was given the options of ${options.type}`);
    const voters = Array.from({ length: agents }, (_, index) => `p${index + 1}`);
    return {
      voters,
      electorate: electorateOf(options.quorum ?? 'majority', voters),
      rounds: options.rounds ?? roundsDefault,
      noQuorum: options.noQuorum ?? 'leader',
      ...(options.answerSeconds === undefined ? {} : { answerMs: Math.ceil(options.answerSeconds * 1_000) }),
      phase: 'propose',
      proposals: voters.map(() => null),
      due: voters.map((_, index) => index),
      out: voters.map((_, index) => index),
      polls: [],
      term: 0,
      candidates: [],
      leader: null,
      chosen: null,
      refusal: null,
    };
  },
  next(state) {
    const index = state.due.shift();
    if (index === undefined) return undefined;
    const voter = voterOf(state, index);
    switch (state.phase) {
      case 'propose':
        return { role: 'propose', name: `proposal of ${voter}`, part: 0, place: [0, index] };
      case 'vote':
        return onProposals(state, { role: 'vote', name: `ballot of ${voter} in round ${state.polls.length}`, place: [state.polls.length, index] });
      case 'decide':
        return onProposals(state, { role: 'decide', name: `decision of ${voter} in term ${state.term}`, place: [state.rounds + state.term, index] });
      case 'over':
        return undefined;
    }
  },
  brief(state, [stage = 0, index = 0], goal) {
    const voter = voterOf(state, index);
    if (stage === 0) return { prompt: proposePrompt(goal, voter, state.voters.length) };
    const labels = labelsOf(state);
    const mergeNames = labels.map((label) => `proposal ${label}`);
    if (stage > state.rounds) {
      return {
        prompt: decidePrompt(goal, voter, labels),
        mergeNames,
        material: state.polls.flatMap((poll) => [tallySoFar(state.electorate, poll), ballotsSoFar(poll)]),
      };
    }
    const before = state.polls.slice(0, stage - 1).flatMap((poll) => [tallySoFar(state.electorate, poll), ballotsSoFar(poll)]);
    return { prompt: votePrompt(goal, voter, labels, stage, state.rounds), mergeNames, material: before };
  },
  completed(state, [stage = 0, index = 0], { task, text }) {
    if (!takeEnd(state, stage, index)) return [];
    if (stage === 0) {
      state.proposals[index] = task;
      return proposed(state);
    }
    return state.phase === 'vote' ? [...castBallot(state, index, text), ...voted(state)] : decided(state, index, text);
  },
  failed(state, [stage = 0, index = 0]) {
    if (!takeEnd(state, stage, index)) return [];
    if (stage === 0) return proposed(state);
    return state.phase === 'vote' ? voted(state) : nextLeader(state, `${state.leader} failed to decide`);
  },
  end(state) {
    if (state.chosen !== null) return { result: state.chosen, partial: state.proposals.filter((task) => task === null).length };
    if (state.refusal !== null) return { refused: { code: 'no_quorum', message: state.refusal } };
    return state.phase === 'over' ? { failed: -1 } : undefined;
  },
  taskMsMax: ({ answerMs }) => answerMs,
  contributes: (state, task) => task === state.chosen,
  expected: ({ voters, rounds }) => voters.length * (1 + rounds),
};

function voterOf(state: ConsensusState, index: number): string {
  const voter = state.voters[index];
  if (voter === undefined) throw new Error(`there is no voter ${index + 1}`);
  return voter;
}

/** The voters that made a proposal, as indices; their order is that of the labels. */
function proposers(state: ConsensusState): number[] {
  return state.proposals.flatMap((task, index) => (task === null ? [] : [index]));
}

function labelsOf(state: ConsensusState): string[] {
  return proposers(state).map((_, at) => labelOf(at));
}

function onProposals(state: ConsensusState, task: NewTask): NewTask {
  return { ...task, merges: state.proposals.flatMap((proposal) => (proposal === null ? [] : [proposal])) };
}

/** False for the end of a task that this phase does not wait for. */
function takeEnd(state: ConsensusState, stage: number, index: number): boolean {
  const now = state.phase === 'propose' ? 0 : state.phase === 'vote' ? state.polls.length : state.phase === 'decide' ? state.rounds + state.term : -1;
  const at = state.out.indexOf(index);
  if (stage !== now || at < 0) return false;
  state.out.splice(at, 1);
  return true;
}

function proposed(state: ConsensusState): EmittedFact[] {
  if (state.out.length > 0) return [];
  const able = proposers(state);
  if (able.length === 0) {
    state.phase = 'over';
    return [];
  }
  const votes = able.reduce((sum, index) => sum + weightOf(state.electorate, voterOf(state, index)), 0);
  if (votes >= state.electorate.needed) return openRound(state);
  return withoutQuorum(state, `only ${able.length} of ${state.voters.length} proposers are left, and they cannot make the quorum`);
}

function openRound(state: ConsensusState): EmittedFact[] {
  state.phase = 'vote';
  const able = proposers(state);
  state.polls.push(openPoll(state.polls.length + 1, labelsOf(state)));
  state.due.push(...able);
  state.out.push(...able);
  return [];
}

function pollOf(state: ConsensusState): Poll {
  const poll = state.polls.at(-1);
  if (poll === undefined) throw new Error('no round has begun');
  return poll;
}

function castBallot(state: ConsensusState, index: number, text: string): EmittedFact[] {
  const poll = pollOf(state);
  const voter = voterOf(state, index);
  const { choice, rationale, unreadable } = readVote('VOTE', text, poll.choices);
  const refusal = cast(state.electorate, poll, { round: poll.round, voter, choice, rationale });
  if (refusal !== undefined) throw new Error(`the ballot of ${voter} in round ${poll.round} is refused: ${refusal}`);
  return [
    { type: 'vote.cast', data: { round: poll.round, voter, choice: choice ?? 'abstain', rationale, ...(unreadable === undefined ? {} : { unreadable }) } },
  ];
}

/** After each ballot: a quorum decides at once; a round that is over leads to the next, or to what comes without a quorum. */
function voted(state: ConsensusState): EmittedFact[] {
  const { electorate } = state;
  const poll = pollOf(state);
  const last = poll.round >= state.rounds;
  const {
    votes,
    decided: choice,
    reachable,
  } = tallyOf(
    electorate,
    poll,
    state.out.map((index) => voterOf(state, index)),
  );
  if (choice !== null) {
    const data = {
      round: poll.round,
      choice,
      votes: shownVotes(electorate, votes[choice] ?? 0),
      needed: shownVotes(electorate, electorate.needed),
      of: shownVotes(electorate, electorate.total),
      by: 'quorum',
    };
    return [choose(state, choice, data)];
  }
  const hopeless = last && !reachable && state.noQuorum === 'fail';
  if (state.out.length > 0 && !hopeless) return [];
  if (!last) return openRound(state);
  const most = Math.max(0, ...Object.values(votes));
  return withoutQuorum(
    state,
    `after ${poll.round} round(s) the most votes for one proposal are ${shownVotes(electorate, most)}, and ${shownVotes(electorate, electorate.needed)} of ${shownVotes(electorate, electorate.total)} are needed`,
  );
}

function choose(state: ConsensusState, label: string, data: Readonly<Record<string, unknown>>): EmittedFact {
  const index = proposers(state)[labelsOf(state).indexOf(label)];
  const task = index === undefined ? undefined : state.proposals[index];
  if (index === undefined || task === undefined || task === null) throw new Error(`there is no proposal ${label}`);
  state.chosen = task;
  close(state);
  return { type: 'round.decided', data: { ...data, proposer: voterOf(state, index), task: `t${task}` } };
}

function close(state: ConsensusState): void {
  state.phase = 'over';
  state.due.length = 0;
  state.out.length = 0;
}

function withoutQuorum(state: ConsensusState, why: string): EmittedFact[] {
  if (state.noQuorum === 'fail') {
    close(state);
    state.refusal = `no quorum: ${why}; allow more rounds, ask for a smaller quorum, or let a leader decide`;
    return [];
  }
  state.candidates.push(...byVotes(state));
  return nextLeader(state, why);
}

/** Whose proposal got the most votes in the last round stands first; equals in the order of the voters. */
function byVotes(state: ConsensusState): string[] {
  const poll = state.polls.at(-1);
  const votes = poll === undefined ? {} : tallyOf(state.electorate, poll).votes;
  return proposers(state)
    .map((index, at) => ({ voter: voterOf(state, index), votes: votes[labelOf(at)] ?? 0, at }))
    .sort((a, b) => b.votes - a.votes || a.at - b.at)
    .map(({ voter }) => voter);
}

/** Elects the next leader among the voters that are left; one that cannot decide makes room for the next, in a higher term. */
function nextLeader(state: ConsensusState, why: string): EmittedFact[] {
  const lost = state.leader === null ? -1 : state.candidates.indexOf(state.leader);
  if (lost >= 0) state.candidates.splice(lost, 1);
  close(state);
  const elected = electAmong(state.voters, state.candidates, state.candidates, state.term);
  if (elected === undefined) {
    state.refusal = `no quorum: ${why}; and no leader has a majority, for only ${state.candidates.length} of ${state.voters.length} voters are left to elect one`;
    return [];
  }
  state.term = elected.term;
  state.leader = elected.leader;
  state.phase = 'decide';
  const index = state.voters.indexOf(elected.leader);
  state.due.push(index);
  state.out.push(index);
  return [{ type: 'leader.elected', data: { ...elected, of: state.voters.length, rationale: `${why}; the proposer with the most votes stands first` } }];
}

function decided(state: ConsensusState, index: number, text: string): EmittedFact[] {
  const leader = voterOf(state, index);
  const { choice, rationale, unreadable } = readVote('DECISION', text, labelsOf(state));
  if (choice === null) return nextLeader(state, `${leader} did not decide (${unreadable ?? 'it abstained'})`);
  const round = state.polls.length;
  return [choose(state, choice, { round, choice, by: leader, term: state.term, rationale: rationale.slice(0, rationaleCharsMax) })];
}
