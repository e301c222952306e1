import type { Cursor } from '../../protocols/wire/cursor.ts';
import type { CatchUp } from './catch-up.ts';
import type { Counters } from './counters.ts';
import type { EventBatch } from './event-batch.ts';
import type { LivePlace, LiveRoot } from './live-root.ts';

export interface FeedReaderOptions {
  readonly catchUp: CatchUp;
  /** All journals of the root, and the one whose facts end the watch. */
  readonly pattern: string;
  readonly coordinator: string;
  readonly root: LiveRoot;
  readonly cursor: Cursor | undefined;
  readonly ended: boolean;
  readonly counters: Counters;
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
  /** The last page that was begun before this reader stood at the live end: what it lacks may be in neither. */
  #readings = 0;
  #live = false;
  #closed = false;
  #goalEnded = false;
  #wake: (() => void) | undefined;
  readonly #isWanted = (): boolean => !this.#closed;

  constructor(options: FeedReaderOptions) {
    this.#options = options;
    this.#cursor = options.cursor;
    this.#seen = Math.max(0, (options.cursor?.sequence ?? 0) - 1);
    this.#place = { at: undefined, wake: () => this.#wakeUp() };
    this.#join();
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
      const wasLive = this.#live;
      const batch = wasLive ? this.#takeLive() : await this.#nextPage();
      if (this.#closed) return undefined;
      if (batch === undefined) {
        if (wasLive && this.#live) await this.#woken();
        continue;
      }
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

  #join(): void {
    const { root, catchUp } = this.#options;
    root.join(this.#place);
    this.#readings = catchUp.readings;
  }

  /** Undefined when there is nothing, or when the reader was cut off from the live end. */
  #takeLive(): EventBatch | undefined {
    const taken = this.#options.root.take(this.#place, this.#seen);
    if (taken !== undefined) {
      this.#seen = taken.sequence;
      return taken.batch;
    }
    if (this.#place.at === undefined) {
      this.#options.counters.readersLaggedTotal++;
      this.#live = false;
      this.#join();
    }
    return undefined;
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Takes one page. The reader joined the live end before, so what is appended after the last page waits there. */
  async #nextPage(): Promise<EventBatch | undefined> {
    const { catchUp, pattern, coordinator, ended } = this.#options;
    const page = await catchUp.page(pattern, this.#seen, this.#isWanted);
    if (this.#closed) return undefined;
    this.#seen = page.upTo;
    const batch = page.after(this.#cursor);
    if (page.batch.ends) {
      if (batch.events.length === 0) this.#finish();
      return batch;
    }
    if (page.whole && page.reading > this.#readings) {
      // Cut off meanwhile: join again first, then read once more.
      if (this.#place.at === undefined) this.#join();
      else if (!ended) this.#live = true;
      else if (batch.events.length === 0) {
        // The goal's end lies before what this reader wanted: a cursor that was made up, for none is handed out past the end.
        const end = await catchUp.endOf(coordinator, this.#isWanted);
        if (end !== undefined && end <= this.#seen) this.#finish();
        else this.#live = true;
      }
    }
    return batch.events.length === 0 ? undefined : batch;
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
