import type { Clock } from '../../actors/ports/clock.ts';

/** A clock that moves only when it is told to; timers fire in the order of their due times, ties in the order of arming. */
export class VirtualClock implements Clock {
  #now: number;
  #made = 0;
  readonly #due = new Map<number, { readonly at: number; readonly fire: () => void }>();

  constructor(now = 0) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  /** Timers that are armed. */
  get armed(): number {
    return this.#due.size;
  }

  timer(delayMs: number, onDue: () => void): () => void {
    this.#made += 1;
    const id = this.#made;
    this.#due.set(id, { at: this.#now + Math.max(0, delayMs), fire: onDue });
    return () => this.#due.delete(id);
  }

  /** Moves to `at`, firing what is due on the way at its own time. */
  advanceTo(at: number): void {
    for (;;) {
      let next: number | undefined;
      let nextAt = Number.POSITIVE_INFINITY;
      for (const [id, { at: due }] of this.#due) {
        if (due <= at && due < nextAt) {
          next = id;
          nextAt = due;
        }
      }
      const timer = next === undefined ? undefined : this.#due.get(next);
      if (next === undefined || timer === undefined) {
        this.#now = Math.max(this.#now, at);
        return;
      }
      this.#due.delete(next);
      this.#now = timer.at;
      timer.fire();
    }
  }

  advanceBy(ms: number): void {
    this.advanceTo(this.#now + ms);
  }
}
