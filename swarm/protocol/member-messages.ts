import { FlockworkError } from '../../protocols/errors/error.ts';
import type { ElectionMessage } from '../election/election.ts';

/** A ballot as its voter makes it; null = abstains. */
export interface MemberVote {
  readonly choice: string | null;
  readonly rationale: string;
}

/** What a member is asked to vote on, or, as the leader, to decide. */
export interface MemberQuestion {
  readonly question: string;
  readonly choices: readonly string[];
  readonly round: number;
  /** How the others voted in the rounds before. */
  readonly before: readonly (MemberVote & { readonly round: number; readonly voter: string })[];
  /** True when there was no quorum and this member, the leader, decides alone. */
  readonly deciding: boolean;
}

/** What members of a group ask each other. */
export type MemberRequest =
  | { readonly type: 'message'; readonly from: string; readonly body: unknown }
  | { readonly type: 'election'; readonly from: string; readonly message: ElectionMessage }
  | { readonly type: 'ballot'; readonly from: string; readonly question: MemberQuestion };

const electionTypes: ReadonlySet<string> = new Set(['vote.request', 'vote.answer', 'leader.heartbeat', 'term.told']);

/** Reads what came over the bus. Throws `invalid_request` for what no member of this version says. */
export function readRequest(text: string): MemberRequest {
  const value = objectOf(text);
  const { type, from } = value;
  if (typeof from === 'string') {
    if (type === 'message') return { type, from, body: value['body'] };
    if (type === 'election') return { type, from, message: readElection(value['message']) };
    const question = value['question'];
    if (type === 'ballot' && isQuestion(question)) return { type, from, question };
  }
  throw invalid('a request');
}

export function readElection(value: unknown): ElectionMessage {
  const message = value as Readonly<Record<string, unknown>> | null;
  const fits =
    typeof message === 'object' &&
    message !== null &&
    electionTypes.has(String(message['type'])) &&
    Number.isSafeInteger(message['term']) &&
    typeof message['from'] === 'string' &&
    (message['type'] !== 'vote.answer' || typeof message['granted'] === 'boolean');
  if (!fits) throw invalid('a message of the election');
  return message as unknown as ElectionMessage;
}

export function readVoteAnswer(text: string): MemberVote {
  const { choice, rationale } = objectOf(text);
  if ((typeof choice !== 'string' && choice !== null) || typeof rationale !== 'string') throw invalid('a ballot');
  return { choice, rationale };
}

function isQuestion(value: unknown): value is MemberQuestion {
  const question = value as Readonly<Record<string, unknown>> | null;
  return (
    typeof question === 'object' &&
    question !== null &&
    typeof question['question'] === 'string' &&
    Array.isArray(question['choices']) &&
    question['choices'].every((choice) => typeof choice === 'string') &&
    Number.isSafeInteger(question['round']) &&
    Array.isArray(question['before']) &&
    typeof question['deciding'] === 'boolean'
  );
}

function objectOf(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FlockworkError('invalid_json', 'a member of the group sent what is not JSON', { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('an object');
  return value as Readonly<Record<string, unknown>>;
}

function invalid(what: string): FlockworkError {
  return new FlockworkError('invalid_request', `a member of the group sent something that is not ${what} of this version`);
}
