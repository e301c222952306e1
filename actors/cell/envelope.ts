import { FlockworkError } from '../../protocols/errors/error.ts';
import type { PostResult } from './cell-options.ts';
import type { Step } from './fold.ts';
import type { Input } from './kind.ts';

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
