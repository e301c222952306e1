import { z } from 'zod';

/**
 * The feed of `/v1/inspect`: JSON in text frames, one direction each. A page says `open` first, with its token, and then what it looks at;
 * the node answers `opened` and sends a `frame` in each tick in which something changed. Read-only: nothing here reaches an actor.
 */
export const pageMessage = z.discriminatedUnion('type', [
  /** The actors in view, told first; with `root`, actors of other goals are not told at all. */
  z.strictObject({ type: z.literal('view'), visible: z.array(z.int().min(0)).max(256), root: z.string().max(128).optional() }),
  /** The full stream of one actor, by its number, and its context. */
  z.strictObject({ type: z.literal('watch'), actor: z.int().min(0) }),
  z.strictObject({ type: z.literal('unwatch'), actor: z.int().min(0) }),
  z.strictObject({ type: z.literal('tape'), on: z.boolean(), root: z.string().max(128).optional() }),
  /** What tools and models did, told again whenever it changed. */
  z.strictObject({ type: z.literal('usage'), on: z.boolean() }),
  /** The machines of a goal as they were after record `at`, counted over all its journals from 1; absent = the last one. */
  z.strictObject({
    type: z.literal('past'),
    root: z.string().min(1).max(128),
    at: z.int().min(1).optional(),
    actor: z.string().max(128).optional(),
  }),
]);
export type PageMessage = z.infer<typeof pageMessage>;

/** An actor that the page does not know yet: `[number, root, actor, machine, parent, node]`; the node is empty for the one that tells. */
export type ActorIntroduction = readonly [number: number, root: string, actor: string, machine: string, parent: string, node: string];

/** What is so of an actor: `[number, state, seq, mailboxDepth, restarts, at, since]`; `since` is when it entered its state. Times in ms since 1970. */
export type ActorRow = readonly [number: number, state: string, seq: number, mailboxDepth: number, restarts: number, at: number, since: number];

/** One step: `[seq, at, event, state]`. */
export type StepRow = readonly [seq: number, at: number, event: string, state: string];

/** A step on the tape: `[actor, seq, at, event, state]`. */
export type TapeRow = readonly [actor: number, seq: number, at: number, event: string, state: string];

export interface WatchedActor {
  readonly actor: number;
  readonly context: Readonly<Record<string, unknown>>;
  readonly steps: readonly StepRow[];
  /** Steps that were more than a tick may carry. */
  readonly leftOut: number;
  /** True when `steps` are the last ones from before the watch; with `moves`, the different moves so far as `source>event>target`. */
  readonly history?: true;
  readonly moves?: readonly string[];
}

/** What one tick tells a page. Absent fields did not change. */
export interface Frame {
  readonly type: 'frame';
  readonly at: number;
  /** Actors by `machine.state`; always exact. */
  readonly counts: Readonly<Record<string, number>>;
  /** The same of each node, once there is more than one; the one that tells has the empty name. */
  readonly nodes?: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly total: number;
  /** Steps of all actors since the node started, for rates. */
  readonly steps: number;
  readonly actors?: readonly ActorIntroduction[];
  readonly rows?: readonly ActorRow[];
  /** Actors that are no longer shown. */
  readonly gone?: readonly number[];
  readonly watched?: readonly WatchedActor[];
  readonly usage?: UsageView;
  readonly tape?: { readonly rows: readonly TapeRow[]; readonly leftOut: number };
  /** Changed actors that this frame had no room for. */
  readonly behind: number;
}

/** A fact of a record that is looked back at: `[seq, type, data]`. */
export type PastFact = readonly [seq: number, type: string, data: Readonly<Record<string, unknown>>];

/** An input that a reader looks for first: `[record, event, actor]`. */
export type PastMark = readonly [record: number, event: string, actor: string];

/** One machine as it was. */
export interface PastActorView {
  readonly actor: string;
  readonly machine: string;
  readonly state: string;
  /** Inputs that it had taken. */
  readonly n: number;
  readonly context: Readonly<Record<string, unknown>>;
  readonly table: readonly (readonly [name: string, value: string | number | boolean | null])[];
  /** Different moves so far as `source>event>target`, and the last of all. */
  readonly moves: readonly string[];
  readonly last?: string;
  /** Of its last record. */
  readonly facts: readonly PastFact[];
  /** Requests that were not answered yet, and timers that ran. */
  readonly pending: number;
  readonly timers: number;
  /** SHA-256 of its canonical state, as `flockwork replay` tells it. */
  readonly stateHash?: string;
}

/** One record: `[record, actor, n, event, state, at]`. */
export type PastRow = readonly [record: number, actor: string, n: number, event: string, state: string, at: number];

/** All machines of a goal as they were after one record. */
export interface PastView {
  readonly type: 'past';
  readonly root: string;
  /** Records of the goal; with `reading`, those that have been read so far. */
  readonly total: number;
  readonly reading?: true;
  readonly at: number;
  /** When the first and the last record were made, ms since 1970. */
  readonly begin?: number;
  readonly end?: number;
  readonly record?: { readonly actor: string; readonly n: number; readonly at: number; readonly event: string; readonly state: string };
  /** Actors then, by `machine.state`; always exact. */
  readonly counts: Readonly<Record<string, number>>;
  /** The first of them: `[actor, machine, state, inputs]`. */
  readonly actors: readonly (readonly [actor: string, machine: string, state: string, n: number])[];
  /** Actors that had taken an input. */
  readonly started: number;
  /** The record and those before it. */
  readonly before?: readonly PastRow[];
  readonly actor?: PastActorView;
  /** Records a second, in equal parts of the goal's records. */
  readonly density: readonly number[];
  readonly marks: readonly PastMark[];
}

/** One tool or model over the hours that are kept. Durations in ms; null where no call was timed. */
export interface UsageRow {
  readonly name: string;
  readonly calls: number;
  readonly failed: number;
  readonly inFlight: number;
  readonly tokens: number;
  /** Null when no call had a known price. */
  readonly costUsd: number | null;
  readonly unpriced: number;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  /** Calls, failures and USD of each hour, the present one last. */
  readonly hours: readonly number[];
  readonly failedHours: readonly number[];
  readonly costHours: readonly number[];
  /** The last call, when it failed. */
  readonly failure?: { readonly code: string; readonly at: number };
}

export interface UsageView {
  /** When the first of the hours began, ms since 1970. */
  readonly begin: number;
  readonly tools: readonly UsageRow[];
  readonly models: readonly UsageRow[];
}
