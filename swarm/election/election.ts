/**
 * Leader election by majority with terms, after Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm" (Raft), section 5.2.
 * There is no log: a term, a vote, a leader. Pure: the host keeps the inputs (or term and vote) durable before it sends what a step answers.
 */

/** What members say to each other. */
export type ElectionMessage = {
  readonly term: number;
  readonly from: string;
} & (
  | { readonly type: 'vote.request' }
  | { readonly type: 'vote.answer'; readonly granted: boolean }
  | { readonly type: 'leader.heartbeat' }
  | { readonly type: 'term.told' }
);

export type ElectionInput =
  /** Nobody was heard of in time, or somebody wants this member to stand. */
  | { readonly type: 'election.timeout' }
  /** Time for a leader to show that it lives. */
  | { readonly type: 'heartbeat.due' }
  /** The member comes back after a crash: what it knew of a leader is old, its term and its vote are not. */
  | { readonly type: 'member.reopened' }
  | ElectionMessage;

export type ElectionOutput =
  | { readonly type: 'send'; readonly to: string; readonly message: ElectionMessage }
  /** This member gave its one vote of the term. */
  | { readonly type: 'voted'; readonly term: number; readonly candidate: string }
  | { readonly type: 'elected'; readonly term: number; readonly leader: string; readonly votes: readonly string[]; readonly needed: number }
  /** Wait anew before standing: a leader, or a candidate that got this vote, has been heard of. */
  | { readonly type: 'wait' };

/** One member. Plain JSON, updated in place. */
export interface ElectionState {
  readonly self: string;
  /** All members, this one included; fixed. */
  readonly members: readonly string[];
  role: 'follower' | 'candidate' | 'leader';
  term: number;
  /** Who got this member's vote of the term. */
  votedFor: string | null;
  /** The leader of the term, as far as this member knows. */
  leader: string | null;
  /** Members that gave their vote to this candidate. */
  grants: string[];
}

export function openElection(
  self: string,
  members: readonly string[],
  known: { readonly term: number; readonly votedFor: string | null } = { term: 0, votedFor: null },
): ElectionState {
  if (!members.includes(self)) throw new Error(`${self} is none of the members ${members.join(', ')}`);
  return { self, members, role: 'follower', term: known.term, votedFor: known.votedFor, leader: null, grants: [] };
}

/** Votes that make a leader. */
export function majorityOf(members: readonly string[]): number {
  return Math.floor(members.length / 2) + 1;
}

/** Takes one input. A message from a stranger changes nothing. */
export function stepElection(state: ElectionState, input: ElectionInput): ElectionOutput[] {
  switch (input.type) {
    case 'election.timeout':
      return state.role === 'leader' ? [] : stand(state);
    case 'heartbeat.due':
      return state.role === 'leader' ? toOthers(state, { type: 'leader.heartbeat' }) : [];
    case 'member.reopened':
      state.role = 'follower';
      state.leader = null;
      state.grants = [];
      return [{ type: 'wait' }];
    default:
      return state.members.includes(input.from) && input.from !== state.self ? heard(state, input) : [];
  }
}

function stand(state: ElectionState): ElectionOutput[] {
  state.term += 1;
  state.role = 'candidate';
  state.votedFor = state.self;
  state.leader = null;
  state.grants = [state.self];
  const voted: ElectionOutput = { type: 'voted', term: state.term, candidate: state.self };
  return [voted, { type: 'wait' }, ...toOthers(state, { type: 'vote.request' }), ...count(state)];
}

function heard(state: ElectionState, message: ElectionMessage): ElectionOutput[] {
  if (message.term > state.term) stepDown(state, message.term);
  switch (message.type) {
    case 'vote.request':
      return answerVote(state, message);
    case 'vote.answer':
      if (message.term < state.term || state.role !== 'candidate' || !message.granted || state.grants.includes(message.from)) return [];
      state.grants.push(message.from);
      return count(state);
    case 'leader.heartbeat':
      // A leader of an older term learns that it is one no more.
      if (message.term < state.term) return [send(state, message.from, { type: 'term.told' })];
      state.role = 'follower';
      state.leader = message.from;
      return [{ type: 'wait' }];
    case 'term.told':
      return [];
  }
}

function stepDown(state: ElectionState, term: number): void {
  state.term = term;
  state.role = 'follower';
  state.votedFor = null;
  state.leader = null;
  state.grants = [];
}

function answerVote(state: ElectionState, { term, from }: ElectionMessage): ElectionOutput[] {
  const granted = term === state.term && (state.votedFor === null || state.votedFor === from);
  const answer = send(state, from, { type: 'vote.answer', granted });
  if (!granted) return [answer];
  const first = state.votedFor === null;
  state.votedFor = from;
  return [...(first ? [{ type: 'voted' as const, term, candidate: from }] : []), { type: 'wait' }, answer];
}

function count(state: ElectionState): ElectionOutput[] {
  const needed = majorityOf(state.members);
  if (state.grants.length < needed) return [];
  state.role = 'leader';
  state.leader = state.self;
  return [{ type: 'elected', term: state.term, leader: state.self, votes: [...state.grants], needed }, ...toOthers(state, { type: 'leader.heartbeat' })];
}

type Said =
  | { readonly type: 'vote.request' }
  | { readonly type: 'vote.answer'; readonly granted: boolean }
  | { readonly type: 'leader.heartbeat' }
  | { readonly type: 'term.told' };

function send({ term, self }: ElectionState, to: string, said: Said): ElectionOutput {
  return { type: 'send', to, message: { ...said, term, from: self } };
}

function toOthers(state: ElectionState, said: Said): ElectionOutput[] {
  return state.members.filter((member) => member !== state.self).map((member) => send(state, member, said));
}
