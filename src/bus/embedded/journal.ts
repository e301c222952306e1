import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type Journal, type JournalEntry, nothingBefore, type Position, type ReadOptions, type Subscription } from '../../../actors/ports/journal.ts';
import { FlockworkError } from '../../../protocols/errors/error.ts';
import { appendRecordsMax, recordBytesMax } from '../../../protocols/journal/record.ts';
import { isToken, parseJournalSubject } from '../../../protocols/subjects.ts';
import { streamsLatelyMax } from './bounds.ts';
import { storeId } from './database.ts';
import type { Followers } from './followers.ts';
import type { CommitParticipant, GroupCommit } from './group-commit.ts';
import { entryOf, type JournalReader } from './journal-reader.ts';
import type { EmbeddedProjection } from './projection.ts';

interface StreamRow {
  readonly id: number;
  readonly root: number;
  readonly shard: number;
  /** Where the stream stands. */
  readonly position: Position;
}

function checkRecords(stream: string, records: readonly string[]): void {
  if (records.length < 1 || records.length > appendRecordsMax) {
    throw new FlockworkError('invalid_request', `an append to ${stream} has ${records.length} records; give 1 to ${appendRecordsMax}`, {
      details: { stream, records: records.length },
    });
  }
  for (const [index, record] of records.entries()) {
    const bytes = Buffer.byteLength(record);
    if (bytes > recordBytesMax) {
      throw new FlockworkError(
        'record_too_large',
        `record ${index} of an append to ${stream} has ${bytes} bytes, the bound is ${recordBytesMax}; store large values as blobs`,
        {
          details: { stream, index, bytes, recordBytesMax },
        },
      );
    }
    // The store joins records with newlines, and would change what is not Unicode.
    if (record.includes('\n') || !record.isWellFormed()) {
      throw new FlockworkError('invalid_request', `record ${index} of an append to ${stream} is not one line of well-formed text`, {
        details: { stream, index },
      });
    }
  }
}

/** The journal as rows of one table: an entry is one row, its position is its sequence. */
export class EmbeddedJournal implements Journal, CommitParticipant {
  readonly store: string;
  readonly #commits: GroupCommit;
  readonly #reader: JournalReader;
  readonly #followers: Followers;
  readonly #projection: EmbeddedProjection;
  readonly #findStream: StatementSync;
  readonly #lastOf: StatementSync;
  readonly #bodyAfter: StatementSync;
  readonly #findRoot: StatementSync;
  readonly #addRoot: StatementSync;
  readonly #addStream: StatementSync;
  readonly #addEntry: StatementSync;
  /** The streams appended to lately, as the running transaction sees them; this process is the only writer. */
  readonly #lately = new Map<string, StreamRow>();
  #head: number;
  #entries = 0;
  /** Entries of the running transaction. */
  #written: JournalEntry[] = [];

  constructor(database: DatabaseSync, parts: { commits: GroupCommit; reader: JournalReader; followers: Followers; projection: EmbeddedProjection }) {
    this.store = storeId(database);
    this.#commits = parts.commits;
    this.#reader = parts.reader;
    this.#followers = parts.followers;
    this.#projection = parts.projection;
    this.#findStream = database.prepare('SELECT id, root, shard FROM streams WHERE name = ?');
    this.#lastOf = database.prepare('SELECT sequence FROM journal WHERE stream = ? ORDER BY sequence DESC LIMIT 1');
    this.#bodyAfter = database.prepare('SELECT sequence, body FROM journal WHERE stream = ? AND sequence > ? ORDER BY sequence LIMIT 1');
    this.#findRoot = database.prepare('SELECT id FROM roots WHERE subject = ?');
    this.#addRoot = database.prepare('INSERT INTO roots(subject, shard) VALUES (?, ?) RETURNING id');
    this.#addStream = database.prepare('INSERT INTO streams(name, root, shard) VALUES (?, ?, ?) RETURNING id');
    this.#addEntry = database.prepare('INSERT INTO journal(sequence, stream, root, shard, body) VALUES (?, ?, ?, ?, ?)');
    this.#head = Number(database.prepare('SELECT coalesce(max(sequence), 0) AS head FROM journal').get()?.['head']);
  }

