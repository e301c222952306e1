/** One key of a goal's memory. */
export interface MemoryEntry {
  /** The number of the write that set it, counted over the whole goal: a key that was deleted and set again never has an old version. */
  readonly version: number;
  /** The agent that set it. */
  readonly by: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Of the value's JSON. */
  readonly bytes: number;
  readonly value: unknown;
}

/** What all agents of one goal share. Plain JSON, updated in place. */
export interface SharedMemory {
  writes: number;
  bytes: number;
  entries: Record<string, MemoryEntry>;
  /** By task: the attempt that has written. */
  writers: Record<string, number>;
  /** quota.warned has been told. */
  warned: boolean;
}

/** What an agent is told of a call that its coordinator answers. */
export interface SwarmAnswer {
  readonly ok: boolean;
  readonly text: string;
  /** Of the error catalogue; only when not `ok`. */
  readonly code?: string;
}

/** The last call of one attempt that changed something, and what it was told. */
export interface LastAnswer {
  readonly call: string;
  readonly answer: SwarmAnswer;
}
