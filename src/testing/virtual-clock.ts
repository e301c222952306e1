import type { Clock } from '../../actors/ports/clock.ts';

interface VirtualTimer {
  readonly at: number;
  readonly made: number;
  /** Undefined once it has fired or was disarmed. */
  fire: (() => void) | undefined;
}

/** A clock that moves only when it is told to; timers fire in the order of their due times, ties in the order of arming. */
export class VirtualClock implements Clock {
  #now: number;
  #made = 0;
  #armed = 0;
  /** A binary heap, the next timer first. Disarmed ones are left in it until they come to the top. */
  readonly #heap: VirtualTimer[] = [];

  constructor(now = 0) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  /** Timers that are armed. */
  get armed(): number {
    return this.#armed;
  }

  /** When the next timer is due; undefined when none is armed. */
  get nextDue(): number | undefined {
    for (let top = this.#heap[0]; top !== undefined; top = this.#heap[0]) {
      if (top.fire !== undefined) return top.at;
      this.#removeTop();
    }
    return undefined;
  }

  timer(delayMs: number, onDue: () => void): () => void {
    this.#made += 1;
    this.#armed += 1;
    const timer: VirtualTimer = { at: this.#now + Math.max(0, delayMs), made: this.#made, fire: onDue };
    this.#insert(timer);
    return () => {
      if (timer.fire !== undefined) this.#armed -= 1;
      timer.fire = undefined;
    };
  }

  /** Moves to `at`, firing what is due on the way at its own time. */
  advanceTo(at: number): void {
    for (let due = this.nextDue; due !== undefined && due <= at; due = this.nextDue) this.#fireTop();
    this.#now = Math.max(this.#now, at);
  }

  advanceBy(ms: number): void {
    this.advanceTo(this.#now + ms);
  }

  /** Moves to the next timer and fires this one only; false when none is armed. */
  advanceToNext(): boolean {
    if (this.nextDue === undefined) return false;
    this.#fireTop();
    return true;
  }

  #fireTop(): void {
    const timer = this.#removeTop();
    const fire = timer?.fire;
    if (timer === undefined || fire === undefined) return;
    timer.fire = undefined;
    this.#armed -= 1;
    this.#now = Math.max(this.#now, timer.at);
    fire();
  }

  #insert(timer: VirtualTimer): void {
    const heap = this.#heap;
    let at = heap.push(timer) - 1;
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = heap[up];
      if (parent === undefined || isBefore(parent, timer)) break;
      heap[at] = parent;
      at = up;
    }
    heap[at] = timer;
  }

  #removeTop(): VirtualTimer | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      const left = heap[2 * at + 1];
      const right = heap[2 * at + 2];
      const least = left !== undefined && right !== undefined && isBefore(right, left) ? 2 * at + 2 : 2 * at + 1;
      const child = heap[least];
      if (child === undefined || isBefore(last, child)) break;
      heap[at] = child;
      at = least;
    }
    heap[at] = last;
    return top;
  }
}

function isBefore(one: VirtualTimer, other: VirtualTimer): boolean {
  return one.at < other.at || (one.at === other.at && one.made < other.made);
}
