import type { ElectionInput } from '../election/election.ts';
import type { MemberQuestion, MemberVote } from './member-messages.ts';

/** One ballot: whose, of which round. */
interface Ballot extends MemberVote {
  readonly voter: string;
  readonly round: number;
}

/** What a member of a group takes. */
export type MemberInput =
  | {
      readonly type: 'member.join';
      readonly machine: 'member';
      readonly version: number;
      readonly node: string;
      readonly epoch: 1;
      readonly group: string;
      readonly self: string;
      readonly members: readonly string[];
    }
  | { readonly type: 'cell.opened'; readonly node: string; readonly epoch: number }
  /** Something of an election: heard from another member, or decided by this one. */
  | { readonly type: 'election.step'; readonly step: ElectionInput }
  | { readonly type: 'message.broadcast'; readonly body: unknown }
  | {
      readonly type: 'broadcast.ended';
      readonly reached: readonly string[];
      readonly missed: readonly { readonly member: string; readonly code: string }[];
    }
  | { readonly type: 'message.heard'; readonly from: string; readonly body: unknown }
  /** This member asks the others to vote. */
  | { readonly type: 'ballot.ask'; readonly question: MemberQuestion; readonly of: readonly string[] }
  /** Another member asks this one. */
  | { readonly type: 'ballot.heard'; readonly from: string; readonly question: MemberQuestion }
  /** This member's ballot, before anybody is told of it. */
  | ({ readonly type: 'ballot.cast' } & Ballot)
  /** The ballot of another, as it came. */
  | ({ readonly type: 'ballot.taken' } & Ballot)
  | {
      readonly type: 'round.close';
      readonly round: number;
      readonly choice: string | null;
      /** `quorum`, or the leader; null when nothing was decided. */
      readonly by: string | null;
      readonly votes: Readonly<Record<string, number>>;
      readonly needed: number;
    };
