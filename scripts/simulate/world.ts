import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import type { Random } from './random.ts';

/** Lines of history that a failing schedule can show. */
const historyLinesMax = 2_000;
/** Timers that one schedule may fire; one that fires more is going in circles. */
const stepsMax = 200_000;
/** When every schedule begins. Milliseconds since 1970. */
const startMs = 1_800_000_000_000;

/** A promise that was broken, with what it was. */
export class Violation extends Error {}

/** What all parts of one schedule share: the time, the dice, and what has happened. */
export class World {
  readonly clock: VirtualClock = new VirtualClock(startMs);
  readonly random: Random;
  readonly #history: string[] = [];
  #violation: Violation | undefined;
  /** Faults have ended: from here on everything must come to its end. */
  healed = false;

  constructor(random: Random) {
    this.random = random;
  }

  /** Milliseconds since the schedule began. */
  get elapsed(): number {
    return this.clock.now() - startMs;
  }

  get history(): readonly string[] {
    return this.#history;
  }

  note(line: string): void {
    if (this.#history.length < historyLinesMax) this.#history.push(`${String(this.elapsed).padStart(6)}  ${line}`);
  }

  /** Notes a broken promise from wherever it is seen; the schedule ends with it. */
  violate(what: string): void {
    this.#violation ??= new Violation(what);
    this.note(`VIOLATION ${what}`);
  }

  check(holds: boolean, what: string): void {
    if (!holds) this.violate(what);
  }

  /** How long a message is under way: mostly short, now and then long enough for others to overtake it. Milliseconds. */
  delay(): number {
    return this.random.chance(0.05) ? this.random.whole(20, 400) : this.random.whole(0, 4);
  }

  /** Lets time pass until `done`, or until `horizonMs` of the schedule; answers whether it was done. Throws what was violated. */
  async run(done: () => boolean, horizonMs: number): Promise<boolean> {
    for (let step = 0; step < stepsMax; step += 1) {
      // Promises that a timer has settled go on before the next timer fires.
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (this.#violation !== undefined) throw this.#violation;
      if (done()) return true;
      const due = this.clock.nextDue;
      if (due === undefined || due - startMs > horizonMs) return false;
      this.clock.advanceToNext();
    }
    throw new Violation(`more than ${stepsMax} steps: something goes in circles`);
  }
}
