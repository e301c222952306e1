import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { dedupeIdsMax, dedupeMs } from './bounds.ts';

/** How many new ids pass between two sweeps. */
const sweepEveryIds = 256;

export interface DedupeBounds {
  /** Milliseconds. */
  readonly dedupeMs?: number;
  readonly dedupeIdsMax?: number;
}

/** The ids that were pushed lately, of both queues. Runs inside transactions only. */
export class DedupeWindow {
  readonly #dedupeMs: number;
  readonly #dedupeIdsMax: number;
  readonly #find: StatementSync;
  readonly #add: StatementSync;
  readonly #sweep: StatementSync;
  #added = 0;

  constructor(database: DatabaseSync, bounds: DedupeBounds = {}) {
    this.#dedupeMs = bounds.dedupeMs ?? dedupeMs;
    this.#dedupeIdsMax = bounds.dedupeIdsMax ?? dedupeIdsMax;
    this.#find = database.prepare('SELECT at FROM seen WHERE queue = ? AND id = ?');
    this.#add = database.prepare('INSERT OR REPLACE INTO seen(queue, id, at) VALUES (?, ?, ?)');
    // Rows are in order of time; those between the oldest that is kept and the bound of the number go first.
    this.#sweep = database.prepare(
      `DELETE FROM seen WHERE sequence < coalesce((SELECT sequence FROM seen WHERE at > ? ORDER BY sequence LIMIT 1), (SELECT max(sequence) FROM seen) + 1)
       OR sequence <= (SELECT max(sequence) FROM seen) - ?`,
    );
  }

  /** Remembers the id; false when it is in the window already. */
  add(queue: string, id: string, now: number): boolean {
    const at = this.#find.get(queue, id)?.['at'];
    if (typeof at === 'number' && at > now - this.#dedupeMs) return false;
    this.#add.run(queue, id, now);
    this.#added++;
    if (this.#added % sweepEveryIds === 0) this.sweep(now);
    return true;
  }

  /** Forgets what is older than the window or above its bound. */
  sweep(now: number): void {
    this.#sweep.run(now - this.#dedupeMs, this.#dedupeIdsMax);
  }
}
