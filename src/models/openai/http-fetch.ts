import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';

/**
 * A good answer that streams: what the SDK asks of a response that it hands on unread, and its bytes. A whole `Response` with its web stream
 * costs more CPU than the rest of a call.
 */
class EventStreamResponse {
  readonly ok = true;
  readonly status: number;
  readonly url: string;
  readonly body = null;
  readonly headers: Pick<Headers, 'get' | 'entries'>;
  readonly #message: IncomingMessage;
  readonly #settled: () => void;

  constructor(message: IncomingMessage, url: string, settled: () => void) {
    const { statusCode = 0, headers } = message;
    this.status = statusCode;
    this.url = url;
    const values = new Map(Object.entries(headers).map(([name, value = '']) => [name, value.toString()]));
    this.headers = { get: (name) => values.get(name.toLowerCase()) ?? null, entries: () => values.entries() };
    this.#message = message;
    this.#settled = settled;
  }

  /** The bytes, once. Leaving early keeps the connection: what is still to come is thrown away, for `drainMaxMs` at most. */
  async *pieces(drainMaxMs: number): AsyncGenerator<Uint8Array, void, void> {
    const message = this.#message;
    try {
      yield* message.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
    } catch (error) {
      throw networkError(error);
    } finally {
      if (message.readableEnded || message.destroyed) this.#settled();
      else drain(message, drainMaxMs, this.#settled);
    }
  }
}

/** What a response is made of, in pieces. */
export function bytesOf(response: object, drainMaxMs: number): AsyncIterable<Uint8Array> {
  if (response instanceof EventStreamResponse) return response.pieces(drainMaxMs);
  return response instanceof Response && response.body !== null ? response.body : Readable.from([]);
}

function drain(message: IncomingMessage, drainMaxMs: number, settled: () => void): void {
  const timer = setTimeout(() => message.destroy(), drainMaxMs);
  timer.unref();
  message.once('close', () => {
    clearTimeout(timer);
    settled();
  });
  message.resume();
}

/** What `httpFetch` takes beside what `fetch` does. */
interface HttpFetchInit extends RequestInit {
  readonly cancel?: AbortSignal;
}

/**
 * Gives a call its abort signal past the SDK, which would keep each call's objects alive through weak references
 * until a full collection: that made a quarter of the CPU of a call.
 */
export function cancelledBy(cancel: AbortSignal): object {
  return { cancel };
}

/**
 * `fetch` as the SDK calls it, on node:http: its kept-alive connections and its proxy settings, at a third of the CPU of the global one.
 * An event stream is answered as an `EventStreamResponse`, all else as an ordinary response. Redirects are answers like any other.
 */
export function httpFetch(
  url: string | URL | Request,
  { method = 'GET', headers, body, signal, cancel = signal ?? undefined }: HttpFetchInit = {},
): Promise<Response> {
  if (url instanceof Request || (body !== undefined && body !== null && typeof body !== 'string')) {
    return Promise.reject(new TypeError('only a URL with a text as its body can be fetched here'));
  }
  const target = new URL(url);
  const send = target.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    if (cancel?.aborted === true) throw cancel.reason;
    const request = send(target, { method, headers: Object.fromEntries(new Headers(headers)) });
    const abort = (): void => void request.destroy();
    const settled = (): void => cancel?.removeEventListener('abort', abort);
    cancel?.addEventListener('abort', abort, { once: true });
    request.once('response', (message) => resolve(responseOf(message, target.href, settled)));
    // Later ones are those of the message, which its reader sees.
    request.on('error', (error) => {
      settled();
      reject(networkError(error));
    });
    request.end(body ?? undefined);
  });
}

function responseOf(message: IncomingMessage, url: string, settled: () => void): Response {
  const { statusCode: status = 0, headersDistinct } = message;
  // Errors may come when the reader has left; one that is still there is thrown the same.
  message.on('error', settled);
  if (status === 200 && message.headers['content-type']?.includes('text/event-stream') === true) {
    return new EventStreamResponse(message, url, settled) as unknown as Response;
  }
  message.once('close', settled);
  const headers = Object.entries(headersDistinct).flatMap(([name, values = []]) => values.map((value): [string, string] => [name, value]));
  const empty = status === 204 || status === 205 || status === 304;
  if (empty) message.resume();
  return new Response(empty ? null : (Readable.toWeb(message) as ReadableStream), { status, headers });
}

/** As the global fetch puts it: the code of the socket is in the cause. */
function networkError(cause: unknown): TypeError {
  return new TypeError('the connection failed', { cause });
}
