import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import { setImmediate as turn } from 'node:timers/promises';
import type { JournalEntry } from '../../../actors/ports/journal.ts';
import { readPageCharactersMax, readPageEntriesMax } from './bounds.ts';
import { accessPath, matcherOf } from './pattern.ts';
import { storeError } from './store-error.ts';

// CROSS JOIN keeps the journal as the outer loop, so that its index gives the order of sequence.
const entries = (where: string): string =>
  `SELECT j.sequence AS sequence, s.name AS name, j.body AS body FROM journal AS j CROSS JOIN streams AS s ON s.id = j.stream
   WHERE ${where} j.sequence > ? AND j.sequence <= ? ORDER BY j.sequence LIMIT ${readPageEntriesMax}`;

interface Range {
  /** Exclusive. */
  readonly after: number;
  /** Inclusive. */
  readonly head: number;
}

interface Page {
  readonly entries: readonly JournalEntry[];
  /** Where the next page begins, undefined when this was the last. */
  readonly next?: number;
}

export function entryOf(sequence: number, stream: string, body: string): JournalEntry {
  return { sequence, stream, position: String(sequence), records: body.split('\n') };
}

/** Reads committed entries page by page, by the narrowest index that the pattern allows. */
export class JournalReader {
  readonly #byStream: StatementSync;
  readonly #byRoot: StatementSync;
  readonly #byShard: StatementSync;
  readonly #all: StatementSync;

  constructor(database: DatabaseSync) {
    this.#byStream = database.prepare(entries('j.stream = (SELECT id FROM streams WHERE name = ?) AND'));
    this.#byRoot = database.prepare(entries('j.root = (SELECT id FROM roots WHERE subject = ?) AND'));
    this.#byShard = database.prepare(entries('j.shard = ? AND'));
    this.#all = database.prepare(entries(''));
  }

  /** Entries of the range that match, at most `limit`, one turn of the event loop between pages. */
  async *read(pattern: string, range: Range, limit: number): AsyncGenerator<JournalEntry, void, undefined> {
    const matches = matcherOf(pattern);
    let left = limit;
    for (let after: number | undefined = range.after; after !== undefined && left > 0; ) {
      const page = this.page(pattern, { after, head: range.head });
      for (const entry of page.entries) {
        if (left <= 0) return;
        if (!matches(entry.stream)) continue;
        left--;
        yield entry;
      }
      after = page.next;
      if (after !== undefined) await turn();
    }
  }

  /** One page, synchronously; the entries are those of the index, before they are matched. */
  page(pattern: string, range: Range): Page {
    const page: JournalEntry[] = [];
    let characters = 0;
    try {
      for (const row of this.#rows(pattern, range)) {
        const entry = entryOf(Number(row['sequence']), String(row['name']), String(row['body']));
        characters += String(row['body']).length;
        page.push(entry);
        if (characters >= readPageCharactersMax) return { entries: page, next: entry.sequence };
      }
    } catch (error) {
      throw storeError(error, `read the journal by ${pattern}`);
    }
    const last = page.at(-1);
    return page.length < readPageEntriesMax || last === undefined ? { entries: page } : { entries: page, next: last.sequence };
  }

  #rows(pattern: string, { after, head }: Range): Iterable<Record<string, SQLOutputValue>> {
    const path = accessPath(pattern);
    if (path.type === 'stream') return this.#byStream.iterate(path.name, after, head);
    if (path.type === 'root') return this.#byRoot.iterate(path.subject, after, head);
    if (path.type === 'shard') return this.#byShard.iterate(path.shard, after, head);
    return this.#all.iterate(after, head);
  }
}
