import type { Observation, Observer } from '../../../actors/ports/observer.ts';
import type { TokenUsage } from '../../../protocols/goals/goal.ts';
import type { Fact } from '../../../protocols/journal/facts.ts';
import type { ActorAddress } from '../../../protocols/subjects.ts';
import { AgentSpans } from './agent-spans.ts';
import { sentAgainMs, tracedActorsMax, waitingStepsMax } from './bounds.ts';
import { GoalSpans } from './goal-spans.ts';
import type { Span, SpanSink } from './span.ts';

/** A record of the past of an actor. */
export interface PastRecord {
  readonly actor: string;
  readonly n: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly facts: readonly Fact[];
}

export interface TracerOptions {
  readonly emit: SpanSink;
  /** The records of one actor, or of every actor of its goal, as the journal has them. */
  readonly past: (address: ActorAddress, of: 'actor' | 'goal') => AsyncIterable<PastRecord>;
  /** Something an operator should know, one line. */
  readonly onNote: (line: string) => void;
}

const tracedMachines: ReadonlySet<string> = new Set(['agent', 'coordinator']);

interface Traced {
  readonly spans: { take(fact: Fact, at: number, usage?: TokenUsage): boolean };
  /** The last record that has been taken. */
  seen: number;
  /** Steps that came while the past is being read. */
  waiting: Observation[] | undefined;
}

/**
 * Makes the spans of the actors of this node from their facts. A span is sent when it ends, by whoever hosts its actor then. Ids follow
 * from goal, task, attempt and call, and what was open at a crash is read from the journal by the node that goes on, so that a trace is
 * whole whoever worked on it.
 */
export class Tracer {
  readonly #options: TracerOptions;
  readonly #actors = new Map<string, Traced>();
  /** What a model told it used, until the fact of its reply comes. By actor. */
  readonly #usage = new Map<string, TokenUsage>();
  #dropped = 0;

  constructor(options: TracerOptions) {
    this.#options = options;
  }

  /** Actors and steps whose spans could not be kept. */
  get dropped(): number {
    return this.#dropped;
  }

  readonly observe: Observer = (observation) => {
    if (!tracedMachines.has(observation.machine)) return;
    const known = this.#actors.get(keyOf(observation.actor));
    if (known?.waiting !== undefined) {
      if (known.waiting.length < waitingStepsMax) known.waiting.push(observation);
      else this.#dropped++;
      return;
    }
    if (observation.facts.some(({ type }) => type === 'cell.opened')) return void this.#resume(observation);
    this.#step(known ?? this.#begin(observation.actor, observation.machine), observation);
  };

  /** Keeps what a model told it used; the fact of the reply has only the sum. */
  replied(actor: ActorAddress, usage: TokenUsage): void {
    if (this.#actors.has(keyOf(actor))) this.#usage.set(keyOf(actor), usage);
  }

  #begin(address: ActorAddress, machine: string, emit: SpanSink = this.#options.emit): Traced {
    const spans = machine === 'agent' ? new AgentSpans(address, emit) : new GoalSpans(address, emit);
    const traced: Traced = { spans, seen: 0, waiting: undefined };
    const key = keyOf(address);
    this.#actors.delete(key);
    this.#actors.set(key, traced);
    if (this.#actors.size > tracedActorsMax) {
      const [oldest] = this.#actors.keys();
      if (oldest !== undefined) this.#forget(oldest);
      this.#dropped++;
    }
    return traced;
  }

  #step(traced: Traced, { actor, seq, at, facts }: Observation): void {
    if (seq <= traced.seen) return;
    traced.seen = seq;
    const key = keyOf(actor);
    const usage = this.#usage.get(key);
    for (const fact of facts) {
      if (fact.type === 'model.replied') this.#usage.delete(key);
      if (traced.spans.take(fact, at, usage)) this.#forget(key);
    }
  }

  #forget(key: string): void {
    this.#actors.delete(key);
    this.#usage.delete(key);
  }

  /** An actor whose journal was opened here: what is open in its trace stands in its journal. */
  async #resume(opening: Observation): Promise<void> {
    const { past, onNote, emit } = this.#options;
    const { actor, machine } = opening;
    const again: Span[] = [];
    let live = false;
    const traced = this.#begin(actor, machine, (span) => (live ? emit(span) : void again.push(span)));
    traced.waiting = [opening];
    let last = 0;
    try {
      // A goal that was only just accepted has no agents yet.
      const whole = machine !== 'agent' && opening.seq > 2;
      const others = new Map<string, AgentSpans>();
      for await (const { actor: name, n, at, facts } of past(actor, whole ? 'goal' : 'actor')) {
        if (name === actor.actor) {
          if (n >= opening.seq) continue;
          traced.seen = n;
          for (const fact of facts) traced.spans.take(fact, at);
        } else {
          const agent = others.get(name) ?? new AgentSpans({ ...actor, actor: name }, (span) => void again.push(span));
          others.set(name, agent);
          for (const fact of facts) agent.take(fact, at);
        }
        last = Math.max(last, at);
      }
    } catch (error) {
      onNote(`the past of ${actor.root} could not be read for its trace, which will miss spans: ${error instanceof Error ? error.message : String(error)}`);
    }
    live = true;
    for (const span of again) if (span.end >= last - sentAgainMs) emit(span);
    const { waiting } = traced;
    traced.waiting = undefined;
    for (const observation of waiting ?? []) this.#step(traced, observation);
  }
}

function keyOf({ tenant, root, actor }: ActorAddress): string {
  return `${tenant}.${root}.${actor}`;
}
