import { FlockworkError } from '../../protocols/errors/error.ts';
import type { PostResult } from './cell-options.ts';
import type { Step } from './fold.ts';
import type { Input } from './kind.ts';

/** Inputs that only the cell itself makes. */
const ownInputs: ReadonlySet<string> = new Set(['cell.opened', 'tool.started', 'actor.poison']);

/** True for a type that nobody may post: it would drive the actor past its cell. */
export function isForged(type: string): boolean {
  return type.startsWith('xstate.') || ownInputs.has(type);
}

/** An input on its way through the mailbox, with whoever waits for its fate. */
export interface Envelope {
  readonly input: Input;
  readonly outside: boolean;
  readonly done?: (result: PostResult) => void;
  readonly failed?: (error: unknown) => void;
}

/** An input that the machine has taken, as it will be appended. */
export interface Stepped {
  readonly envelope: Envelope;
  readonly line: string;
  readonly step: Step;
  readonly n: number;
  /** The time of the record. */
  readonly at: number;
  readonly state: string;
  readonly context: Readonly<Record<string, unknown>>;
}

/** The input by which the cell ends the actor itself, not through the machine. */
export function poison(message: string): Input {
  return { type: 'actor.poison', code: 'actor_poisoned', message: message.slice(0, 1_024) };
}

/** What a poster is told whose message was not stored. */
export function closed(stream: string): FlockworkError {
  return new FlockworkError('closed', `the cell of ${stream} has stopped; the message was not stored, send it again`, { details: { stream } });
}

/** What a poster is told whose message the cell has no room for. */
export function mailboxFull(stream: string, mailboxMessagesMax: number): FlockworkError {
  return new FlockworkError('mailbox_full', `${stream} has ${mailboxMessagesMax} messages waiting; send it again later`, {
    details: { stream, mailboxMessagesMax },
  });
}

/** What a poster is told whose message is of a type that nobody may post. */
export function refusedType(type: string): FlockworkError {
  return new FlockworkError('invalid_request', `the message type '${type}' is refused`, { details: { type } });
}
