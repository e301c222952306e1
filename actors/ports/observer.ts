import type { Fact } from '../../protocols/journal/facts.ts';
import type { ActorAddress } from '../../protocols/subjects.ts';

/** What inspector and telemetry see of a cell after each step; nothing they do can hurt the actor. */
export interface Observation {
  readonly actor: ActorAddress;
  readonly parent?: string;
  readonly machine: string;
  /** The number of the record. */
  readonly seq: number;
  /** When the record was made, in milliseconds since 1970. */
  readonly at: number;
  /** The facts of the record. */
  readonly facts: readonly Fact[];
  /** The type of the input. */
  readonly event: string;
  /** The state as a dotted path. */
  readonly state: string;
  /** Only the keys that the machine allows to be seen. */
  readonly context: Readonly<Record<string, unknown>>;
  readonly mailboxDepth: number;
  readonly restarts: number;
}

export type Observer = (observation: Observation) => void;
