/** What processes did and were told, as they wrote it down themselves, and what is stored in the end. Times in milliseconds since 1970. */

/** One line of a journal of the runs. `by` is the process that wrote it. */
export type Line =
  | { readonly kind: 'opened'; readonly n: number; readonly epoch: number; readonly by: string }
  | { readonly kind: 'decided'; readonly n: number; readonly epoch: number; readonly by: string; readonly decision: number }
  | { readonly kind: 'message'; readonly n: number; readonly epoch: number; readonly by: string; readonly id: string }
  | { readonly kind: 'result'; readonly n: number; readonly by: string; readonly task: string };

/** What was asked of the bus. */
export type Asked =
  | { readonly op: 'append'; readonly stream: string; readonly after: string; readonly line: string }
  | { readonly op: 'take' | 'renew' | 'resign'; readonly key: string; readonly ttlMs: number }
  | { readonly op: 'push'; readonly queue: QueueName; readonly lane: string; readonly id: string }
  | { readonly op: 'claim'; readonly queue: QueueName; readonly topic: string }
  | { readonly op: 'ack'; readonly queue: QueueName; readonly id: string }
  | { readonly op: 'put'; readonly key: string; readonly value: string; readonly over: number }
  | { readonly op: 'read'; readonly key: string };
export type QueueName = 'tasks' | 'inbox';

/** What it answered, as far as the kind of operation has one. */
export interface Answered {
  readonly position?: string;
  readonly revision?: number;
  readonly value?: string;
  readonly claimed?: readonly { readonly id: string; readonly deliveries: number }[];
}

export interface Operation {
  /** The process, a new name after each restart. */
  readonly peer: string;
  readonly begin: number;
  /** Absent: the process did not live to hear it. */
  readonly end?: number;
  /** `refused`: certainly not done. `unknown`: done or not, or done later. */
  readonly outcome: 'ok' | 'refused' | 'unknown';
  readonly asked: Asked;
  readonly answered: Answered;
}

/** An entry that a follower was handed. */
export interface Seen {
  readonly peer: string;
  readonly sequence: number;
  readonly stream: string;
  readonly line: string;
}

export interface StoredLine {
  readonly sequence: number;
  readonly position: string;
  readonly line: string;
}

export interface History {
  readonly operations: readonly Operation[];
  readonly seen: readonly Seen[];
  /** Processes that lived to the end, with the last sequence that each was to have seen. */
  readonly survivors: readonly string[];
  /** The journals at the end, by stream. */
  readonly stored: ReadonlyMap<string, readonly StoredLine[]>;
  /** The server was killed: it may hand over again what was acknowledged a moment before. */
  readonly serverDied: boolean;
}

/** The share of its time for which the holder of a lease believes in it, counted from before the question. */
export const leaseShare = 0.8;
