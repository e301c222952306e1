import { errorOf, FlockworkError } from '../../protocols/errors/error.ts';
import { type GoalDelta, type GoalEvent, protocolVersion } from '../../protocols/wire/methods.ts';
import type { ConnectionResult } from '../../protocols/wire/results.ts';
import type { ClientLimits } from './transport.ts';
import type { Dial, Wire } from './wire.ts';

/** What a node says without being asked. */
export interface RpcListener {
  onEvent(event: GoalEvent): void;
  onDelta(delta: GoalDelta): void;
  /** The node ended a watch: it broke, or, without an error, the goal had ended before. */
  onUnwatched(goalId: string, error: FlockworkError | undefined): void;
  /** The connection is gone; called once, and never before `open` resolved. */
  onLost(reason: FlockworkError): void;
}

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** One open connection to a node: requests and their answers, notifications, and a look whether the node still lives. */
export class RpcLink {
  readonly #limits: ClientLimits;
  readonly #listener: RpcListener;
  readonly #waiting = new Map<number, Waiting>();
  #wire: Wire | undefined;
  #lastId = 0;
  #heard = true;
  /** What the node said of the connection as a whole, usually just before it closed it. */
  #parting: FlockworkError | undefined;
  #lost = false;
  #heartbeat: ReturnType<typeof setInterval> | undefined;

  private constructor(limits: ClientLimits, listener: RpcListener) {
    this.#limits = limits;
    this.#listener = listener;
  }

  /** Connects and opens. Throws `no_node` when nobody answers there, else what `connection.open` answered. */
  static async open(dial: Dial, token: string | undefined, limits: ClientLimits, listener: RpcListener): Promise<{ link: RpcLink; opened: ConnectionResult }> {
    const link = new RpcLink(limits, listener);
    const wire = await dial({ onText: (text) => link.#onText(text), onClose: (why) => link.#onClose(why) });
    link.#wire = wire;
    try {
      const opened = (await link.call('connection.open', { version: protocolVersion, ...(token === undefined ? {} : { token }) })) as ConnectionResult;
      if (!wire.open) throw new FlockworkError('connection_lost', 'the node closed the connection as soon as it was open');
      link.#heartbeat = setInterval(() => link.#beat(), limits.silenceMaxMs);
      return { link, opened };
    } catch (error) {
      await link.close();
      throw error;
    }
  }

  /** Throws the node's error, `connection_lost`, or `request_timeout` after `answerMaxMs`. */
  call(method: string, params: Readonly<Record<string, unknown>>): Promise<unknown> {
    const wire = this.#wire;
    if (this.#lost || wire?.open !== true) return Promise.reject(new FlockworkError('connection_lost', `the connection ended before ${method} was sent`));
    const id = ++this.#lastId;
    const { answerMaxMs } = this.#limits;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new FlockworkError('request_timeout', `${method} was not answered within ${answerMaxMs} ms`, { details: { method, answerMaxMs } }));
      }, answerMaxMs);
      this.#waiting.set(id, { resolve, reject, timer });
      try {
        wire.send({ jsonrpc: '2.0', id, method, params });
      } catch (error) {
        clearTimeout(timer);
        this.#waiting.delete(id);
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
  }

  /** Ends the connection without telling the listener. */
  async close(): Promise<void> {
    if (!this.#lost) this.#end('the client closed the connection');
    await this.#wire?.close();
  }

  #onText(text: string): void {
    this.#heard = true;
    const message = JSON.parse(text) as {
      id?: unknown;
      method?: string;
      params?: unknown;
      result?: unknown;
      error?: { message: string; data?: { code: string; retryable: boolean; details?: unknown } };
    };
    if (message.method !== undefined) return this.#onNotification(message.method, message.params);
    const { id, error, result } = message;
    const failure = error === undefined ? undefined : errorOf({ code: 'internal', ...error.data, message: error.message });
    if (id === null) this.#parting = failure;
    const waiting = typeof id === 'number' ? this.#waiting.get(id) : undefined;
    if (waiting === undefined || typeof id !== 'number') return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    if (failure === undefined) waiting.resolve(result);
    else waiting.reject(failure);
  }

  #onNotification(method: string, params: unknown): void {
    if (method === 'goal.event') this.#listener.onEvent(params as GoalEvent);
    else if (method === 'goal.delta') this.#listener.onDelta(params as GoalDelta);
    else if (method === 'goal.unwatched') {
      const { goalId, error } = params as { goalId: string; error?: { code: string; message: string; retryable: boolean } };
      this.#listener.onUnwatched(goalId, error === undefined ? undefined : errorOf(error));
    }
  }

  #onClose(why: string): void {
    if (this.#lost) return;
    const opened = this.#heartbeat !== undefined;
    const reason = this.#end(why);
    if (opened) this.#listener.onLost(reason);
  }

  #end(why: string): FlockworkError {
    this.#lost = true;
    clearInterval(this.#heartbeat);
    const reason = this.#parting ?? new FlockworkError('connection_lost', why);
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(reason);
    }
    this.#waiting.clear();
    return reason;
  }

  /** A half-open connection looks open for a quarter of an hour; silence is looked into. */
  #beat(): void {
    if (this.#heard) {
      this.#heard = false;
      // Whatever comes back is a sign of life; nothing at all shows at the next beat.
      void Promise.allSettled([this.call('ping', {})]);
      return;
    }
    void this.#wire?.close();
    this.#onClose(`the node was silent for ${2 * this.#limits.silenceMaxMs} ms`);
  }
}
