import type { Clock } from '../../actors/ports/clock.ts';
import type { World } from './world.ts';

/** How a process stands: `cut` runs but reaches nobody, `paused` does nothing, `dead` never comes back. */
export type ProcessState = 'up' | 'cut' | 'paused' | 'dead';

/**
 * One incarnation of a process: everything that it does goes through here, so that it can be cut off, paused and killed at any moment.
 * What was under way when it died may still arrive; what comes back to it is lost.
 */
export class Process {
  readonly name: string;
  readonly clock: Clock;
  readonly #world: World;
  #state: ProcessState = 'up';
  /** What waits for the process to go on, or for the network to come back. */
  #held: (() => void)[] = [];
  #outside: (() => void)[] = [];
  /** Since when it is not up. Milliseconds since 1970. */
  since = 0;

  constructor(world: World, name: string) {
    this.#world = world;
    this.name = name;
    this.clock = {
      now: () => world.clock.now(),
      timer: (delayMs, onDue) => {
        let armed = true;
        const disarm = world.clock.timer(delayMs, () => this.#whenRunning(() => armed && onDue()));
        return () => {
          armed = false;
          disarm();
        };
      },
    };
  }

  get state(): ProcessState {
    return this.#state;
  }

  set(state: ProcessState): void {
    if (this.#state === 'dead') return;
    this.#world.note(`${this.name} is ${state}`);
    this.#state = state;
    if (state !== 'up') this.since = this.#world.clock.now();
    if (state === 'paused') return;
    // A pause or a cut is over: what waited goes on, not always in the order in which it came.
    const waiting = state === 'cut' ? [] : [...this.#outside.splice(0), ...this.#held.splice(0)];
    if (state === 'dead') return;
    for (const go of waiting) this.#world.clock.timer(this.#world.random.whole(0, 3), go);
  }

  /** Does `act` in the store and brings the answer back. */
  call<Answer>(act: () => Answer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#state === 'dead') return;
      this.#travel(() => {
        try {
          const answer = act();
          this.deliver(() => resolve(answer));
        } catch (error) {
          this.deliver(() => reject(error));
        }
      });
    });
  }

  /** Brings something from outside to the process. */
  deliver(arrive: () => void): void {
    this.#world.clock.timer(this.#world.delay(), () => this.#whenReached(arrive));
  }

  /** From the process to the outside: lost with it one time in two, held back while it is cut off. */
  #travel(arrive: () => void): void {
    this.#world.clock.timer(this.#world.delay(), () => {
      if (this.#state === 'cut') this.#outside.push(arrive);
      else if (this.#state !== 'dead' || this.#world.random.chance(0.5)) arrive();
    });
  }

  #whenReached(arrive: () => void): void {
    if (this.#state === 'up') arrive();
    else if (this.#state !== 'dead') this.#held.push(() => this.#whenReached(arrive));
  }

  #whenRunning(go: () => void): void {
    if (this.#state === 'paused') this.#held.push(() => this.#whenRunning(go));
    else if (this.#state !== 'dead') go();
  }
}
