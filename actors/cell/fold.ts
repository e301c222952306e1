import type { Fact } from '../../protocols/journal/facts.ts';
import { canonicalJson } from './canonical.ts';
import type { ActorKind, Emitted, EmittedFact, Input, Request } from './kind.ts';
import { Machine } from './machine.ts';

export interface PendingRequest {
  readonly key: string;
  readonly request: Request;
  /** A tool.started stands in the journal. */
  readonly started: boolean;
}

export interface Timer {
  readonly key: string;
  /** Milliseconds since 1970. */
  readonly due: number;
}

/** What one input came to. */
export interface Step {
  readonly facts: readonly Fact[];
  readonly requests: readonly PendingRequest[];
  /** Keys whose effects are to be aborted. */
  readonly aborted: readonly string[];
}

/** The whole state of an actor as plain JSON; snapshot and canonical state are made of it. */
export interface FoldState {
  readonly value: unknown;
  readonly status: string;
  readonly context: unknown;
  readonly table: unknown;
  readonly n: number;
  readonly seq: number;
  readonly at: number;
  readonly asked: number;
  readonly epoch: number;
  readonly node: string;
  readonly openings: number;
  readonly poisoned: boolean;
  readonly seen: readonly string[];
  readonly pending: readonly PendingRequest[];
  readonly timers: Readonly<Record<string, Timer>>;
}

/**
 * The state of one actor, folded from its inputs. LIVE, REPLAY and recovery all step this one class, so they cannot disagree.
 * Pure: time comes with the input, nothing is performed. After a throw the instance is spoilt and must be folded again.
 */
export class Fold<Table = unknown> {
  readonly kind: ActorKind<Table>;
  readonly stream: string;
  readonly #machine: Machine;
  readonly #seenMax: number;
  #table: Table;
  #n = 0;
  #seq = 0;
  #at = 0;
  #asked = 0;
  #epoch = 0;
  #node = '';
  #openings = 0;
  #poisoned = false;
  #seen = new Set<string>();
  #pending = new Map<string, PendingRequest>();
  #timers = new Map<string, Timer>();

  constructor(kind: ActorKind<Table>, stream: string, seenMax: number, from?: FoldState) {
    this.kind = kind;
    this.stream = stream;
    this.#seenMax = seenMax;
    this.#table = from === undefined ? kind.emptyTable() : (structuredClone(from.table) as Table);
    this.#machine = new Machine(kind.chart, from);
    if (from !== undefined) this.#restore(from);
  }

