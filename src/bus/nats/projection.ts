import type { JournalEntry, Subscription } from '../../../actors/ports/journal.ts';
import type { Projection, ProjectionChange, ProjectionRow, Projector } from '../../../actors/ports/projection.ts';
import { FlockworkError } from '../../../protocols/errors/error.ts';
import { journalPattern } from '../../../protocols/subjects.ts';
import * as bounds from './bounds.ts';
import type { NatsJournal } from './journal.ts';
import type { Link } from './link.ts';
import { publishStored } from './publish.ts';
import { readStream } from './read-stream.ts';
import { headOf } from './stored.ts';

/** Where in the journal a row was put: a fold applies it there again. */
const appliedHeader = 'Flock-Applied';
const operationHeader = 'KV-Operation';

interface PutRow extends ProjectionChange {
  readonly at: number;
}

/**
 * A first version: the rows are in memory, folded from the whole journal at opening and by a follower from then on. Rows
 * put by hand are stored in a bucket and put again at their place; another process sees them at its next opening.
 * A reading waits for what this process has appended.
 */
export class NatsProjection implements Projection {
  readonly #link: Link;
  readonly #journal: NatsJournal;
  readonly #projector: Projector;
  readonly #prefix: string;
  readonly #waiting = new Set<() => void>();
  #rows = new Map<string, string>();
  /** Sorted when somebody scans. */
  #keys: string[] | undefined;
  #applied = 0;
  /** Live entries that came while the journal is folded. */
  #live: JournalEntry[] | undefined = [];
  #following: Subscription | undefined;
  #failed: unknown;
  #rebuilding: Promise<unknown> = Promise.resolve();

  constructor(link: Link, journal: NatsJournal, projector: Projector) {
    this.#link = link;
    this.#journal = journal;
    this.#projector = projector;
    this.#prefix = `${link.names.indexPrefix}${token(projector.name)}-v${projector.version}.`;
  }

  async open(): Promise<void> {
    this.#following = await this.#journal.follow(journalPattern, (entry) => this.#take(entry));
    await this.#fold();
  }

  async stop(): Promise<void> {
    await this.#following?.stop();
  }

  async applied(): Promise<number> {
    await this.#caughtUp();
    return this.#applied;
  }

  async get(key: string): Promise<string | undefined> {
    await this.#caughtUp();
    return this.#rows.get(key);
  }

