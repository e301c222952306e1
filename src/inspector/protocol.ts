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
]);
export type PageMessage = z.infer<typeof pageMessage>;

/** An actor that the page does not know yet: `[number, root, actor, machine, parent]`. */
export type ActorIntroduction = readonly [number: number, root: string, actor: string, machine: string, parent: string];

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
  readonly total: number;
  /** Steps of all actors since the node started, for rates. */
  readonly steps: number;
  readonly actors?: readonly ActorIntroduction[];
  readonly rows?: readonly ActorRow[];
  /** Actors that are no longer shown. */
  readonly gone?: readonly number[];
  readonly watched?: readonly WatchedActor[];
  readonly tape?: { readonly rows: readonly TapeRow[]; readonly leftOut: number };
  /** Changed actors that this frame had no room for. */
  readonly behind: number;
}
