import { EventBatch, type FeedEvent } from './event-batch.ts';

/** One live journal entry of a watched root, linked to the one after it. Who holds an entry can reach all later ones; what nobody holds is freed. */
export interface LiveEntry {
  readonly sequence: number;
  readonly events: readonly FeedEvent[];
  /** Entries and bytes of the root so far, this one included: differences are how far a reader is behind. */
  readonly count: number;
  readonly bytes: number;
  next?: LiveEntry;
  /** What the last reader that stood here took, for the others that stand here too. */
  taken?: { readonly upTo: LiveEntry; readonly batch: EventBatch };
}

/** A reader's place in the live entries. */
export interface LivePlace {
  /** The last entry consumed; undefined once the reader was cut off for being too far behind. */
  at: LiveEntry | undefined;
  /** Called when there is something new, or when the place was cut off; once in a turn of the event loop. */
  wake(): void;
}

export interface LiveRootLimits {
  readonly ringEntriesMax: number;
  readonly ringBytesMax: number;
  readonly pageBytesMax: number;
}

/** The live end of one root: a bounded run of entries that its readers share. */
export class LiveRoot {
  readonly #limits: LiveRootLimits;
  readonly #places = new Set<LivePlace>();
  #waking = false;
  #tail: LiveEntry = { sequence: 0, events: [], count: 0, bytes: 0 };

  constructor(limits: LiveRootLimits) {
    this.#limits = limits;
  }

  get readers(): number {
    return this.#places.size;
  }

  /** Puts a reader at the live end; entries pushed from now on are kept for it within the bounds. */
  join(place: LivePlace): void {
    place.at = this.#tail;
    this.#places.add(place);
  }

  leave(place: LivePlace): void {
    place.at = undefined;
    this.#places.delete(place);
  }

  push(sequence: number, events: readonly FeedEvent[]): void {
    const size = events.reduce((sum, event) => sum + event.json.length, 0);
    const entry: LiveEntry = { sequence, events, count: this.#tail.count + 1, bytes: this.#tail.bytes + size };
    this.#tail.next = entry;
    this.#tail = entry;
    const { ringEntriesMax, ringBytesMax } = this.#limits;
    for (const place of this.#places) {
      if (place.at !== undefined && (entry.count - place.at.count > ringEntriesMax || entry.bytes - place.at.bytes > ringBytesMax)) place.at = undefined;
    }
    this.#wakeSoon();
  }

  /** Cuts all readers off, so that they read the journal: an entry could not be understood. */
  cutAll(): void {
    for (const place of this.#places) place.at = undefined;
    this.#wakeSoon();
  }

  /** Once for all that is pushed in this turn of the event loop: it then goes out as one batch, in one write for each reader. */
  #wakeSoon(): void {
    if (this.#waking) return;
    this.#waking = true;
    setImmediate(() => {
      this.#waking = false;
      for (const place of this.#places) place.wake();
    });
  }

  /** Everything after the place, up to about a page, and moves it; undefined when there is nothing. Entries up to `seen` are skipped. */
  take(place: LivePlace, seen: number): { batch: EventBatch; sequence: number } | undefined {
    let from = place.at;
    while (from?.next !== undefined && from.next.sequence <= seen) from = from.next;
    place.at = from;
    if (from?.next === undefined) return undefined;
    if (from.taken !== undefined) {
      place.at = from.taken.upTo;
      return { batch: from.taken.batch, sequence: from.taken.upTo.sequence };
    }
    const events: FeedEvent[] = [];
    let upTo = from;
    while (upTo.next !== undefined && upTo.bytes - from.bytes < this.#limits.pageBytesMax && events.at(-1)?.ends !== true) {
      upTo = upTo.next;
      for (const event of upTo.events) {
        events.push(event);
        if (event.ends) break;
      }
    }
    const batch = new EventBatch(events);
    from.taken = { upTo, batch };
    place.at = upTo;
    return { batch, sequence: upTo.sequence };
  }
}
