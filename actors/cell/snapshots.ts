import type { Blobs } from '../ports/blobs.ts';
import type { Position } from '../ports/journal.ts';
import { snapshotBytesPerRecord } from './bounds.ts';
import type { Fold } from './fold.ts';
import { storeSnapshot } from './load.ts';

/** When a cell stores a snapshot: after `recordsMin` records, later when the state is large. */
export class Snapshots {
  readonly #blobs: Blobs;
  readonly #recordsMin: number;
  readonly #onFailure: (error: unknown) => void;
  #at: number;
  /** Records to wait after the last one. */
  #every: number;
  #storing = false;

  /** `at` is the number of the record that the newest one was taken at; 0 without one. */
  constructor(blobs: Blobs, recordsMin: number, at: number, onFailure: (error: unknown) => void) {
    this.#blobs = blobs;
    this.#recordsMin = recordsMin;
    this.#onFailure = onFailure;
    this.#at = at;
    this.#every = recordsMin;
  }

  /** Begins to store one if it is time. One at a time: an older snapshot must not land after a newer one. */
  offer(fold: Fold, position: Position, hash: string): void {
    if (fold.n - this.#at < this.#every || this.#storing) return;
    this.#storing = true;
    this.#at = fold.n;
    storeSnapshot(this.#blobs, fold, position, hash)
      .then((bytes) => (this.#every = Math.max(this.#recordsMin, Math.ceil(bytes / snapshotBytesPerRecord))))
      .catch(this.#onFailure)
      .finally(() => (this.#storing = false));
  }
}
