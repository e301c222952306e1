import type { Fact } from '../../../protocols/journal/facts.ts';
import type { UsageBounds } from '../bounds.ts';
import { bucketOf, latencyBuckets } from './latency.ts';

export const hourMs = 3_600_000;
/** What further names than `namesMax` are counted under. */
const otherName = 'other';

/** Calls of one tool or model in one hour. */
export interface HourUsage {
  calls: number;
  failed: number;
  tokens: number;
  costMicroUsd: number;
  /** Calls whose price nobody knows. */
  unpriced: number;
  /** How long they took, counted as `bucketOf` says. */
  readonly latency: number[];
}

/** One tool or model: its hours, by their number since 1970, and how its last call went. */
export interface NamedUsage {
  readonly hours: Map<number, HourUsage>;
  inFlight: number;
  /** The code of its last failure, and when it was; kept until a call succeeds. */
  failure: { readonly code: string; readonly at: number } | undefined;
}

/** A call that has begun. */
export interface OpenCall {
  readonly id: string;
  readonly named: NamedUsage;
  at: number;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const number = (value: unknown): number => (typeof value === 'number' ? value : 0);

/** What the tools and models of one tenant did in the last hours, from the facts of its actors. */
export class Usage {
  readonly tools = new Map<string, NamedUsage>();
  readonly models = new Map<string, NamedUsage>();
  /** Counts what was taken, so that a reader sees whether anything is new. */
  taken = 0;
  readonly #bounds: UsageBounds;

  constructor(bounds: UsageBounds) {
    this.#bounds = bounds;
  }

  /** Takes the facts of one record; `open` are the calls that its actor has begun, kept with the actor. */
  take(open: OpenCall[], facts: readonly Fact[], at: number): void {
    for (const { type, data } of facts) {
      switch (type) {
        case 'tool.requested':
          this.#begin(open, 'tools', data['call'], data['name'], at);
          break;
        case 'model.called':
          this.#begin(open, 'models', data['call'], data['model'], at);
          break;
        case 'tool.approved': {
          // What somebody thought about it is not the tool's time.
          const call = open.find((one) => one.id === data['call']);
          if (call !== undefined) call.at = at;
          break;
        }
        case 'tool.completed': {
          const hour = this.#end(open, data['call'], at, data['ok'] === true ? undefined : text(data['code']) || 'failed', data['name']);
          if (hour !== undefined) hour.calls++;
          break;
        }
        case 'model.replied': {
          const hour = this.#end(open, data['call'], at, undefined);
          if (hour === undefined) break;
          hour.calls++;
          hour.tokens += number(data['tokens']);
          if (typeof data['costMicroUsd'] === 'number') hour.costMicroUsd += data['costMicroUsd'];
          else hour.unpriced++;
          break;
        }
        case 'model.discarded': {
          const hour = this.#end(open, data['call'], at, text(data['code']) || 'failed');
          if (hour !== undefined) hour.calls++;
          break;
        }
      }
    }
  }

  /** Its actor is no longer known: its calls are no longer under way. */
  forget(open: OpenCall[]): void {
    for (const { named } of open) named.inFlight--;
    open.length = 0;
  }

  #begin(open: OpenCall[], kind: 'tools' | 'models', id: unknown, name: unknown, at: number): void {
    if (typeof id !== 'string') return;
    const named = this.#named({ kind, name: text(name) });
    const again = open.findIndex((one) => one.id === id);
    if (again >= 0 || open.length >= this.#bounds.openCallsMax) {
      const [gone] = open.splice(Math.max(0, again), 1);
      if (gone !== undefined) gone.named.inFlight--;
    }
    open.push({ id, named, at });
    named.inFlight++;
  }

  /** Undefined for a call that nobody saw begin, and whose name is not told. */
  #end(open: OpenCall[], id: unknown, at: number, failure: string | undefined, name?: unknown): HourUsage | undefined {
    this.taken++;
    const place = open.findIndex((one) => one.id === id);
    const call = open[place];
    const named = call?.named ?? (typeof name === 'string' ? this.#named({ kind: 'tools', name }) : undefined);
    if (named === undefined) return undefined;
    const hour = this.#hourOf(named, at);
    if (call !== undefined) {
      open.splice(place, 1);
      named.inFlight--;
      const bucket = bucketOf(at - call.at);
      hour.latency[bucket] = (hour.latency[bucket] ?? 0) + 1;
    }
    if (failure !== undefined) hour.failed++;
    named.failure = failure === undefined ? undefined : { code: failure, at };
    return hour;
  }

  #named({ kind, name }: { readonly kind: 'tools' | 'models'; readonly name: string }): NamedUsage {
    const all = this[kind];
    const key = all.has(name) || all.size < this.#bounds.namesMax ? name : otherName;
    let named = all.get(key);
    if (named === undefined) {
      named = { hours: new Map(), inFlight: 0, failure: undefined };
      all.set(key, named);
    }
    return named;
  }

  #hourOf({ hours }: NamedUsage, at: number): HourUsage {
    const present = Math.floor(at / hourMs);
    let hour = hours.get(present);
    if (hour === undefined) {
      hour = { calls: 0, failed: 0, tokens: 0, costMicroUsd: 0, unpriced: 0, latency: new Array<number>(latencyBuckets).fill(0) };
      hours.set(present, hour);
      for (const old of hours.keys()) if (old <= present - this.#bounds.hours) hours.delete(old);
    }
    return hour;
  }
}
