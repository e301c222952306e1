import type { Journal, JournalEntry } from '../../actors/ports/journal.ts';
import type { Cursor } from '../../protocols/wire/cursor.ts';
import type { Counters } from './counters.ts';
import { entryEvents } from './entry-events.ts';
import { EventBatch, type FeedEvent } from './event-batch.ts';
import { Gate } from './gate.ts';
import type { GatewayLimits } from './limits.ts';
import { PageCache } from './page-cache.ts';
import { Turns } from './turns.ts';

/** A run of journal entries, read and serialised once for all who catch up from the same place. */
export class CatchUpPage {
  readonly batch: EventBatch;
  /** The last entry of the page: the next one begins after it. */
  readonly upTo: number;
  /** True when the store had nothing more at the time of reading. */
  readonly whole: boolean;
  /** The number of the reading: what was appended after it began may be missing. */
  readonly reading: number;
  /** Characters of event text. */
  readonly bytes: number;
  readonly #first: { readonly sequence: number; readonly events: number } | undefined;
  /** What one cursor within the first entry leaves; those who come back after a break come with the same one. */
  #rest: { readonly skipped: number; readonly batch: EventBatch } | undefined;

  constructor(page: {
    readonly events: readonly FeedEvent[];
    readonly upTo: number;
    readonly whole: boolean;
    readonly reading: number;
    readonly first?: { readonly sequence: number; readonly events: number } | undefined;
  }) {
    this.batch = new EventBatch(page.events);
    this.upTo = page.upTo;
    this.whole = page.whole;
    this.reading = page.reading;
    this.bytes = page.events.reduce((sum, { json }) => sum + json.length, 0);
    this.#first = page.first;
  }

  /** The events after a cursor that stands in the first entry, or before the page. */
  after(cursor: Cursor | undefined): EventBatch {
    if (cursor === undefined || this.#first?.sequence !== cursor.sequence) return this.batch;
    const skipped = Math.min(cursor.index + 1, this.#first.events);
    if (this.#rest?.skipped !== skipped) this.#rest = { skipped, batch: new EventBatch(this.batch.events.slice(skipped)) };
    return this.#rest.batch;
  }
}

/** A page that is being read, and who waits for it. */
interface Flight {
  readonly page: Promise<CatchUpPage>;
  readonly wantedBy: (() => boolean)[];
}

export interface CatchUpOptions {
  readonly journal: Journal;
  readonly limits: GatewayLimits;
  readonly counters: Counters;
}

/**
 * The pages of the journal for all watchers of a gateway who are behind. A page is read once for those who want it at the same time and, within a
 * bound, for those who want it later. A turn of the event loop reads one page, or parses or hands out a bounded number of bytes, in the order asked for.
 */
export class CatchUp {
  readonly #options: CatchUpOptions;
  readonly #gate: Gate;
  readonly #turns: Turns;
  readonly #cache: PageCache<CatchUpPage>;
  readonly #flights = new Map<string, Flight>();
  #readings = 0;

  constructor(options: CatchUpOptions) {
    const { catchUpReadersMax, catchUpTurnBytesMax, catchUpCacheBytesMax } = options.limits;
    this.#options = options;
    this.#gate = new Gate(catchUpReadersMax);
    this.#turns = new Turns(catchUpTurnBytesMax);
    this.#cache = new PageCache(catchUpCacheBytesMax);
  }

  /** The number of the last reading that has begun. Only a page with a larger one holds all that was appended until now. */
  get readings(): number {
    return this.#readings;
  }

  /** The page after a place. `isWanted` tells, before it is read, whether it still matters. Throws what the journal throws, and `journal_corrupt`. */
  async page(pattern: string, after: number, isWanted: () => boolean): Promise<CatchUpPage> {
    const page = await this.#find(pattern, after, isWanted);
    await this.#turns.take(page.bytes);
    return page;
  }

  /** The entry that ended the goal; undefined when no entry of the coordinator did. */
  async endOf(coordinator: string, isWanted: () => boolean): Promise<number | undefined> {
    for (let after = 0; isWanted(); ) {
      const { batch, upTo, whole } = await this.#find(coordinator, after, isWanted);
      if (batch.ends) return upTo;
      if (whole) return undefined;
      after = upTo;
    }
    return undefined;
  }

  /** Nobody watches what the pattern names any more. */
  forget(pattern: string): void {
    this.#cache.forget(pattern);
  }

  #find(pattern: string, after: number, isWanted: () => boolean): Promise<CatchUpPage> {
    const { counters } = this.#options;
    const cached = this.#cache.get(pattern, after);
    if (cached !== undefined) {
      counters.catchUpPagesSharedTotal++;
      return Promise.resolve(cached);
    }
    const key = `${after} ${pattern}`;
    const running = this.#flights.get(key);
    if (running !== undefined) {
      counters.catchUpPagesSharedTotal++;
      running.wantedBy.push(isWanted);
      return running.page;
    }
    const wantedBy = [isWanted];
    const page = this.#gate.run(() => this.#read(pattern, after, wantedBy)).finally(() => this.#flights.delete(key));
    this.#flights.set(key, { page, wantedBy });
    return page;
  }

  async #read(pattern: string, after: number, wantedBy: readonly (() => boolean)[]): Promise<CatchUpPage> {
    const { journal, counters, limits } = this.#options;
    const isWanted = (): boolean => wantedBy.some((wants) => wants());
    // A store may hand over a page without a pause, so that reading one is work enough for a turn.
    await this.#turns.take(limits.catchUpTurnBytesMax);
    const reading = ++this.#readings;
    if (!isWanted()) return new CatchUpPage({ events: [], upTo: after, whole: false, reading });
    counters.catchUpPagesTotal++;
    const { pageEntriesMax, pageBytesMax } = limits;
    const entries: JournalEntry[] = [];
    let bytes = 0;
    for await (const entry of journal.read(pattern, { after, limit: pageEntriesMax })) {
      entries.push(entry);
      bytes += charactersOf(entry);
      if (bytes >= pageBytesMax) break;
    }
    const whole = entries.length < pageEntriesMax && bytes < pageBytesMax;
    const page = await this.#parse(entries, { after, bytes, whole, reading });
    if (page.bytes > 0 && isWanted()) this.#cache.put(pattern, after, page);
    return page;
  }

  async #parse(
    entries: readonly JournalEntry[],
    { after, bytes, whole, reading }: { readonly after: number; readonly bytes: number; readonly whole: boolean; readonly reading: number },
  ): Promise<CatchUpPage> {
    const { journal, limits } = this.#options;
    const events: FeedEvent[] = [];
    let first: { sequence: number; events: number } | undefined;
    let upTo = after;
    let parsed = 0;
    let granted = 0;
    for (const entry of entries) {
      if (parsed >= granted) {
        const slice = Math.min(limits.catchUpTurnBytesMax, bytes - parsed);
        await this.#turns.take(slice);
        granted = parsed + slice;
      }
      parsed += charactersOf(entry);
      const ofEntry = entryEvents(journal.store, entry);
      const end = ofEntry.findIndex(({ ends }) => ends);
      events.push(...(end < 0 ? ofEntry : ofEntry.slice(0, end + 1)));
      first ??= { sequence: entry.sequence, events: events.length };
      upTo = entry.sequence;
      if (end >= 0) return new CatchUpPage({ events, upTo, whole: true, reading, first });
    }
    return new CatchUpPage({ events, upTo, whole, reading, first });
  }
}

function charactersOf({ records }: JournalEntry): number {
  return records.reduce((sum, record) => sum + record.length, 0);
}
