import { FlockworkError } from '../../protocols/errors/error.ts';
import { frameBytesMax } from '../../protocols/wire/frame.ts';
import { type MethodParams, protocolVersion } from '../../protocols/wire/methods.ts';
import { type RpcId, type RpcMessage, rpcFailure, rpcNotification, rpcRequest, rpcSuccess } from '../../protocols/wire/rpc.ts';
import { type Caller, callerOf, type Peer } from './auth.ts';
import type { DispatcherParts } from './dispatcher.ts';
import type { FeedReader } from './feed-reader.ts';
import { requestInvalid } from './issues.ts';
import { decodeJson } from './json.ts';
import { clientLimits } from './limits.ts';
import { checkMethod, parseParams } from './methods.ts';
import { type EventSink, offerDelta, pump, waitForReader } from './sink.ts';

/** A peer that speaks JSON-RPC. */
export interface RpcSink extends EventSink {
  /** One message as JSON text. */
  send(text: string): void;
}

/** Each is called at most once. */
export interface ConnectionEvents {
  /** The peer has said who it is. */
  open(): void;
  close(): void;
}

/** A watch that is being opened has no reader yet. */
interface Watch {
  reader: FeedReader | undefined;
}

/** The gateway's end of one connection, whatever carries it. */
export class Connection {
  readonly #parts: DispatcherParts;
  readonly #sink: RpcSink;
  /** Who it is, for the log. */
  readonly #where: string;
  readonly #on: ConnectionEvents;
  readonly #peer: Peer;
  readonly #openTimer: NodeJS.Timeout;
  readonly #watches = new Map<string, Watch>();
  #caller: Caller | undefined;
  #inFlight = 0;
  /** Pending while the peer leaves its answers unread. */
  #unread: Promise<void> | undefined;
  #onIdle: (() => void) | undefined;
  #closed = false;

