import type { Observation } from '../../actors/ports/observer.ts';
import { type InspectorBounds, usageBounds } from './bounds.ts';
import { Names } from './names.ts';
import type { StepRow } from './protocol.ts';
import { StepRing } from './step-ring.ts';
import { type OpenCall, Usage } from './usage/usage.ts';

/** An actor as the inspector knows it. */
export interface SeenActor {
  readonly number: number;
  readonly root: string;
  readonly actor: string;
  readonly machine: string;
  readonly parent: string;
  readonly ring: StepRing;
  /** Calls of tools and models that it has begun. */
  readonly calls: OpenCall[];
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
  /** The node that it runs on; empty for this one. */
  node: string;
  /** The step of the hub at which it last changed. */
  changedAt: number;
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
  /** What is known of a watched actor was put right. */
  learned(actor: SeenActor): void;
  gone(actor: SeenActor): void;
}

/** What another node tells of an actor: moves as `source>event>target`, its last steps, and its context as a page may see it. */
export interface Learned {
  readonly moves: readonly string[];
  readonly steps: readonly StepRow[];
  readonly context: Readonly<Record<string, unknown>>;
}

/** Room for the names in one move: source, event and target as digits of a number. */
const moveBase = 1_024;

/**
 * The actors of one tenant. Each step costs the same, however many actors and pages there are: a look-up, a few fields, two counts, and with
 * pages open one entry in the set of those that changed since the last tick.
 */
export class TenantHub {
  readonly names: Names;
  /** What tools and models did here. */
  readonly usage = new Usage(usageBounds);
  readonly #options: HubOptions;
  readonly #actors = new Map<string, SeenActor>();
  readonly #byNumber = new Map<number, SeenActor>();
  readonly #ended = new Map<number, SeenActor>();
  /** By node, then by `machine.state`. */
  readonly #counts = new Map<string, Map<string, number>>();
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
    const sums: Record<string, number> = {};
    for (const counts of this.#counts.values()) for (const [key, count] of counts) if (count > 0) sums[key] = (sums[key] ?? 0) + count;
    return sums;
  }

  /** The same of each node; undefined while only this one has any. This one has the empty name. */
  countsByNode(): Record<string, Record<string, number>> | undefined {
    if (this.#counts.size === 0 || (this.#counts.size === 1 && this.#counts.has(''))) return undefined;
    return Object.fromEntries([...this.#counts].map(([node, counts]) => [node, Object.fromEntries([...counts].filter(([, count]) => count > 0))]));
  }

  /** An actor by `root/actor`. */
  actor(key: string): SeenActor | undefined {
    return this.#actors.get(key);
  }

  /** Actors of this node that changed after a step, those that changed first at the front. */
  changedAfter(step: number): SeenActor[] {
    const changed: SeenActor[] = [];
    for (const actor of this.#byNumber.values()) if (actor.changedAt > step && actor.node === '') changed.push(actor);
    return changed.sort((a, b) => a.changedAt - b.changedAt);
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

  observe(observation: Observation, node = ''): void {
    const { actor: address, parent, machine, seq, event, state, context, mailboxDepth, restarts } = observation;

    const key = `${address.root}/${address.actor}`;
    const at = this.#options.now();
    const stateNumber = this.names.numberOf(state);
    const eventNumber = this.names.numberOf(event);
    let actor = this.#actors.get(key);
    if (actor === undefined) {
      actor = this.#introduce(key, address.root, address.actor, machine, parent ?? '', stateNumber, at, node);
      this.#count(node, machine, stateNumber, 1);
      // The first record comes from where every actor of its machine begins; 0 stands for that.
      if (seq === 1) actor.moves.push(eventNumber * moveBase + stateNumber);
    } else if (actor.state !== stateNumber || actor.node !== node) {
      const move = (actor.state * moveBase + eventNumber) * moveBase + stateNumber;
      if (actor.state !== stateNumber && actor.moves.length < this.#options.bounds.actorMovesMax && !actor.moves.includes(move)) actor.moves.push(move);
      this.#count(actor.node, machine, actor.state, -1);
      this.#count(node, machine, stateNumber, 1);
      if (actor.state !== stateNumber) actor.since = at;
      actor.state = stateNumber;
      actor.node = node;
    }
    if (observation.facts.length > 0) this.usage.take(actor.calls, observation.facts, observation.at);
    actor.seq = seq;
    actor.at = at;
    actor.context = context;
    actor.mailboxDepth = mailboxDepth;
    actor.restarts = restarts;
    actor.ring.push(seq, at, eventNumber, stateNumber);
    actor.changedAt = ++this.#steps;
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

  /** Takes over what another node knows of an actor of its own, and tells those who watch it when that was news. */
  learn(actor: SeenActor, { moves, steps, context }: Learned): void {
    let news = JSON.stringify(context) !== JSON.stringify(actor.context);
    actor.context = context;
    for (const text of moves) {
      const [source = '', event = '', target = ''] = text.split('>');
      const from = source === 'other' ? 0 : this.names.numberOf(source);
      const move = (from * moveBase + this.names.numberOf(event)) * moveBase + this.names.numberOf(target);
      if (actor.moves.length >= this.#options.bounds.actorMovesMax || actor.moves.includes(move)) continue;
      actor.moves.push(move);
      news = true;
    }
    actor.ring.clear();
    for (const [seq, at, event, state] of steps) actor.ring.push(seq, at, this.names.numberOf(event), this.names.numberOf(state));
    if (news) for (const listener of this.#watched.get(actor.number) ?? []) listener.learned(actor);
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

  #introduce(key: string, root: string, actor: string, machine: string, parent: string, state: number, at: number, node: string): SeenActor {
    const { actorsMax, actorStepsMax } = this.#options.bounds;
    if (this.#actors.size >= actorsMax) this.#forgetOldest();
    const seen: SeenActor = {
      number: ++this.#lastNumber,
      root,
      actor,
      machine,
      parent,
      ring: new StepRing(actorStepsMax),
      calls: [],
      moves: [],
      state,
      seq: 0,
      mailboxDepth: 0,
      restarts: 0,
      at,
      since: at,
      context: {},
      ended: false,
      node,
      changedAt: 0,
    };
    this.#actors.set(key, seen);
    this.#byNumber.set(seen.number, seen);
    return seen;
  }

  #count(node: string, machine: string, state: number, by: number): void {
    let counts = this.#counts.get(node);
    if (counts === undefined) {
      counts = new Map();
      this.#counts.set(node, counts);
    }
    const key = `${machine}.${this.names.textOf(state)}`;
    counts.set(key, (counts.get(key) ?? 0) + by);
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
    this.usage.forget(oldest.calls);
    this.#count(oldest.node, oldest.machine, oldest.state, -1);
    for (const listener of this.#listeners) listener.gone(oldest);
  }
}