  async scan({
    prefix,
    after,
    limit,
    reverse = false,
  }: {
    prefix: string;
    after?: string;
    limit: number;
    reverse?: boolean;
  }): Promise<readonly ProjectionRow[]> {
    await this.#caughtUp();
    this.#keys ??= [...this.#rows.keys()].sort();
    const keys = this.#keys.slice(lowerBound(this.#keys, prefix)).filter((key) => key.startsWith(prefix));
    const ordered = reverse ? keys.reverse() : keys;
    const rest = after === undefined ? ordered : ordered.filter((key) => (reverse ? key < after : key > after));
    return rest.slice(0, Math.max(0, limit)).map((key) => ({ key, value: this.#rows.get(key) ?? '' }));
  }

  async put(change: ProjectionChange): Promise<void> {
    await this.#caughtUp();
    const headers = { [appliedHeader]: String(this.#applied), ...(change.value === null ? { [operationHeader]: 'DEL' } : {}) };
    await publishStored(this.#link, { subject: this.#prefix + token(change.key), body: change.value ?? '', headers }, `write the index row ${change.key}`);
    this.#change(change);
  }

  rebuild(): Promise<number> {
    const again = async (): Promise<number> => {
      await this.#caughtUp();
      try {
        await this.#link.jsm.streams.purge(this.#link.names.index, { filter: `${this.#prefix}*` });
      } catch (error) {
        throw this.#link.error(error, `rebuild the index ${this.#projector.name}`);
      }
      this.#live = [];
      return this.#fold();
    };
    const rebuilding = this.#rebuilding.then(again, again);
    this.#rebuilding = rebuilding.catch(() => undefined);
    return rebuilding;
  }

  #take(entry: JournalEntry): void {
    if (this.#live === undefined) this.#apply(entry);
    else this.#live.push(entry);
  }

  /** Folds the journal from its first entry, then what came meanwhile; answers how many entries were read. */
  async #fold(): Promise<number> {
    const head = await this.#journal.head();
    const put = await this.#putRows();
    this.#rows = new Map();
    this.#keys = undefined;
    this.#applied = 0;
    let count = 0;
    let next = 0;
    const upTo = (sequence: number): void => {
      for (let row = put[next]; row !== undefined && row.at < sequence; row = put[++next]) this.#change(row);
    };
    for await (const entry of this.#journal.read(journalPattern)) {
      upTo(entry.sequence);
      this.#apply(entry);
      count++;
    }
    upTo(Number.POSITIVE_INFINITY);
    this.#applied = Math.max(this.#applied, head);
    const live = this.#live ?? [];
    this.#live = undefined;
    for (const entry of live) this.#apply(entry);
    this.#wake();
    return count;
  }

  #apply(entry: JournalEntry): void {
    if (entry.sequence <= this.#applied || this.#failed !== undefined) return;
    try {
      for (const change of this.#projector.project(entry, (key) => this.#rows.get(key))) this.#change(change);
      this.#applied = entry.sequence;
    } catch (error) {
      // Going on would leave a gap that nobody sees: from now on each reading says so.
      this.#failed = error;
      this.#link.fault(error);
    }
    this.#wake();
  }

  #change({ key, value }: ProjectionChange): void {
    if (value === null) {
      if (this.#rows.delete(key)) this.#keys = undefined;
      return;
    }
    if (!this.#rows.has(key)) this.#keys = undefined;
    this.#rows.set(key, value);
  }

  async #putRows(): Promise<readonly PutRow[]> {
    const rows: PutRow[] = [];
    const { index: stream } = this.#link.names;
    const head = await headOf(this.#link, stream);
    for await (const { subject, headers, data } of readStream(this.#link, { stream, filter: `${this.#prefix}*`, after: 0, head })) {
      const key = untoken(subject.slice(this.#prefix.length));
      const value = (headers?.get(operationHeader) ?? '') === '' ? Buffer.from(data).toString() : null;
      rows.push({ key, value, at: Number(headers?.get(appliedHeader)) });
    }
    return rows.sort((one, two) => one.at - two.at);
  }

  /** Resolves when everything this process has appended is in the rows. */
  async #caughtUp(): Promise<void> {
    const wanted = this.#journal.appended;
    const deadline = performance.now() + bounds.indexWaitMs;
    while (this.#failed === undefined && (this.#applied < wanted || this.#live !== undefined)) {
      if (this.#link.closed) throw new FlockworkError('closed', `the index ${this.#projector.name} was closed`);
      if (performance.now() > deadline) {
        throw new FlockworkError(
          'bus_unreachable',
          `the index ${this.#projector.name} stands at ${this.#applied} and did not reach ${wanted} within ${bounds.indexWaitMs} ms`,
          {
            details: { applied: this.#applied, wanted },
          },
        );
      }
      await this.#changed();
    }
    if (this.#failed !== undefined) {
      throw new FlockworkError(
        'store_failed',
        `the index ${this.#projector.name} stopped after entry ${this.#applied}: its projector threw on the next one; correct it and open again`,
        {
          cause: this.#failed,
          retryable: false,
          details: { applied: this.#applied },
        },
      );
    }
  }

  /** Resolves at the next change, or after the time that a reading waits at most. */
  #changed(): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, bounds.indexWaitMs);
      this.#waiting.add(wake);
    });
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }
}

/** Any text as one subject token. */
const token = (text: string): string => `k${Buffer.from(text).toString('base64url')}`;
const untoken = (subjectToken: string): string => Buffer.from(subjectToken.slice(1), 'base64url').toString();

function lowerBound(sorted: readonly string[], wanted: string): number {
  let low = 0;
  for (let high = sorted.length; low < high; ) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? '') < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
