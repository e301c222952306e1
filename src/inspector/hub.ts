import type { Observation } from '../../actors/ports/observer.ts';
import type { InspectorBounds } from './bounds.ts';
import { Names } from './names.ts';
import { StepRing } from './step-ring.ts';

/** An actor as the inspector knows it. */
export interface SeenActor {
  readonly number: number;
  readonly root: string;
  readonly actor: string;
  readonly machine: string;
  readonly parent: string;
  readonly ring: StepRing;
  /** Different moves so far, each as one number. */
  readonly moves: number[];
  state: number;
  seq: number;
  mailboxDepth: number;
  restarts: number;
  at: number;
  since: number;
  /** Of the last step; only keys that the machine allows. */
  context: Readonly<Record<string, unknown>>;
  ended: boolean;
}

export interface TapeStep {
  readonly actor: SeenActor;
  readonly seq: number;
  readonly at: number;
  readonly event: number;
  readonly state: number;
}

export interface HubOptions {
  readonly bounds: InspectorBounds;
  /** True for the states in which an actor of that machine has ended. */
  readonly ended: (machine: string, state: string) => boolean;
  readonly now: () => number;
}

/** Listens to the steps of watched actors and to the end of what is shown. */
export interface HubListener {
  stepped(step: TapeStep): void;
  gone(actor: SeenActor): void;
}

/** Room for the names in one move: source, event and target as digits of a number. */
const moveBase = 1_024;

/**
 * The actors of one tenant. Each step costs the same, however many actors and pages there are: a look-up, a few fields, two counts, and with
 * pages open one entry in the set of those that changed since the last tick.
 */
export class TenantHub {
  readonly names: Names;
  readonly #options: HubOptions;
  readonly #actors = new Map<string, SeenActor>();
  readonly #byNumber = new Map<number, SeenActor>();
  readonly #ended = new Map<number, SeenActor>();
  readonly #counts = new Map<string, number>();
  readonly #listeners = new Set<HubListener>();
  readonly #watched = new Map<number, Set<HubListener>>();
  readonly #tape: TapeStep[] = [];
  #tapeNext = 0;
  #changed = new Set<SeenActor>();
  #lastNumber = 0;
  #steps = 0;

  constructor(options: HubOptions) {
    this.#options = options;
    this.names = new Names(Math.min(options.bounds.namesMax, moveBase));
  }

  get size(): number {
    return this.#actors.size;
  }

  /** Steps so far. */
  get steps(): number {
    return this.#steps;
  }

  counts(): Record<string, number> {
    return Object.fromEntries([...this.#counts].filter(([, count]) => count > 0));
  }

  /** The newest last, which is how a page should hear of them first. */
  actors(): Iterable<SeenActor> {
    return this.#byNumber.values();
  }

  byNumber(number: number): SeenActor | undefined {
    return this.#byNumber.get(number);
  }

  /** The last steps of all actors, the oldest first. */
  tape(): readonly TapeStep[] {
    return [...this.#tape.slice(this.#tapeNext), ...this.#tape.slice(0, this.#tapeNext)];
  }

  observe({ actor: address, parent, machine, seq, event, state, context, mailboxDepth, restarts }: Observation): void {
    const key = `${address.root}/${address.actor}`;
    const at = this.#options.now();
    const stateNumber = this.names.numberOf(state);
    const eventNumber = this.names.numberOf(event);
    let actor = this.#actors.get(key);
    if (actor === undefined) {
      actor = this.#introduce(key, address.root, address.actor, machine, parent ?? '', stateNumber, at);
      this.#count(machine, stateNumber, 1);
      // The first record comes from where every actor of its machine begins; 0 stands for that.
      if (seq === 1) actor.moves.push(eventNumber * moveBase + stateNumber);
    } else if (actor.state !== stateNumber) {
      const move = (actor.state * moveBase + eventNumber) * moveBase + stateNumber;
      if (actor.moves.length < this.#options.bounds.actorMovesMax && !actor.moves.includes(move)) actor.moves.push(move);
      this.#count(machine, actor.state, -1);
      this.#count(machine, stateNumber, 1);
      actor.state = stateNumber;
      actor.since = at;
    }
    actor.seq = seq;
    actor.at = at;
    actor.context = context;
    actor.mailboxDepth = mailboxDepth;
    actor.restarts = restarts;
    actor.ring.push(seq, at, eventNumber, stateNumber);
    this.#steps++;
    const step: TapeStep = { actor, seq, at, event: eventNumber, state: stateNumber };
    this.#tape[this.#tapeNext] = step;
    this.#tapeNext = (this.#tapeNext + 1) % this.#options.bounds.tapeStepsMax;
    if (this.#listeners.size > 0) {
      this.#changed.add(actor);
      const watching = this.#watched.get(actor.number);
      if (watching !== undefined) for (const listener of watching) listener.stepped(step);
    }
    if (!actor.ended && this.#options.ended(machine, state)) {
      actor.ended = true;
      this.#ended.set(actor.number, actor);
      if (this.#ended.size > this.#options.bounds.endedActorsMax) this.#forgetOldest();
    }
  }

  /** What changed since the last call. */
  takeChanged(): ReadonlySet<SeenActor> {
    const changed = this.#changed;
    this.#changed = new Set();
    return changed;
  }

  /** The moves of an actor as `source>event>target`. */
  movesOf(actor: SeenActor): string[] {
    return actor.moves.map((move) => {
      const target = move % moveBase;
      const event = Math.floor(move / moveBase) % moveBase;
      return `${this.names.textOf(Math.floor(move / moveBase / moveBase))}>${this.names.textOf(event)}>${this.names.textOf(target)}`;
    });
  }

  listen(listener: HubListener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      for (const number of this.#watched.keys()) this.unwatch(number, listener);
      if (this.#listeners.size === 0) this.#changed.clear();
    };
  }

  watch(number: number, listener: HubListener): void {
    const watching = this.#watched.get(number) ?? new Set();
    watching.add(listener);
    this.#watched.set(number, watching);
  }

  unwatch(number: number, listener: HubListener): void {
    const watching = this.#watched.get(number);
    watching?.delete(listener);
    if (watching?.size === 0) this.#watched.delete(number);
  }

  #introduce(key: string, root: string, actor: string, machine: string, parent: string, state: number, at: number): SeenActor {
    const { actorsMax, actorStepsMax } = this.#options.bounds;
    if (this.#actors.size >= actorsMax) this.#forgetOldest();
    const seen: SeenActor = {
      number: ++this.#lastNumber,
      root,
      actor,
      machine,
      parent,
      ring: new StepRing(actorStepsMax),
      moves: [],
      state,
      seq: 0,
      mailboxDepth: 0,
      restarts: 0,
      at,
      since: at,
      context: {},
      ended: false,
    };
    this.#actors.set(key, seen);
    this.#byNumber.set(seen.number, seen);
    return seen;
  }

  #count(machine: string, state: number, by: number): void {
    const key = `${machine}.${this.names.textOf(state)}`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + by);
  }

  /** The one that ended first; with none ended, the one that is known longest. */
  #forgetOldest(): void {
    const [oldest] = this.#ended.size > 0 ? this.#ended.values() : this.#byNumber.values();
    if (oldest === undefined) return;
    this.#ended.delete(oldest.number);
    this.#byNumber.delete(oldest.number);
    this.#actors.delete(`${oldest.root}/${oldest.actor}`);
    this.#changed.delete(oldest);
    this.#watched.delete(oldest.number);
    this.#count(oldest.machine, oldest.state, -1);
    for (const listener of this.#listeners) listener.gone(oldest);
  }
}
