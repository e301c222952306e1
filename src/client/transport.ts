import type { GoalDelta, GoalEvent } from '../../protocols/wire/methods.ts';

/** What a watch yields. Deltas only when asked for. */
export type WatchItem = { readonly kind: 'event'; readonly event: GoalEvent } | { readonly kind: 'delta'; readonly delta: GoalDelta };

export interface WatchParams {
  readonly goalId: string;
  /** The cursor of the last event seen; absent = from the beginning. */
  readonly after?: string;
  readonly deltas?: boolean;
}

export interface WatchControl {
  /** Ends the watch, as leaving the loop does; nothing is thrown. */
  readonly signal?: AbortSignal | undefined;
}

/** A way to a node: WebSocket, QUIC, HTTP or inside the process. Failures are `FlockworkError`. */
export interface ClientTransport {
  /** Calls a method of the wire. */
  call(method: string, params: Readonly<Record<string, unknown>>): Promise<unknown>;
  /** Events in order without gap or duplicate, up to the one that ends the goal; also over reconnects. */
  watch(params: WatchParams, control?: WatchControl): AsyncIterable<WatchItem>;
  /** Ends all calls and watches. */
  close(): Promise<void>;
}

/** Bounds of a client; all are options of the same name. */
export interface ClientLimits {
  /** How long one connection attempt may take, ms. */
  readonly connectMaxMs: number;
  /** How long one answer may take, ms. */
  readonly answerMaxMs: number;
  /** Attempts in a row to reach the node again before calls and watches fail. */
  readonly reconnectAttemptsMax: number;
  /** The wait before the first of them, ms; it doubles from one to the next, with jitter. */
  readonly reconnectWaitMs: number;
  /** The longest wait between two, ms. */
  readonly reconnectWaitMaxMs: number;
  /** Silence on a connection after which the node is asked whether it lives, ms; it has as long again to answer. */
  readonly silenceMaxMs: number;
  /** Items of one watch that wait for their consumer; above it the client stops the watch and goes on from the cursor later. */
  readonly watchItemsMax: number;
  /** Bytes that wait to be sent over QUIC above which the connection is given up. */
  readonly sendBufferBytesMax: number;
}

export const clientLimits: ClientLimits = {
  connectMaxMs: 10_000,
  answerMaxMs: 60_000,
  reconnectAttemptsMax: 10,
  reconnectWaitMs: 100,
  reconnectWaitMaxMs: 5_000,
  silenceMaxMs: 20_000,
  watchItemsMax: 10_000,
  sendBufferBytesMax: 67_108_864,
};

/** Methods that may be sent again when nobody knows whether they arrived. */
const repeatableMethods: ReadonlySet<string> = new Set([
  'ping',
  'goal.get',
  'goal.list',
  'goal.verify',
  'goal.replay',
  'blob.put',
  'blob.get',
  'artifact.list',
  'memory.list',
  'memory.get',
  'approval.list',
  'approval.decide',
  'dead.list',
  'node.list',
  'config.get',
]);

const configMethods: ReadonlySet<string> = new Set(['config.apply', 'config.patch']);

/**
 * A submission with an idempotency key is one goal, however often it is sent. A change of the configuration made twice is made once, unless it is
 * based on a hash, which its own first arrival may have made an old one.
 */
export function isRepeatable(method: string, params: Readonly<Record<string, unknown>>): boolean {
  if (configMethods.has(method)) return params['hash'] === undefined;
  return repeatableMethods.has(method) || (method === 'goal.submit' && typeof params['idempotencyKey'] === 'string');
}

/** The wait before attempt `attempt` (0 is the first), ms. */
export function reconnectWait(limits: ClientLimits, attempt: number): number {
  const wait = Math.min(limits.reconnectWaitMaxMs, limits.reconnectWaitMs * 2 ** attempt);
  return wait * (0.75 + Math.random() / 2);
}

/** Resolves after `ms`, or earlier when the signal aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}
