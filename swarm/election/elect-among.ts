import { type ElectionState, openElection, stepElection } from './election.ts';

export interface Elected {
  readonly term: number;
  readonly leader: string;
  /** Who voted for it. */
  readonly votes: readonly string[];
  readonly needed: number;
}

/**
 * An election among members that one actor speaks for: the candidates stand in this order, one term each, and every member that is
 * present gives its one vote of the term. Undefined when nobody gets a majority of all members. `after` is the last term that is used up.
 */
export function electAmong(members: readonly string[], present: readonly string[], candidates: readonly string[], after: number): Elected | undefined {
  const states = new Map<string, ElectionState>(present.map((member) => [member, openElection(member, members, { term: after, votedFor: null })]));
  for (const candidate of candidates) {
    const standing = states.get(candidate);
    if (standing === undefined) continue;
    // A candidate stands in the term after the newest that any member knows.
    const waiting = stepElection(standing, { type: 'election.timeout' });
    for (let output = waiting.shift(); output !== undefined; output = waiting.shift()) {
      if (output.type === 'elected') return { term: output.term, leader: output.leader, votes: output.votes, needed: output.needed };
      if (output.type !== 'send') continue;
      const to = states.get(output.to);
      if (to !== undefined) waiting.push(...stepElection(to, output.message));
    }
  }
  return undefined;
}
