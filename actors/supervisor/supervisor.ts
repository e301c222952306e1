import { type Failure, failureOf } from '../../protocols/errors/error.ts';
import type { Clock } from '../ports/clock.ts';
import { decideRestart, type RestartPolicy, restartPolicyDefault } from './restart-policy.ts';

/** How a child came to its end: `failure` set = it is to be restarted, absent = it is done. */
export interface ChildEnd {
  readonly failure?: Failure;
}

/** What a supervisor watches: a cell, or anything else that starts, ends, and can be stopped. */
export interface Child {
  whenStopped(): Promise<ChildEnd>;
  stop(): void;
}

/** Makes a child, or undefined when there is nothing to run. A rejection counts as a failure of the child. */
export type StartChild = (restarts: number) => Promise<Child | undefined>;

export interface SupervisorOptions {
  readonly clock: Clock;
  /** one-for-one restarts the child that failed; one-for-all stops and restarts its siblings with it. */
  readonly strategy?: 'one-for-one' | 'one-for-all';
  readonly policy?: RestartPolicy;
  /** The bound on restarts is reached: the child (or all of them) stays down, and someone must know. */
  readonly onEscalate: (child: string, failure: Failure) => void;
}

interface Watched {
  readonly start: StartChild;
  running: Child | undefined;
  restarts: readonly number[];
  /** All restarts, for observers. */
  count: number;
  disarm: (() => void) | undefined;
}

/** Starts children, restarts those that fail with a growing wait, and gives up when they fail too often. No failure of a child reaches its caller. */
export class Supervisor {
  readonly #clock: Clock;
  readonly #together: boolean;
  readonly #policy: RestartPolicy;
  readonly #onEscalate: SupervisorOptions['onEscalate'];
  readonly #children = new Map<string, Watched>();
  #groupRestarts: readonly number[] = [];
  #stopped = false;

  constructor({ clock, strategy = 'one-for-one', policy = restartPolicyDefault, onEscalate }: SupervisorOptions) {
    this.#clock = clock;
    this.#together = strategy === 'one-for-all';
    this.#policy = policy;
    this.#onEscalate = onEscalate;
  }

  get children(): readonly string[] {
    return [...this.#children.keys()];
  }

  /** Starts a child under this name. Resolves once it runs, or could not be started and waits for its next try (undefined). */
  async start(name: string, start: StartChild): Promise<Child | undefined> {
    if (this.#stopped) return undefined;
    const watched: Watched = { start, running: undefined, restarts: [], count: 0, disarm: undefined };
    this.#children.set(name, watched);
    await this.#run(name, watched);
    return watched.running;
  }

  /** Stops one child and forgets it. */
  stop(name: string): void {
    const watched = this.#children.get(name);
    this.#children.delete(name);
    watched?.disarm?.();
    watched?.running?.stop();
  }

  stopAll(): void {
    this.#stopped = true;
    for (const name of this.children) this.stop(name);
  }

  async #run(name: string, watched: Watched): Promise<void> {
    const { count } = watched;
    // Stopped, or restarted with its siblings while it was starting: whoever did that knows of no child yet.
    const outdated = (): boolean => this.#children.get(name) !== watched || watched.count !== count;
    try {
      const child = await watched.start(count);
      if (outdated()) {
        child?.stop();
        return;
      }
      if (child === undefined) {
        this.#children.delete(name);
        return;
      }
      watched.running = child;
      child.whenStopped().then(
        (end) => this.#ended(name, watched, child, end),
        (error: unknown) => this.#ended(name, watched, child, { failure: failureOf(error) }),
      );
    } catch (error) {
      if (!outdated()) this.#failed(name, watched, failureOf(error));
    }
  }

  #ended(name: string, watched: Watched, child: Child, { failure }: ChildEnd): void {
    if (watched.running !== child) return;
    watched.running = undefined;
    if (this.#children.get(name) !== watched) return;
    if (failure === undefined) this.#children.delete(name);
    else this.#failed(name, watched, failure);
  }

  #failed(name: string, watched: Watched, failure: Failure): void {
    if (this.#stopped || this.#children.get(name) !== watched) return;
    const decision = decideRestart(this.#policy, this.#together ? this.#groupRestarts : watched.restarts, this.#clock.now());
    if ('escalate' in decision) {
      for (const one of this.#together ? this.children : [name]) this.stop(one);
      this.#onEscalate(name, failure);
      return;
    }
    if (this.#together) this.#groupRestarts = decision.recent;
    else watched.restarts = decision.recent;
    for (const one of this.#together ? this.children : [name]) this.#restartLater(one, decision.restartAfterMs);
  }

  #restartLater(name: string, delayMs: number): void {
    const watched = this.#children.get(name);
    if (watched === undefined) return;
    const { running } = watched;
    watched.running = undefined;
    running?.stop();
    watched.disarm?.();
    watched.count += 1;
    watched.disarm = this.#clock.timer(delayMs, () => {
      watched.disarm = undefined;
      if (this.#children.get(name) === watched) void this.#run(name, watched);
    });
  }
}