  get n(): number {
    return this.#n;
  }
  get at(): number {
    return this.#at;
  }
  get epoch(): number {
    return this.#epoch;
  }
  /** The node of the last opening. */
  get node(): string {
    return this.#node;
  }
  /** Openings since the last progress. */
  get openings(): number {
    return this.#openings;
  }
  get table(): Table {
    return this.#table;
  }
  get pending(): ReadonlyMap<string, PendingRequest> {
    return this.#pending;
  }
  get timers(): ReadonlyMap<string, Timer> {
    return this.#timers;
  }
  /** The earliest due time of its timers. Milliseconds since 1970. */
  get nextDue(): number | undefined {
    let due: number | undefined;
    for (const timer of this.#timers.values()) if (due === undefined || timer.due < due) due = timer.due;
    return due;
  }
  get state(): string {
    const value: unknown = this.#machine.snapshot.value;
    return typeof value === 'string' ? value : JSON.stringify(value);
  }
  get context(): Readonly<Record<string, unknown>> {
    return this.#machine.snapshot.context as Record<string, unknown>;
  }
  /** No input can lead to another effect: the machine is final, tagged `ended`, or poisoned. */
  get ended(): boolean {
    const snapshot = this.#machine.snapshot;
    return this.#poisoned || snapshot.status !== 'active' || snapshot.hasTag('ended');
  }
  /** It takes no more inputs at all. */
  get closed(): boolean {
    return this.#poisoned || this.#machine.snapshot.status !== 'active';
  }

  hasSeen(id: string): boolean {
    return this.#seen.has(id);
  }

  /** True while an input with this key has something to settle. */
  awaits(key: string): boolean {
    if (this.#pending.has(key)) return true;
    for (const timer of this.#timers.values()) if (timer.key === key) return true;
    return false;
  }

  /** The pending request with this ref. */
  pendingRef(ref: string): PendingRequest | undefined {
    for (const pending of this.#pending.values()) if (pending.request.ref === ref) return pending;
    return undefined;
  }

  /** Lets go of what is only needed while inputs come; the next one has it made again. */
  rest(): void {
    this.#machine.rest();
  }

  /** Takes one input, as parsed from the JSON that is stored. Throws what reducer or machine threw. */
  step(input: Input, at: number): Step {
    if (input.type.startsWith('xstate.')) throw new Error(`the input type '${input.type}' is refused`);
    if (at < this.#at) throw new Error(`time runs backwards: ${at} after ${this.#at}`);
    this.#n += 1;
    this.#at = at;
    if (input.id !== undefined) this.#remember(input.id);
    const own = this.#ownFacts(input);
    if (input.type === 'actor.poison') {
      this.#poisoned = true;
      return { facts: this.#numbered(own), requests: [], aborted: this.#dropAll() };
    }
    if (input.key !== undefined) this.#settle(input);
    const emitted = this.#send(input, at);
    const facts = this.#numbered([...own, ...emitted.flatMap((out) => ('fact' in out ? [out.fact] : []))]);
    const requests: PendingRequest[] = [];
    const aborted: string[] = [];
    for (const out of emitted) if ('request' in out) this.#ask(out.request, at, requests, aborted);
    if (this.ended) aborted.push(...this.#dropAll(requests));
    return { facts, requests, aborted };
  }

  /** The canonical state: equal journals give equal text, byte for byte. */
  canonical(): string {
    return canonicalJson(this.toState());
  }

  toState(): FoldState {
    const { value, status, context } = this.#machine.snapshot;
    return {
      value,
      status,
      context,
      table: this.#table,
      n: this.#n,
      seq: this.#seq,
      at: this.#at,
      asked: this.#asked,
      epoch: this.#epoch,
      node: this.#node,
      openings: this.#openings,
      poisoned: this.#poisoned,
      seen: [...this.#seen],
      pending: [...this.#pending.values()],
      timers: Object.fromEntries(this.#timers),
    };
  }

  #restore(from: FoldState): void {
    this.#n = from.n;
    this.#seq = from.seq;
    this.#at = from.at;
    this.#asked = from.asked;
    this.#epoch = from.epoch;
    this.#node = from.node;
    this.#openings = from.openings;
    this.#poisoned = from.poisoned;
    this.#seen = new Set(from.seen);
    this.#pending = new Map(from.pending.map((pending) => [pending.key, pending]));
    this.#timers = new Map(Object.entries(from.timers));
  }

  /** Inputs that the cell makes itself carry a fact of their own, before those of the machine. */
  #ownFacts(input: Input): EmittedFact[] {
    switch (input.type) {
      case 'cell.opened':
        this.#epoch = Number(input['epoch']);
        this.#node = String(input['node']);
        this.#openings += 1;
        return [{ type: 'cell.opened', data: { node: input['node'], epoch: input['epoch'] } }];
      case 'tool.started':
        return [{ type: 'tool.started', data: { call: input['ref'], key: input.key } }];
      case 'actor.poison':
        return [{ type: 'actor.poisoned', data: { code: input['code'], message: input['message'], ...this.kind.lastWords?.(this.#table, this.state) } }];
      default:
        if (this.#n === 1 && typeof input['node'] === 'string') {
          this.#node = input['node'];
          this.#epoch = Number(input['epoch'] ?? 1);
        }
        // An unknown outcome is not progress: a task that kills its worker every time must come to an end.
        if (input['code'] !== 'outcome_unknown') this.#openings = 0;
        return [];
    }
  }

  #settle(input: Input): void {
    const key = input.key ?? '';
    const pending = this.#pending.get(key);
    if (pending !== undefined) {
      if (input.type === 'tool.started') this.#pending.set(key, { ...pending, started: true });
      else this.#pending.delete(key);
      return;
    }
    for (const [name, timer] of this.#timers) {
      if (timer.key === key) {
        this.#timers.delete(name);
        return;
      }
    }
  }

  #send(input: Input, at: number): readonly Emitted[] {
    // Between the poles of the cell itself nothing is decided.
    if (input.type === 'tool.started') return [];
    const stamped = { ...input, at };
    const verdict = this.kind.reduce(this.#table, stamped, this.state);
    const carried = this.#machine.send(stamped, verdict);
    if (verdict.go !== undefined && this.state !== verdict.go) {
      throw new Error(`${this.kind.machine} refuses to go from '${this.state}' to '${verdict.go}' on ${input.type}`);
    }
    if (carried.length !== verdict.emit.length) {
      throw new Error(`${this.kind.machine} does not take ${input.type} in state '${this.state}'`);
    }
    return carried;
  }

  #numbered(facts: readonly EmittedFact[]): Fact[] {
    return facts.map((one) => ({ seq: ++this.#seq, type: one.type, data: one.data }));
  }

  #ask(asked: Request, at: number, requests: PendingRequest[], aborted: string[]): void {
    switch (asked.type) {
      case 'timer.stop':
        this.#timers.delete(String(asked['name']));
        return;
      case 'effect.abort': {
        const pending = this.pendingRef(asked.ref);
        if (pending === undefined) return;
        this.#pending.delete(pending.key);
        aborted.push(pending.key);
        return;
      }
      case 'timer.start': {
        this.#asked += 1;
        this.#timers.set(String(asked['name']), { key: `${this.stream}:${this.#asked}`, due: at + Number(asked['ms']) });
        return;
      }
      default: {
        this.#asked += 1;
        const pending: PendingRequest = { key: `${this.stream}:${this.#asked}`, request: asked, started: false };
        this.#pending.set(pending.key, pending);
        requests.push(pending);
      }
    }
  }

  /** At the end nothing is awaited any more; what was asked for in the last step is still performed. */
  #dropAll(except: readonly PendingRequest[] = []): string[] {
    const kept = new Set(except.map((pending) => pending.key));
    const dropped = [...this.#pending.keys()].filter((key) => !kept.has(key));
    this.#pending.clear();
    this.#timers.clear();
    return dropped;
  }

  #remember(id: string): void {
    this.#seen.add(id);
    if (this.#seen.size > this.#seenMax) {
      for (const oldest of this.#seen) {
        this.#seen.delete(oldest);
        break;
      }
    }
  }
}
