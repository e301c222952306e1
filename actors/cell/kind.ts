import type { AnyStateMachine } from 'xstate';
import type { FactType, JsonObject } from '../../protocols/journal/facts.ts';

/** One input of a machine: plain JSON. `type` never begins with `xstate.`. */
export interface Input {
  readonly type: string;
  /** The id of a message from another actor or from outside; one id is journaled once. */
  readonly id?: string;
  /** `<stream>:<asked>` of the request that this input settles. */
  readonly key?: string;
  readonly [field: string]: unknown;
}

/** An input with the time of its record, as reducers and machines see it. */
export type StampedInput = Input & { readonly at: number };

/** A fact that the machine decided; its `seq` is given by the fold. */
export interface EmittedFact {
  readonly type: FactType;
  readonly data: JsonObject;
}

/**
 * What a machine asks for. The cell performs it after the append, under the key `<stream>:<asked>`, and what comes back is an input
 * with that key. Three types the cell serves itself: `timer.start {name, ms}`, `timer.stop {name}`, `effect.abort {ref}`.
 */
export interface Request {
  readonly type: string;
  /** Names the request within its actor, so that it can be aborted or recognised; at most one pending request has a ref. */
  readonly ref: string;
  /** False: the effect is preceded by a durable tool.started, and never repeated when its outcome is unknown. Default true. */
  readonly repeatable?: boolean;
  readonly [field: string]: unknown;
}

export type Emitted = { readonly fact: EmittedFact } | { readonly request: Request };

/**
 * What a table's reducer says of an input. The machine carries it out: it moves to `go` if its chart allows that
 * (a move that it refuses is a throw, so a wrong reducer cannot leave chart and table apart), and emits in order.
 */
export interface Verdict<State extends string = string> {
  /** The state to go to; absent = stay. Naming the present state enters it again. */
  readonly go?: State;
  readonly emit: readonly Emitted[];
  /** The small context that the machine shows; absent = unchanged. */
  readonly context?: JsonObject;
}

/** One kind of durable actor: a chart of states, and a table that is folded beside it. */
export interface ActorKind<Table = unknown> {
  /** `agent`, `coordinator` … */
  readonly machine: string;
  /** Frozen in the first record of every journal; a node folds only versions that it has. */
  readonly version: number;
  /** A pure decider: no invoke, no after, no spawn. */
  readonly chart: AnyStateMachine;
  /** A fresh table: plain JSON, updated in place by `reduce`. */
  emptyTable(): Table;
  /** Pure but for the table. A throw rejects the input. */
  reduce(table: Table, input: StampedInput, state: string): Verdict;
  /** What the fact tells that ends a poisoned actor, beside code and message. */
  readonly lastWords?: (table: Table, state: string) => JsonObject;
  /** Context keys that observers may see. */
  readonly visibleContext: readonly string[];
  /** True: the cell ends the actor after openingsMax openings without progress. */
  readonly boundsOpenings: boolean;
}

export const fact = (type: FactType, data: JsonObject): Emitted => ({ fact: { type, data } });
export const request = (type: string, ref: string, fields: Readonly<Record<string, unknown>> = {}): Emitted => ({ request: { ...fields, type, ref } });
