import { errorOf, FlockworkError } from '../../protocols/errors/error.ts';
import { endsGoal, type GoalDelta, type GoalEvent } from '../../protocols/wire/methods.ts';
import { type HttpCall, httpCall } from './http-routes.ts';
import { SseParser } from './sse-parser.ts';
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

export interface HttpTransportOptions {
  /** `http://host:port`, without a path. */
  readonly base: string;
  readonly token?: string | undefined;
  readonly limits: ClientLimits;
}

/** The same methods over HTTP, watches as server-sent events. A broken watch goes on after its last event. */
export class HttpTransport implements ClientTransport {
  readonly #options: HttpTransportOptions;
  readonly #closing = new AbortController();

  constructor(options: HttpTransportOptions) {
    this.#options = options;
  }

  async call(method: string, params: Readonly<Record<string, unknown>>): Promise<unknown> {
    if (method === 'blob.get') return this.#blob(params);
    const response = await this.#fetch(httpCall(method, params), isRepeatable(method, params));
    return response.json();
  }

  async *watch({ goalId, after, deltas }: WatchParams, { signal }: WatchControl = {}): AsyncGenerator<WatchItem> {
    const { limits, base } = this.#options;
    const path = `/v1/goals/${encodeURIComponent(goalId)}/events${deltas === true ? '?deltas=true' : ''}`;
    let cursor = after;
    let attempts = 0;
    const left = (): boolean => signal?.aborted ?? false;
    while (!left()) {
      try {
        const headers: Record<string, string> = { accept: 'text/event-stream', ...(cursor === undefined ? {} : { 'last-event-id': cursor }) };
        const response = await this.#fetch({ method: 'GET', path }, false, headers, signal);
        for await (const item of readItems(response)) {
          if (item === 'ended') return;
          attempts = 0;
          if (item.kind === 'event') cursor = item.event.cursor;
          yield item;
          if (item.kind === 'event' && endsGoal(item.event)) return;
        }
      } catch (error) {
        if (left()) return;
        if (this.#closing.signal.aborted) throw closedError();
        if (!(error instanceof FlockworkError) || !isBreak(error)) throw error;
      }
      if (++attempts > limits.reconnectAttemptsMax) {
        throw new FlockworkError(
          'connection_lost',
          `the watch of goal ${goalId} at ${base} broke and ${limits.reconnectAttemptsMax} attempts (reconnectAttemptsMax) did not bring it back`,
          {
            details: { goalId, reconnectAttemptsMax: limits.reconnectAttemptsMax },
          },
        );
      }
      await pause(reconnectWait(limits, attempts - 1), this.#ended(signal));
      if (this.#closing.signal.aborted) throw closedError();
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
  }

  /** Asks who this credential is. Throws `no_node` when nobody answers there. */
  async check(): Promise<void> {
    await (await this.#fetch({ method: 'GET', path: '/v1/connection' }, false)).arrayBuffer();
  }

  async #blob(params: Readonly<Record<string, unknown>>): Promise<unknown> {
    const { sha256, offset = 0, length } = params;
    const response = await this.#fetch({ method: 'GET', path: `/v1/blobs/${encodeURIComponent(String(sha256))}` }, true);
    const bytes = new Uint8Array(await response.arrayBuffer());
    const from = Number(offset);
    const part = length === undefined ? bytes.subarray(from) : bytes.subarray(from, from + Number(length));
    return { sha256, size: bytes.length, offset: from, bytes: part };
  }

  /** Aborts when the client closes or the consumer leaves. */
  #ended(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.#closing.signal : AbortSignal.any([this.#closing.signal, signal]);
  }

  async #fetch(call: HttpCall, repeatable: boolean, headers: Record<string, string> = {}, leaving?: AbortSignal): Promise<Response> {
    const { limits } = this.#options;
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#fetchOnce(call, headers, leaving);
      } catch (error) {
        if (!repeatable || !(error instanceof FlockworkError) || !isBreak(error) || this.#closing.signal.aborted || attempt >= limits.reconnectAttemptsMax)
          throw error;
        await pause(reconnectWait(limits, attempt), this.#closing.signal);
      }
    }
  }

  async #fetchOnce({ method, path, body, bytes }: HttpCall, headers: Record<string, string>, leaving: AbortSignal | undefined): Promise<Response> {
    const { base, token, limits } = this.#options;
    if (this.#closing.signal.aborted) throw closedError();
    const streams = headers.accept === 'text/event-stream';
    const signal = streams ? this.#ended(leaving) : AbortSignal.any([this.#closing.signal, AbortSignal.timeout(limits.answerMaxMs)]);
    const content = bytes ?? (body === undefined ? undefined : JSON.stringify(body));
    let response: Response;
    try {
      response = await fetch(base + path, {
        method,
        signal,
        redirect: 'error',
        headers: {
          ...headers,
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(content === undefined ? {} : { 'content-type': bytes === undefined ? 'application/json' : 'application/octet-stream' }),
        },
        ...(content === undefined ? {} : { body: content }),
      });
    } catch (cause) {
      if (this.#closing.signal.aborted) throw closedError();
      throw new FlockworkError('no_node', `no node answered at ${base} (${causeText(cause)}); is it running, and is the address right?`, {
        cause,
        details: { base },
      });
    }
    if (response.ok) return response;
    throw await failureOfResponse(response);
  }
}

/** A watch that broke or a node that is not there at the moment: worth another attempt. */
function isBreak({ code }: FlockworkError): boolean {
  return code === 'no_node' || code === 'connection_lost' || code === 'draining' || code === 'slow_reader';
}

async function failureOfResponse(response: Response): Promise<FlockworkError> {
  const text = await response.text();
  const problem: unknown = response.headers.get('content-type')?.startsWith('application/problem+json') === true ? JSON.parse(text) : undefined;
  if (typeof problem !== 'object' || problem === null || !('code' in problem) || typeof problem.code !== 'string') {
    return new FlockworkError('internal', `the node answered ${response.status} without a problem that could be read`, {
      details: { status: response.status },
    });
  }
  const { code, detail, retryable, details } = problem as { code: string; detail?: string; retryable?: boolean; details?: unknown };
  return errorOf({ code, message: detail ?? code, ...(retryable === undefined ? {} : { retryable }), details });
}

async function* readItems(response: Response): AsyncGenerator<WatchItem | 'ended'> {
  if (response.body === null) return;
  const parser = new SseParser();
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  let empty = true;
  try {
    for (;;) {
      const { done, value } = await readChunk(reader);
      if (done || value === undefined) return;
      for (const { event, data } of parser.push(decoder.decode(value, { stream: true }))) {
        if (event === 'goal.unwatched') {
          const { code, detail, retryable } = JSON.parse(data) as { code: string; detail: string; retryable: boolean };
          throw errorOf({ code, message: detail, retryable });
        }
        empty = false;
        yield event === 'goal.delta' ? { kind: 'delta', delta: JSON.parse(data) as GoalDelta } : { kind: 'event', event: JSON.parse(data) as GoalEvent };
      }
      // A node answers so when the cursor stands at the goal's end: do not come back.
      if (empty && parser.retryMs !== undefined) yield 'ended';
    }
  } finally {
    await Promise.allSettled([reader.cancel()]);
  }
}

async function readChunk(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<{ done: boolean; value?: Uint8Array | undefined }> {
  try {
    return await reader.read();
  } catch (cause) {
    throw new FlockworkError('connection_lost', `the stream of events broke (${causeText(cause)})`, { cause });
  }
}

function causeText(cause: unknown): string {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  const code = inner instanceof Error && 'code' in inner && typeof inner.code === 'string' ? `${inner.code} ` : '';
  return inner instanceof Error ? `${code}${inner.message}` : String(inner);
}

function closedError(): FlockworkError {
  return new FlockworkError('closed', 'this client is closed');
}