  /** Entries appended since the bus was opened. */
  get entries(): number {
    return this.#entries;
  }

  async append(stream: string, after: Position, records: readonly string[]): Promise<Position> {
    checkRecords(stream, records);
    const body = records.join('\n');
    return this.#commits.run(`append to ${stream}`, () => this.#append(stream, after, body));
  }

  read(pattern: string, options: ReadOptions = {}): AsyncIterable<JournalEntry> {
    const range = { after: options.after ?? 0, head: this.#head };
    return this.#reader.read(pattern, range, options.limit ?? Number.POSITIVE_INFINITY);
  }

  async follow(pattern: string, onEntry: (entry: JournalEntry) => void): Promise<Subscription> {
    return this.#followers.add(pattern, this.#head, onEntry);
  }

  async head(): Promise<number> {
    return this.#head;
  }

  beforeCommit(): void {
    const last = this.#written.at(-1);
    if (last !== undefined) this.#projection.markApplied(last.sequence);
  }

  afterCommit(): void {
    const last = this.#written.at(-1);
    if (last === undefined) return;
    this.#head = last.sequence;
    this.#entries += this.#written.length;
    this.#followers.deliver(this.#written);
    this.#written = [];
  }

  afterFailure(): void {
    this.#written = [];
    this.#lately.clear();
  }

  #append(stream: string, after: Position, body: string): Position {
    // Put back only when the whole append went well: a throw undoes it alone.
    const known = this.#lately.get(stream) ?? this.#find(stream);
    this.#lately.delete(stream);
    const found = known?.position ?? nothingBefore;
    if (found !== after) {
      const repeated = known === undefined ? undefined : this.#repeated(known, after, body);
      if (repeated !== undefined) return repeated;
      throw new FlockworkError(
        'journal_conflict',
        `${stream} is at position ${found}, not at ${after}: another writer was there; stop the cell and fold the journal again`,
        {
          details: { stream, expected: after, found },
        },
      );
    }
    const { id, root, shard } = known ?? this.#make(stream);
    const sequence = (this.#written.at(-1)?.sequence ?? this.#head) + 1;
    this.#addEntry.run(sequence, id, root, shard, body);
    const entry = entryOf(sequence, stream, body);
    this.#projection.apply(entry);
    this.#written.push(entry);
    this.#remember(stream, { id, root, shard, position: entry.position });
    return entry.position;
  }

  #find(stream: string): StreamRow | undefined {
    const row = this.#findStream.get(stream);
    if (row === undefined) return undefined;
    const last = this.#lastOf.get(Number(row['id']));
    const position = last === undefined ? nothingBefore : String(last['sequence']);
    return { id: Number(row['id']), root: Number(row['root']), shard: Number(row['shard']), position };
  }

  #remember(stream: string, row: StreamRow): void {
    this.#lately.set(stream, row);
    if (this.#lately.size <= streamsLatelyMax) return;
    for (const oldest of this.#lately.keys()) {
      this.#lately.delete(oldest);
      return;
    }
  }

  /** The position that the same append got before its answer was lost. Salts make equal records of two writers impossible. */
  #repeated({ id }: StreamRow, after: Position, body: string): Position | undefined {
    const before = Number(after);
    if (!Number.isSafeInteger(before)) return undefined;
    const row = this.#bodyAfter.get(id, before);
    return row !== undefined && row['body'] === body ? String(row['sequence']) : undefined;
  }

  #make(stream: string): StreamRow {
    const address = parseJournalSubject(stream);
    if (address === undefined || ![address.tenant, address.root, address.actor].every(isToken) || !Number.isInteger(address.shard)) {
      throw new FlockworkError('subject_invalid', `'${stream}' is not the subject of a journal (flock.<tenant>.journal.<shard>.<root>.<actor>)`, {
        details: { stream },
      });
    }
    const { shard } = address;
    const subject = stream.slice(0, stream.lastIndexOf('.'));
    const root = Number((this.#findRoot.get(subject) ?? this.#addRoot.get(subject, shard))?.['id']);
    return { id: Number(this.#addStream.get(stream, root, shard)?.['id']), root, shard, position: nothingBefore };
  }
}
