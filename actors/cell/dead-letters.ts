import type { Input } from './kind.ts';

/** A message whose fate was not to be journaled. */
export interface DeadInput {
  readonly stream: string;
  readonly input: Input;
  readonly reason: string;
  readonly at: number;
  /** Something is lost without it: it should be stored where it can be listed. */
  readonly durable?: boolean;
}

export type DeadInputs = (dead: DeadInput) => void;
