import type { Bus } from '../../actors/ports/bus.ts';
import type { JournalEntry, Subscription } from '../../actors/ports/journal.ts';
import { FlockworkError } from '../../protocols/errors/error.ts';
import { coordinatorActor } from '../../protocols/goals/task.ts';
import { journalPattern, journalSubject, parseJournalSubject, rootPattern } from '../../protocols/subjects.ts';
import { parseCursor } from '../../protocols/wire/cursor.ts';
import { CatchUp } from './catch-up.ts';
import type { Counters } from './counters.ts';
import { entryEvents } from './entry-events.ts';
import { FeedReader } from './feed-reader.ts';
import type { GatewayLimits } from './limits.ts';
import { LiveRoot } from './live-root.ts';
import { LiveText } from './live-text.ts';

export interface FeedOptions {
  readonly bus: Pick<Bus, 'journal' | 'pubsub'>;
  readonly limits: GatewayLimits;
  readonly counters: Counters;
  /** Gets failures that no watcher can be told about. */
  readonly onFault: (error: unknown, where: string) => void;
}

export interface WatchOptions {
  /** A cursor, exclusive; absent, `''` and `'0'` are the beginning. */
  readonly after?: string | undefined;
  /** True when the goal is known to have ended: a cursor after its end then ends the watch at once. */
  readonly ended?: boolean;
  /** Gets the JSON of each `GoalDelta` while the reader is live. Absent: no deltas. */
  readonly onDelta?: ((json: string) => void) | undefined;
}

/**
 * Watching goals over the journal. Catching up takes pages of the root's journals, which those at the same place share; live, one subscription
 * of the whole gateway feeds the roots that are being watched. No gap, no duplicate, and a reader that falls behind costs only itself.
 */
export class Feed {
  readonly #options: FeedOptions;
  readonly #roots = new Map<string, LiveRoot>();
  readonly #texts = new Map<string, LiveText>();
  readonly #readers = new Set<FeedReader>();
  readonly #catchUp: CatchUp;
  #subscription: Subscription | undefined;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#catchUp = new CatchUp({ journal: options.bus.journal, limits: options.limits, counters: options.counters });
  }

  /** Follows the journal; nothing can be watched before. */
  async start(): Promise<void> {
    this.#subscription = await this.#options.bus.journal.follow(journalPattern, (entry) => this.#onEntry(entry));
  }

  /** Ends all readers. */
  async stop(): Promise<void> {
    for (const reader of this.#readers) reader.close();
    await this.#subscription?.stop();
    this.#subscription = undefined;
  }

  /** A reader of one goal's facts. The caller has checked that the goal is there. Throws `cursor_unknown`. */
  async open(tenant: string, goalId: string, { after, ended = false, onDelta }: WatchOptions = {}): Promise<FeedReader> {
    const { bus, limits, counters, onFault } = this.#options;
    const { journal } = bus;
    const cursor = parseCursor(after, journal.store);
    if (cursor !== undefined && cursor.sequence > (await journal.head())) {
      throw new FlockworkError('cursor_unknown', `the store ends before cursor '${after}'; watch again from the beginning with "0"`, {
        details: { store: journal.store },
      });
    }
    const key = `${tenant}/${goalId}`;
    const root = this.#roots.get(key) ?? new LiveRoot(limits);
    this.#roots.set(key, root);
    const pattern = rootPattern(tenant, goalId);
    const coordinator = journalSubject({ tenant, root: goalId, actor: coordinatorActor });
    const reader = new FeedReader({
      catchUp: this.#catchUp,
      pattern,
      coordinator,
      root,
      cursor,
      ended,
      counters,
      onClose: () => {
        this.#readers.delete(reader);
        if (onDelta !== undefined) this.#unlisten(key, deliver);
        if (root.readers > 0 || this.#roots.get(key) !== root) return;
        this.#roots.delete(key);
        this.#catchUp.forget(pattern);
        this.#catchUp.forget(coordinator);
      },
    });
    this.#readers.add(reader);
    const deliver = (json: string): void => {
      if (reader.live) onDelta?.(json);
    };
    if (onDelta === undefined) return reader;
    const text = this.#texts.get(key) ?? new LiveText(goalId, counters, onFault);
    this.#texts.set(key, text);
    try {
      await text.listen(bus.pubsub, tenant, deliver);
    } catch (error) {
      reader.close();
      throw error;
    }
    return reader;
  }

  #unlisten(key: string, deliver: (json: string) => void): void {
    const text = this.#texts.get(key);
    text?.unlisten(deliver);
    if (text?.listeners === 0) this.#texts.delete(key);
  }

  #onEntry(entry: JournalEntry): void {
    const address = parseJournalSubject(entry.stream);
    const root = address === undefined ? undefined : this.#roots.get(`${address.tenant}/${address.root}`);
    if (root === undefined) return;
    try {
      root.push(entry.sequence, entryEvents(this.#options.bus.journal.store, entry, address));
    } catch (error) {
      // The readers meet the same entry in the journal and end with its error.
      this.#options.onFault(error, entry.stream);
      root.cutAll();
    }
  }
}
