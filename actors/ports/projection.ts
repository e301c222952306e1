import type { JournalEntry } from './journal.ts';

/** One change of an index: `value` JSON text, null removes the key. */
export interface ProjectionChange {
  readonly key: string;
  readonly value: string | null;
}

/**
 * What an index makes of an entry. Pure; reads only what is handed in: the entry and the present values of the keys it asks for.
 * Applied in the same transaction as the append where the store can, else by a follower that keeps its position.
 */
export interface Projector {
  readonly name: string;
  /** Another version rebuilds the index from the journals. */
  readonly version: number;
  project(entry: JournalEntry, current: (key: string) => string | undefined): readonly ProjectionChange[];
}

export interface ProjectionRow {
  readonly key: string;
  readonly value: string;
}

/** The ordered key-value rows of an index, with the journal position they are true for. */
export interface Projection {
  /** The sequence of the last entry applied. */
  applied(): Promise<number>;
  get(key: string): Promise<string | undefined>;
  /** Rows whose key begins with `prefix`, in order of key (or reversed), after `after` in that order. */
  scan(options: { prefix: string; after?: string; limit: number; reverse?: boolean }): Promise<readonly ProjectionRow[]>;
  /** A row that is no fact of a journal, such as the due time of a sleeping cell. It is gone after a rebuild. */
  put(change: ProjectionChange): Promise<void>;
  /** Throws all rows away and folds the journal again; answers how many entries were read. */
  rebuild(): Promise<number>;
}
