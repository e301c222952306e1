/**
 * The journal: append-only streams, one per actor, in one store with one growing sequence.
 * A stream is named by its full subject (`flock.<tenant>.journal.<shard>.<root>.<actor>`).
 */

/** Where a stream stands; opaque, made by the implementation. `nothingBefore` is the empty stream. */
export type Position = string;
export const nothingBefore: Position = '0';

/** What one append stored: between 1 and 64 records, in order. Each is a line as `formatRecord` made it. */
export interface JournalEntry {
  /** Grows over the whole store; says nothing about gaps within one stream. */
  readonly sequence: number;
  readonly stream: string;
  /** The position after this entry: what the next append of this stream names. */
  readonly position: Position;
  readonly records: readonly string[];
}

export interface Subscription {
  /** Ends it; nothing is delivered after the promise resolves. */
  stop(): Promise<void>;
}

export interface ReadOptions {
  /** Only entries with a larger sequence. Default 0. */
  readonly after?: number;
  /** At most this many entries; default all up to the head as it was at the call. */
  readonly limit?: number;
}

export interface Journal {
  /** The identity of the store: part of every cursor, another one after a restore. Letters, digits, underscore. */
  readonly store: string;

  /**
   * Appends 1 to 64 records as one atomic entry if `after` is still the position of the stream, and resolves once they are durable.
   * Throws `journal_conflict` when another writer was there; `store_full`, `store_failed` when nothing was written.
   * An append whose answer was lost may be repeated with the same records: it answers as the first did.
   */
  append(stream: string, after: Position, records: readonly string[]): Promise<Position>;

  /** Entries whose stream matches (`*` and `>` as in subjects), in order of sequence; ends at the head as it was at the call. */
  read(pattern: string, options?: ReadOptions): AsyncIterable<JournalEntry>;

  /** Hands over each entry appended after the promise resolved, once, in order of sequence, never in the appender's own stack. */
  follow(pattern: string, onEntry: (entry: JournalEntry) => void): Promise<Subscription>;

  /** The largest sequence stored; 0 for an empty store. */
  head(): Promise<number>;
}
