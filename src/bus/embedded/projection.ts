import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { JournalEntry } from '../../../actors/ports/journal.ts';
import type { Projection, ProjectionChange, ProjectionRow, Projector } from '../../../actors/ports/projection.ts';
import { journalPattern } from '../../../protocols/subjects.ts';
import { markEntriesMax } from './bounds.ts';
import type { GroupCommit } from './group-commit.ts';
import type { JournalReader } from './journal-reader.ts';
import { reading, storeError } from './store-error.ts';

/** Rows that one statement puts. */
const rowsAtOnceMax = 4;
/** Above every key that begins with the prefix before it, in the binary order of UTF-8. */
const afterAll = '\u{10ffff}';

/** The rows of one index, changed in the transaction of the append that they follow from. */
export class EmbeddedProjection implements Projection {
  readonly #commits: GroupCommit;
  readonly #reader: JournalReader;
  readonly #projector: Projector;
  readonly #get: StatementSync;
  /** Puts of one row, of two, …: what one entry changes is one statement. */
  readonly #puts: readonly StatementSync[];
  readonly #remove: StatementSync;
  readonly #clear: StatementSync;
  readonly #forward: StatementSync;
  readonly #backward: StatementSync;
  readonly #state: StatementSync;
  readonly #mark: StatementSync;
  readonly #head: StatementSync;
  readonly #current: (key: string) => string | undefined;
  /** The last entry that the store says is applied, and whether one after it changed a row. */
  #marked = 0;
  #changed = false;

  constructor(database: DatabaseSync, parts: { commits: GroupCommit; reader: JournalReader; projector: Projector }) {
    this.#commits = parts.commits;
    this.#reader = parts.reader;
    this.#projector = parts.projector;
    this.#get = database.prepare('SELECT value FROM projected WHERE projection = ? AND key = ?');
    this.#puts = Array.from({ length: rowsAtOnceMax }, (_, more) =>
      database.prepare(
        `INSERT INTO projected(projection, key, value) VALUES ${'(?, ?, ?), '.repeat(more)}(?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value`,
      ),
    );
    this.#remove = database.prepare('DELETE FROM projected WHERE projection = ? AND key = ?');
    this.#clear = database.prepare('DELETE FROM projected WHERE projection = ?');
    this.#forward = database.prepare('SELECT key, value FROM projected WHERE projection = ? AND key >= ? AND key < ? AND key > ? ORDER BY key LIMIT ?');
    this.#backward = database.prepare('SELECT key, value FROM projected WHERE projection = ? AND key >= ? AND key < ? AND key < ? ORDER BY key DESC LIMIT ?');
    this.#state = database.prepare('SELECT version, applied FROM projections WHERE name = ?');
    this.#mark = database.prepare(
      'INSERT INTO projections(name, version, applied) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET version = excluded.version, applied = excluded.applied',
    );
    this.#head = database.prepare('SELECT coalesce(max(sequence), 0) AS head FROM journal');
    this.#current = (key) => this.#value(key);
  }

  async applied(): Promise<number> {
    return reading(`read the state of the index ${this.#projector.name}`, () => Number(this.#state.get(this.#projector.name)?.['applied'] ?? 0));
  }

  async get(key: string): Promise<string | undefined> {
    return reading(`read the index row ${key}`, () => this.#value(key));
  }

  async scan({ prefix, after, limit, reverse }: { prefix: string; after?: string; limit: number; reverse?: boolean }): Promise<readonly ProjectionRow[]> {
    const name = this.#projector.name;
    const end = prefix + afterAll;
    const rows = reading(`scan the index ${name}`, () =>
      reverse === true ? this.#backward.all(name, prefix, end, after ?? end, limit) : this.#forward.all(name, prefix, end, after ?? '', limit),
    );
    return rows.map((row) => ({ key: String(row['key']), value: String(row['value']) }));
  }

  async put(change: ProjectionChange): Promise<void> {
    return this.#commits.run(`write the index row ${change.key}`, () => this.#change(change));
  }

  async rebuild(): Promise<number> {
    return this.#commits.run(`rebuild the index ${this.#projector.name}`, () => this.#fold());
  }

  /** Brings the index to the head of the journal: at opening, when another version or another node without it has written. */
  async catchUp(): Promise<void> {
    const state = this.#state.get(this.#projector.name);
    const head = Number(this.#head.get()?.['head']);
    if (state !== undefined && state['version'] === this.#projector.version && state['applied'] === head) return;
    const after = state?.['version'] === this.#projector.version ? Number(state['applied']) : undefined;
    await this.#commits.run(`bring the index ${this.#projector.name} up to date`, () => this.#fold(after));
  }

  /** Inside the transaction of an append. */
  apply(entry: JournalEntry): void {
    const changes = this.#changes(entry);
    if (changes.length === 0) return;
    this.#changed = true;
    const puts = changes.flatMap(({ key, value }) => (value === null ? [] : [this.#projector.name, key, value]));
    const put = puts.length === changes.length * 3 ? this.#puts[changes.length - 1] : undefined;
    if (put !== undefined) put.run(...puts);
    else for (const change of changes) this.#change(change);
  }

  /**
   * Inside the transaction: all entries up to `sequence` have been applied. Entries that changed nothing would change nothing again:
   * their mark costs a page of every commit, and may lag by `markEntriesMax`.
   */
  markApplied(sequence: number): void {
    if (!this.#changed && sequence - this.#marked < markEntriesMax) return;
    this.#changed = false;
    this.#marked = sequence;
    this.#mark.run(this.#projector.name, this.#projector.version, sequence);
  }

  #changes(entry: JournalEntry): readonly ProjectionChange[] {
    try {
      return this.#projector.project(entry, this.#current);
    } catch (error) {
      throw storeError(error, `project entry ${entry.sequence} of ${entry.stream} into the index ${this.#projector.name}`);
    }
  }

  #change({ key, value }: ProjectionChange): void {
    if (value === null) this.#remove.run(this.#projector.name, key);
    else this.#puts[0]?.run(this.#projector.name, key, value);
  }

  #value(key: string): string | undefined {
    const value = this.#get.get(this.#projector.name, key)?.['value'];
    return typeof value === 'string' ? value : undefined;
  }

  /** Inside a transaction: applies what lies after `after`, or throws all rows away and begins with the first entry. */
  #fold(after?: number): number {
    if (after === undefined) this.#clear.run(this.#projector.name);
    const head = Number(this.#head.get()?.['head']);
    let count = 0;
    for (let next: number | undefined = after ?? 0; next !== undefined; ) {
      const page = this.#reader.page(journalPattern, { after: next, head });
      for (const entry of page.entries) this.apply(entry);
      count += page.entries.length;
      next = page.next;
    }
    this.#changed = true;
    this.markApplied(head);
    return count;
  }
}
