import { FlockworkError } from '../../protocols/errors/error.ts';
import type { ConnectionResult } from '../../protocols/wire/results.ts';
import { RpcLink, type RpcListener } from './rpc-link.ts';
import {
  type ClientLimits,
  type ClientTransport,
  isRepeatable,
  pause,
  reconnectWait,
  type WatchControl,
  type WatchItem,
  type WatchParams,
} from './transport.ts';
import { WatchQueue } from './watch-queue.ts';
import type { Dial } from './wire.ts';

/** Failures after which trying again is of no use. */
const finalCodes: ReadonlySet<string> = new Set(['unauthorized', 'forbidden', 'version_unsupported', 'closed']);

interface Watch {
  readonly params: WatchParams;
  readonly queue: WatchQueue;
  /** The link on which the node was asked; another one means it has to be asked again. */
  link: RpcLink | undefined;
}

export interface RpcTransportOptions {
  /** As the user wrote it, for messages. */
  readonly address: string;
  readonly dial: Dial;
  readonly token?: string | undefined;
  readonly limits: ClientLimits;
}

/** JSON-RPC over a connection of any kind. When the connection breaks it connects again, and every watch goes on after its last event. */
export class RpcTransport implements ClientTransport {
  readonly #options: RpcTransportOptions;
  readonly #watches = new Map<string, Watch>();
  readonly #closing = new AbortController();
  #link: Promise<RpcLink>;
  #opened: ConnectionResult | undefined;

  private constructor(options: RpcTransportOptions) {
    this.#options = options;
    this.#link = this.#connect();
  }

  /** Connects once; throws when that fails. Later breaks are mended as `ClientLimits` says. */
  static async open(options: RpcTransportOptions): Promise<RpcTransport> {
    const transport = new RpcTransport(options);
    await transport.#link;
    return transport;
  }

  /** What the node said of itself at the last opening. */
  get opened(): ConnectionResult | undefined {
    return this.#opened;
  }

  async call(method: string, params: Readonly<Record<string, unknown>>): Promise<unknown> {
    for (let attempt = 0; ; attempt++) {
      const link = await this.#link;
      try {
        return await link.call(method, params);
      } catch (error) {
        const lost = error instanceof FlockworkError && (error.code === 'connection_lost' || error.code === 'draining');
        if (!lost || this.#closing.signal.aborted || !isRepeatable(method, params) || attempt >= this.#options.limits.reconnectAttemptsMax) throw error;
        // The break is on its way to the listener, which starts the next connection; the wait bounds the loop either way.
        await pause(reconnectWait(this.#options.limits, attempt), this.#closing.signal);
      }
    }
  }

  async *watch(params: WatchParams, { signal }: WatchControl = {}): AsyncGenerator<WatchItem> {
    const { goalId } = params;
    if (this.#closing.signal.aborted) throw closedError();
    if (this.#watches.has(goalId))
      throw new FlockworkError('invalid_request', `this client watches goal ${goalId} already; end that watch first, or use a second client`, {
        details: { goalId },
      });
    const watch: Watch = { params, queue: new WatchQueue(params.after, this.#options.limits.watchItemsMax), link: undefined };
    this.#watches.set(goalId, watch);
    const leave = (): void => watch.queue.end();
    signal?.addEventListener('abort', leave);
    if (signal?.aborted === true) leave();
    try {
      const link = await this.#link;
      if (watch.link !== link) await this.#ask(watch, link);
      for (let item = await watch.queue.next(); item !== undefined; item = await watch.queue.next()) {
        if (item !== 'empty') yield item;
        else await this.#goOn(watch);
      }
    } finally {
      signal?.removeEventListener('abort', leave);
      this.#watches.delete(goalId);
      // After the goal's end the node has ended the watch itself; else it is told, and if it cannot be, it notices the break.
      if (watch.link !== undefined) await Promise.allSettled([watch.link.call('goal.unwatch', { goalId })]);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    for (const { queue } of this.#watches.values()) queue.fail(closedError());
    const [link] = await Promise.allSettled([this.#link]);
    if (link.status === 'fulfilled') await link.value.close();
  }

  /** Asks the node for the watch from where its queue stands. A break meanwhile is mended by the next connection. */
  async #ask(watch: Watch, link: RpcLink): Promise<void> {
    const { cursor } = watch.queue;
    watch.queue.resume();
    watch.link = link;
    try {
      await link.call('goal.watch', { ...watch.params, ...(cursor === undefined ? {} : { after: cursor }) });
    } catch (error) {
      if (error instanceof FlockworkError && (error.code === 'connection_lost' || error.code === 'draining') && !this.#closing.signal.aborted) return;
      watch.queue.fail(error);
    }
  }

  /** The queue had run over and is empty now. */
  async #goOn(watch: Watch): Promise<void> {
    const link = await this.#link;
    if (watch.link === link) {
      await Promise.allSettled([link.call('goal.unwatch', { goalId: watch.params.goalId })]);
      if (watch.link === link) watch.link = undefined;
    }
    const now = await this.#link;
    if (watch.link !== now) await this.#ask(watch, now);
  }

  async #connect(): Promise<RpcLink> {
    const { dial, token, limits } = this.#options;
    const { link, opened } = await RpcLink.open(dial, token, limits, this.#listener());
    this.#opened = opened;
    return link;
  }

  #listener(): RpcListener {
    return {
      onEvent: (event) => this.#watches.get(event.goalId)?.queue.push({ kind: 'event', event }),
      onDelta: (delta) => this.#watches.get(delta.goalId)?.queue.push({ kind: 'delta', delta }),
      onUnwatched: (goalId, error) => {
        const queue = this.#watches.get(goalId)?.queue;
        if (error === undefined) queue?.finish();
        else queue?.fail(error);
      },
      onLost: (reason) => {
        if (this.#closing.signal.aborted) return;
        this.#link = this.#reconnect(reason);
        // Calls that wait get the failure from the promise; the watches have none to wait for.
        this.#link.then(
          (link) => {
            for (const watch of this.#watches.values()) if (watch.link !== link) void this.#ask(watch, link);
          },
          (error: unknown) => {
            for (const { queue } of this.#watches.values()) queue.fail(error);
          },
        );
      },
    };
  }

  async #reconnect(reason: FlockworkError): Promise<RpcLink> {
    const { limits, address } = this.#options;
    let last: unknown = reason;
    for (let attempt = 0; attempt < limits.reconnectAttemptsMax; attempt++) {
      await pause(reconnectWait(limits, attempt), this.#closing.signal);
      if (this.#closing.signal.aborted) throw closedError();
      try {
        return await this.#connect();
      } catch (error) {
        last = error;
        if (error instanceof FlockworkError && finalCodes.has(error.code)) throw error;
      }
    }
    throw new FlockworkError(
      'connection_lost',
      `the connection to ${address} broke and ${limits.reconnectAttemptsMax} attempts (reconnectAttemptsMax) did not bring it back`,
      {
        cause: last,
        details: { address, reconnectAttemptsMax: limits.reconnectAttemptsMax },
      },
    );
  }
}

function closedError(): FlockworkError {
  return new FlockworkError('closed', 'this client is closed');
}
