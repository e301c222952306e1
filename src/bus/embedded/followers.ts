import type { JournalEntry, Subscription } from '../../../actors/ports/journal.ts';
import type { HandlerErrors } from './handler-errors.ts';
import { matcherOf } from './pattern.ts';

interface Follower {
  readonly matches: (stream: string) => boolean;
  readonly onEntry: (entry: JournalEntry) => void;
  /** The head when it began; entries up to it belong to a read. */
  readonly after: number;
}

/** Hands committed entries to those who follow, a turn after the appender had its answer. */
export class Followers {
  readonly #followers = new Set<Follower>();
  readonly #errors: HandlerErrors;

  constructor(errors: HandlerErrors) {
    this.#errors = errors;
  }

  add(pattern: string, after: number, onEntry: (entry: JournalEntry) => void): Subscription {
    const follower: Follower = { matches: matcherOf(pattern), onEntry, after };
    this.#followers.add(follower);
    return {
      stop: async () => {
        this.#followers.delete(follower);
      },
    };
  }

  /** Takes entries in order of sequence; calls of one turn reach the followers in the order they were made. */
  deliver(entries: readonly JournalEntry[]): void {
    if (this.#followers.size === 0) return;
    setImmediate(() => {
      for (const entry of entries) {
        for (const follower of this.#followers) {
          if (entry.sequence > follower.after && follower.matches(entry.stream)) this.#errors.guard(() => follower.onEntry(entry));
        }
      }
    });
  }

  clear(): void {
    this.#followers.clear();
  }
}
