import { errorOf, FlockworkError } from '../../protocols/errors/error.ts';
import { type GoalDelta, type GoalEvent, protocolVersion } from '../../protocols/wire/methods.ts';
import type { ConnectionResult } from './results.ts';
import type { ClientLimits } from './transport.ts';

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
  readonly reject: (error: FlockworkError) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** One open WebSocket to a node: requests and their answers, notifications, and a look whether the node still lives. */
export class RpcLink {
  readonly #socket: WebSocket;
  readonly #limits: ClientLimits;
  readonly #listener: RpcListener;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #heard = true;
  /** What the node said of the connection as a whole, usually just before it closed it. */
  #parting: FlockworkError | undefined;
  #lost = false;
  #heartbeat: ReturnType<typeof setInterval> | undefined;

  private constructor(socket: WebSocket, limits: ClientLimits, listener: RpcListener) {
    this.#socket = socket;
    this.#limits = limits;
    this.#listener = listener;
  }

  /** Connects and opens. Throws `no_node` when nobody answers there, else what `connection.open` answered. */
  static async open(url: string, token: string | undefined, limits: ClientLimits, listener: RpcListener): Promise<{ link: RpcLink; opened: ConnectionResult }> {
    const socket = new WebSocket(url);
    await whenOpen(socket, url, limits.connectMaxMs);
    const link = new RpcLink(socket, limits, listener);
    socket.addEventListener('message', ({ data }) => link.#onMessage(data));
    socket.addEventListener('close', ({ code, reason }) => link.#onClose(`the node closed the connection (${code}${reason === '' ? '' : `, ${reason}`})`));
    try {
      const opened = (await link.call('connection.open', { version: protocolVersion, ...(token === undefined ? {} : { token }) })) as ConnectionResult;
      if (socket.readyState !== socket.OPEN) throw new FlockworkError('connection_lost', 'the node closed the connection as soon as it was open');
      link.#heartbeat = setInterval(() => link.#beat(), limits.silenceMaxMs);
      return { link, opened };
    } catch (error) {
      link.close();
      throw error;
    }
  }

  /** Throws the node's error, `connection_lost`, or `request_timeout` after `answerMaxMs`. */
  call(method: string, params: Readonly<Record<string, unknown>>): Promise<unknown> {
    if (this.#lost || this.#socket.readyState !== this.#socket.OPEN)
      return Promise.reject(new FlockworkError('connection_lost', `the connection ended before ${method} was sent`));
    const id = ++this.#lastId;
    const { answerMaxMs } = this.#limits;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new FlockworkError('request_timeout', `${method} was not answered within ${answerMaxMs} ms`, { details: { method, answerMaxMs } }));
      }, answerMaxMs);
      this.#waiting.set(id, { resolve, reject, timer });
      this.#socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    });
  }

  /** Ends the connection without telling the listener. */
  close(): void {
    if (!this.#lost) this.#end('the client closed the connection');
    this.#socket.close();
  }

  #onMessage(data: unknown): void {
    this.#heard = true;
    if (typeof data !== 'string') return;
    const message = JSON.parse(data) as {
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
    this.#socket.close();
    this.#onClose(`the node was silent for ${2 * this.#limits.silenceMaxMs} ms`);
  }
}

function whenOpen(socket: WebSocket, url: string, connectMaxMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      clearTimeout(timer);
      reject(new FlockworkError('no_node', `no node answered at ${url} (${why}); is it running, and is the address right?`, { details: { url } }));
    };
    const timer = setTimeout(() => {
      fail(`no connection within ${connectMaxMs} ms`);
      socket.close();
    }, connectMaxMs);
    socket.addEventListener('open', () => {
      clearTimeout(timer);
      resolve();
    });
    socket.addEventListener('error', (event) =>
      fail('message' in event && typeof event.message === 'string' && event.message !== '' ? event.message : 'the connection was refused'),
    );
  });
}
