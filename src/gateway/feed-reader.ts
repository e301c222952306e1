import type { Journal } from '../../actors/ports/journal.ts';
import type { Cursor } from '../../protocols/wire/cursor.ts';
import type { Counters } from './counters.ts';
import { entryEvents } from './entry-events.ts';
import { EventBatch, type FeedEvent } from './event-batch.ts';
import type { Gate } from './gate.ts';
import type { GatewayLimits } from './limits.ts';
import type { LivePlace, LiveRoot } from './live-root.ts';

export interface FeedReaderOptions {
  readonly journal: Journal;
  /** All journals of the root, and the one whose facts end the watch. */
  readonly pattern: string;
  readonly coordinator: string;
  readonly root: LiveRoot;
  readonly cursor: Cursor | undefined;
  readonly ended: boolean;
  readonly limits: GatewayLimits;
  readonly counters: Counters;
  readonly gate: Gate;
  readonly onClose: () => void;
}

/**
 * Pulls the facts of one goal: pages from the journal until it has caught up, then what comes live. A reader that was cut
 * off from the live end goes back to the journal after the last entry that it has seen.
 */
export class FeedReader {
  readonly #options: FeedReaderOptions;
  readonly #place: LivePlace;
  /** Where the client stood; facts of that very entry up to the index are left out. */
  readonly #cursor: Cursor | undefined;
  /** The sequence of the last entry consumed. */
  #seen: number;
  #live = false;
  #closed = false;
  #goalEnded = false;
  #wake: (() => void) | undefined;

  constructor(options: FeedReaderOptions) {
    this.#options = options;
    this.#cursor = options.cursor;
    this.#seen = Math.max(0, (options.cursor?.sequence ?? 0) - 1);
    this.#place = { at: undefined, wake: () => this.#wakeUp() };
    options.root.join(this.#place);
  }

  /** True between the end of catching up and the next lag: when deltas make sense. */
  get live(): boolean {
    return this.#live && !this.#closed;
  }

  /** True once everything up to the end of the goal was handed over. */
  get goalEnded(): boolean {
    return this.#goalEnded;
  }

  /** The next events, at least one; undefined after the end of the goal or after `close`. One call at a time. Throws what the journal throws. */
  async next(): Promise<EventBatch | undefined> {
    for (;;) {
      if (this.#closed) return undefined;
      const batch = this.#live ? await this.#nextLive() : await this.#nextPage();
      if (this.#closed) return undefined;
      if (batch === undefined) continue;
      if (batch.ends) this.#finish();
      if (batch.events.length > 0) return batch;
    }
  }

  /** Frees everything; a waiting `next` resolves with undefined. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#options.root.leave(this.#place);
    this.#options.onClose();
    this.#wakeUp();
  }

  #finish(): void {
    this.#goalEnded = true;
    this.close();
  }

  async #nextLive(): Promise<EventBatch | undefined> {
    const taken = this.#options.root.take(this.#place, this.#seen);
    if (taken !== undefined) {
      this.#seen = taken.sequence;
      return taken.batch;
    }
    if (this.#place.at === undefined) {
      this.#options.counters.readersLaggedTotal++;
      this.#live = false;
      this.#options.root.join(this.#place);
      return undefined;
    }
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    return undefined;
  }

  /** Reads one page. The reader joined the live end before, so what is appended after the last page waits there. */
  async #nextPage(): Promise<EventBatch | undefined> {
    const { events, ends, whole } = await this.#options.gate.run(() => this.#readPage());
    this.#options.counters.catchUpPagesTotal++;
    if (ends) {
      if (events.length === 0) this.#finish();
      return new EventBatch(events);
    }
    if (whole) {
      // Cut off meanwhile: join again first, then read once more.
      if (this.#place.at === undefined) this.#options.root.join(this.#place);
      else if (!this.#options.ended) this.#live = true;
      else if (events.length === 0) {
        if (await this.#options.gate.run(() => this.#endedBefore())) this.#finish();
        else this.#live = true;
      }
    }
    return events.length === 0 ? undefined : new EventBatch(events);
  }

  async #readPage(): Promise<{ events: FeedEvent[]; ends: boolean; whole: boolean }> {
    const { journal, pattern, limits } = this.#options;
    const events: FeedEvent[] = [];
    let entries = 0;
    let bytes = 0;
    for await (const entry of journal.read(pattern, { after: this.#seen, limit: limits.pageEntriesMax })) {
      if (this.#closed) break;
      const skipped = this.#cursor?.sequence === entry.sequence ? this.#cursor.index + 1 : 0;
      for (const [index, event] of entryEvents(journal.store, entry).entries()) {
        if (index >= skipped) events.push(event);
        if (event.ends) return { events, ends: true, whole: true };
      }
      this.#seen = entry.sequence;
      entries++;
      for (const record of entry.records) bytes += record.length;
      if (bytes >= limits.pageBytesMax) return { events, ends: false, whole: false };
    }
    return { events, ends: false, whole: entries < limits.pageEntriesMax };
  }

  /** True when the goal's end lies before what this reader wanted: a cursor that was made up, for none is handed out past the end. */
  async #endedBefore(): Promise<boolean> {
    const { journal, coordinator } = this.#options;
    for await (const entry of journal.read(coordinator)) {
      if (entry.sequence > this.#seen) return false;
      if (entryEvents(journal.store, entry).some(({ ends }) => ends)) return true;
    }
    return false;
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