  constructor(parts: DispatcherParts, sink: RpcSink, peer: Peer, on: ConnectionEvents) {
    this.#parts = parts;
    this.#sink = sink;
    this.#where = `${peer.transport} ${peer.address}`;
    this.#on = on;
    this.#peer = peer;
    const { openMaxMs } = parts.limits;
    this.#openTimer = setTimeout(() => {
      this.#refuse(new FlockworkError('open_timeout', `connection.open did not arrive within ${openMaxMs} ms`, { details: { openMaxMs } }));
    }, openMaxMs);
    this.#openTimer.unref();
  }

  /**
   * Takes one message: text, or its bytes in UTF-8. Never throws; every failure is answered. Resolves when the peer may
   * send the next one: at once, unless it leaves its answers unread.
   */
  receive(message: string | Uint8Array): Promise<void> | undefined {
    if (this.#closed) return undefined;
    this.#accept(message);
    if (this.#sink.bufferedBytes <= this.#parts.limits.highWaterBytes) return undefined;
    this.#unread ??= waitForReader(this.#sink, this.#parts.limits, this.#parts.counters).then(() => {
      this.#unread = undefined;
    });
    return this.#unread;
  }

  /** Answers what could not even be received, such as a binary frame. */
  reject(error: FlockworkError): void {
    this.#send(rpcFailure(null, error));
  }

  /** Calls `then` once nothing is left to answer or to watch: for a peer that has said its last and still listens. */
  whenIdle(then: () => void): void {
    this.#onIdle = then;
    this.#checkIdle();
  }

  /** Frees everything; for the transport to call when the peer is gone. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#openTimer);
    for (const watch of this.#watches.values()) watch.reader?.close();
    this.#watches.clear();
    this.#on.close();
  }

  /** Tells the peer why, then closes it. */
  end(reason: FlockworkError): void {
    this.#send(rpcFailure(null, reason));
    this.#shut(reason);
  }

  /** Makes room for a newcomer: a peer that has not opened is told so, and not waited for. */
  evict(): void {
    const { connectionsMax } = this.#parts.limits;
    this.#parts.counters.refused('connection_evicted');
    const reason = new FlockworkError(
      'too_many_requests',
      `the node has ${connectionsMax} connections (connectionsMax), and this one had not said connection.open when another came; connect again, and open at once`,
      { details: { bound: 'connectionsMax', max: connectionsMax } },
    );
    this.#send(rpcFailure(null, reason));
    this.#shut(reason, true);
  }

  #shut(reason: FlockworkError, atOnce = false): void {
    if (this.#closed) return;
    this.#sink.close(reason, atOnce);
    this.close();
  }

  #refuse(reason: FlockworkError): void {
    this.#parts.counters.refused(reason.code);
    this.end(reason);
  }

  #accept(message: string | Uint8Array): void {
    const { limits, counters } = this.#parts;
    counters.requestsTotal++;
    let id: RpcId = null;
    let silent = false;
    try {
      const size = typeof message === 'string' ? Buffer.byteLength(message) : message.byteLength;
      if (size > frameBytesMax)
        throw new FlockworkError('frame_too_large', `a message of ${size} bytes is above the bound of ${frameBytesMax}`, { details: { frameBytesMax } });
      const value = decodeJson(message, limits.jsonDepthMax);
      id = idOf(value);
      const parsed = rpcRequest.safeParse(value);
      if (!parsed.success) throw requestInvalid('request', parsed.error.issues);
      silent = parsed.data.id === undefined;
      this.#begin(parsed.data.id, parsed.data.method, parsed.data.params);
    } catch (error) {
      this.#answerFailure(id, error, silent);
    }
  }

  #begin(id: string | number | undefined, name: string, params: unknown): void {
    const { limits, counters } = this.#parts;
    const method = checkMethod(name);
    if (method === 'connection.open') return this.#open(id, parseParams(method, params));
    const caller = this.#caller;
    if (caller === undefined) throw new FlockworkError('not_open', `${name} came before connection.open; open the connection first`);
    const { requestsInFlightMax, requestsInFlightTotalMax } = limits;
    if (this.#inFlight >= requestsInFlightMax || counters.requestsInFlight >= requestsInFlightTotalMax) {
      counters.refused('too_many_requests');
      const [bound, figure] =
        this.#inFlight >= requestsInFlightMax ? ['requestsInFlightMax', requestsInFlightMax] : ['requestsInFlightTotalMax', requestsInFlightTotalMax];
      throw new FlockworkError('too_many_requests', `${figure} requests wait for their answer (${bound}); send the next one when one is answered`, {
        details: { bound, max: figure },
      });
    }
    let work: Promise<unknown>;
    if (method === 'goal.watch') work = this.#watch(caller.tenant, id, parseParams(method, params));
    else if (method === 'goal.unwatch') work = Promise.resolve(this.#unwatch(parseParams(method, params)));
    else work = this.#parts.methods.call(caller, method, parseParams(method, params));
    void this.#settle(id, work);
  }

  async #settle(id: string | number | undefined, work: Promise<unknown>): Promise<void> {
    const { counters } = this.#parts;
    this.#inFlight++;
    counters.requestsInFlight++;
    try {
      const result = await work;
      if (result !== answered) this.#answer(id, result);
    } catch (error) {
      this.#answerFailure(id ?? null, error, id === undefined);
    } finally {
      this.#inFlight--;
      counters.requestsInFlight--;
      this.#checkIdle();
    }
  }

  #open(id: string | number | undefined, { version, token }: MethodParams<'connection.open'>): void {
    const { host, limits, authorizer } = this.#parts;
    if (this.#caller !== undefined) throw new FlockworkError('already_open', 'this connection is open already; connection.open is sent once');
    if (version !== protocolVersion) {
      throw new FlockworkError('version_unsupported', `this node speaks version ${protocolVersion}, not ${version}`, {
        details: { versions: [protocolVersion] },
      });
    }
    try {
      this.#caller = callerOf(authorizer, this.#peer, token);
    } catch (error) {
      this.#parts.counters.refused('unauthorized');
      this.#answerFailure(id ?? null, error);
      this.#shut(hideDefect(error));
      return;
    }
    clearTimeout(this.#openTimer);
    this.#on.open();
    this.#answer(id, { version, node: host.nodeId, tenant: this.#caller.tenant, limits: clientLimits(limits) });
  }

  /** Answers before the first event leaves, and answers itself: the pump starts in the same step. */
  async #watch(tenant: string, id: string | number | undefined, { goalId, after, deltas }: MethodParams<'goal.watch'>): Promise<typeof answered> {
    const { feed, methods, limits, counters, watchSlots } = this.#parts;
    if (this.#watches.has(goalId))
      throw new FlockworkError('invalid_request', `this connection watches goal ${goalId} already; goal.unwatch it first`, { details: { goalId } });
    const { watchesPerConnectionMax } = limits;
    if (this.#watches.size >= watchesPerConnectionMax) {
      counters.refused('too_many_requests');
      throw new FlockworkError('too_many_requests', `this connection has ${watchesPerConnectionMax} watches (watchesPerConnectionMax); end one first`, {
        details: { bound: 'watchesPerConnectionMax', max: watchesPerConnectionMax },
      });
    }
    const release = watchSlots();
    const watch: Watch = { reader: undefined };
    this.#watches.set(goalId, watch);
    let reader: FeedReader;
    try {
      const { ended } = await methods.find(tenant, goalId);
      const onDelta = deltas === true ? (json: string): void => offerDelta(this.#sink, json, limits, counters) : undefined;
      reader = await feed.open(tenant, goalId, { after, ended, onDelta });
    } catch (error) {
      if (this.#watches.get(goalId) === watch) this.#watches.delete(goalId);
      release();
      throw error;
    }
    if (this.#watches.get(goalId) !== watch) {
      reader.close();
      release();
      throw new FlockworkError('aborted', `the watch of goal ${goalId} was ended before it began`, { details: { goalId } });
    }
    watch.reader = reader;
    this.#answer(id, { goalId });
    void this.#run(goalId, watch, reader, release);
    return answered;
  }

  async #run(goalId: string, watch: Watch, reader: FeedReader, release: () => void): Promise<void> {
    try {
      const endSent = await pump(reader, this.#sink, this.#parts.limits, this.#parts.counters);
      // A cursor at the goal's end leaves nothing to send; the client must not wait for what it has seen.
      if (reader.goalEnded && !endSent) this.#send(rpcNotification('goal.unwatched', { goalId }));
    } catch (error) {
      // The client would wait for ever for the end of a watch that broke.
      const { code, message, retryable } = hideDefect(error);
      this.#send(rpcNotification('goal.unwatched', { goalId, error: { code, message, retryable } }));
      this.#parts.onFault(error, this.#where);
    } finally {
      if (this.#watches.get(goalId) === watch) this.#watches.delete(goalId);
      release();
      this.#checkIdle();
    }
  }

  #checkIdle(): void {
    if (this.#inFlight === 0 && this.#watches.size === 0) this.#onIdle?.();
  }

  #unwatch({ goalId }: MethodParams<'goal.unwatch'>): { goalId: string } {
    this.#watches.get(goalId)?.reader?.close();
    this.#watches.delete(goalId);
    return { goalId };
  }

  #answer(id: string | number | undefined, result: unknown): void {
    if (id !== undefined) this.#send(rpcSuccess(id, result));
  }

  #answerFailure(id: RpcId, error: unknown, silent = false): void {
    if (!(error instanceof FlockworkError) || error.code === 'internal') this.#parts.onFault(error, this.#where);
    if (!silent) this.#send(rpcFailure(id, hideDefect(error)));
  }

  #send(message: RpcMessage): void {
    if (this.#closed || this.#sink.closed) return;
    const text = JSON.stringify(message);
    if (text.length <= frameBytesMax / 3 || Buffer.byteLength(text) <= frameBytesMax) return this.#sink.send(text);
    const id = 'id' in message ? message.id : null;
    const tooLarge = new FlockworkError('frame_too_large', `the answer is above ${frameBytesMax} bytes; ask for less, or ask over HTTP`, {
      details: { frameBytesMax },
    });
    this.#sink.send(JSON.stringify(rpcFailure(id, tooLarge)));
  }
}

/** The mark of a request that has answered itself. */
const answered = Symbol('answered');

/** What is no failure of ours is a defect; its text may name what a client must not see. */
export function hideDefect(error: unknown): FlockworkError {
  return error instanceof FlockworkError ? error : new FlockworkError('internal', 'a defect in the node; its log has the cause', { cause: error });
}

/** The id to answer with when the request itself is wrong. */
function idOf(value: unknown): RpcId {
  if (typeof value !== 'object' || value === null || !('id' in value)) return null;
  return typeof value.id === 'string' || typeof value.id === 'number' ? value.id : null;
}
