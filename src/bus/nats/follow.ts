import type { Msg } from '@nats-io/transport-node';
import type { Journal, JournalEntry, Subscription } from '../../../actors/ports/journal.ts';
import { failureOf } from '../../../protocols/errors/error.ts';
import { subjectMatches } from '../../../protocols/subjects.ts';
import * as bounds from './bounds.ts';
import { entryOf } from './entry.ts';
import type { Link } from './link.ts';
import { tailPrefix } from './names.ts';
import { Backoff } from './publish.ts';

interface Following {
  readonly pattern: string;
  /** What the server is asked for: the pattern, or all journals. */
  readonly filter: string;
  /** It is asked for all that the store holds, so that a sequence left out is an entry missed. */
  readonly whole: boolean;
  /** How often to ask whether the newest entry was missed, in milliseconds. */
  readonly checkMs: number;
  readonly onEntry: (entry: JournalEntry) => void;
}

/** Live first; resolves once everything appended from now on will arrive. */
export async function followJournal(link: Link, journal: Journal, following: Following): Promise<Subscription> {
  const follower = new Follower(link, journal, following);
  try {
    await follower.start();
  } catch (error) {
    await follower.stop();
    throw link.error(error, `follow ${following.pattern}`);
  }
  return follower;
}

/**
 * Entries as the server repeats them under `tail.`: at most once, and not always in order, for it repeats them after it has let go of the
 * stream, where the next publisher may be faster. So one who follows everything looks that no sequence is left out, one who follows a part
 * that the entry before it of the same stream was seen. Where that is not so, after a reconnection, and every `checkMs`, the journal is read
 * from the last entry handed over. `#last` only grows, so nothing comes twice or out of order.
 * One case is open for who follows a part: the first entry of a stream that is repeated only after one of another stream counts as seen.
 */
class Follower implements Subscription {
  readonly #link: Link;
  readonly #journal: Journal;
  readonly #following: Following;
  readonly #ends: (() => void)[] = [];
  #last = 0;
  #stopped = false;
  /** While the journal is read, live entries wait; above the bound they are dropped and it is read again. */
  #busy = true;
  #again = false;
  #waiting: Live[] = [];
  #reading: Promise<void> = Promise.resolve();

  constructor(link: Link, journal: Journal, following: Following) {
    this.#link = link;
    this.#journal = journal;
    this.#following = following;
  }

  async start(): Promise<void> {
    let refused: unknown;
    const live = this.#link.nc.subscribe(`${tailPrefix}${this.#following.filter}`, {
      callback: (error, message) => {
        if (error === null) this.#take(message);
        else refused = error;
      },
    });
    this.#ends.push(() => live.isClosed() || live.unsubscribe());
    this.#ends.push(this.#link.onReconnect(() => this.#catchUp()));
    await this.#link.nc.flush();
    if (refused !== undefined) throw refused;
    this.#last = await this.#journal.head();
    const timer = setInterval(() => this.#catchUp(), this.#following.checkMs).unref();
    this.#ends.push(() => clearInterval(timer));
    if (!this.#settle()) this.#read();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const end of this.#ends.splice(0)) end();
    await this.#reading;
  }

  #take(message: Msg): void {
    const live = liveOf(message);
    if (this.#stopped || live.entry.sequence <= this.#last) return;
    if (this.#busy) {
      if (this.#waiting.length < bounds.followBufferMax) this.#waiting.push(live);
      else this.#again = true;
    } else if (this.#missedBefore(live)) this.#catchUp();
    else this.#give(live.entry);
  }

  #missedBefore({ entry, before }: Live): boolean {
    return this.#following.whole ? entry.sequence > this.#last + 1 : before > this.#last;
  }

  #catchUp(): void {
    if (this.#busy) this.#again = true;
    else this.#read();
  }

  #read(): void {
    this.#busy = true;
    this.#reading = this.#readMissed().catch((error: unknown) => {
      this.#busy = false;
      if (!this.#link.closed) this.#link.fault(error);
    });
  }

  async #readMissed(): Promise<void> {
    const backoff = new Backoff(Number.POSITIVE_INFINITY);
    do {
      this.#again = false;
      // What has arrived is stored, so the reading that begins now gives it.
      this.#waiting = [];
      try {
        for await (const entry of this.#journal.read(this.#following.pattern, { after: this.#last })) this.#give(entry);
      } catch (error) {
        if (!failureOf(error).retryable) throw error;
        this.#again = true;
        await backoff.wait();
      }
    } while (!this.#stopped && !this.#link.closed && !this.#settle());
  }

  /** Hands over what waited; false when something is missing and must be read first. */
  #settle(): boolean {
    if (this.#again) return false;
    for (const live of this.#waiting) {
      if (live.entry.sequence <= this.#last) continue;
      if (this.#missedBefore(live)) return false;
      this.#give(live.entry);
    }
    this.#waiting = [];
    this.#busy = false;
    return true;
  }

  #give(entry: JournalEntry): void {
    if (this.#stopped) return;
    this.#last = entry.sequence;
    const { pattern, filter, onEntry } = this.#following;
    if (filter !== pattern && !subjectMatches(pattern, entry.stream)) return;
    this.#link.guard(() => onEntry(entry));
  }
}

interface Live {
  readonly entry: JournalEntry;
  /** The sequence of the entry before it of the same stream, 0 for none. */
  readonly before: number;
}

function liveOf(message: Msg): Live {
  const header = (name: string): number => Number(message.headers?.get(name) ?? 0);
  return { entry: entryOf(message.subject.slice(tailPrefix.length), header('Nats-Sequence'), message.data), before: header('Nats-Last-Sequence') };
}
