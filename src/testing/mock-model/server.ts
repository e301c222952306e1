import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { FlockworkError } from '../../../protocols/errors/error.ts';
import { chatWire } from './chat-wire.ts';
import { CallJournal, callsMaxDefault, type MockCall } from './journal.ts';
import { messagesWire } from './messages-wire.ts';
import type { MockReply } from './reply.ts';
import { type Failure, type Scene, type StepsOptions, sceneOf } from './scenes.ts';
import { loadMockRules, type MockRule, type MockScript, ruleScript } from './script.ts';
import type { MockExchange, MockWire } from './wire.ts';

export interface MockModelOptions {
  /** 0, the default, takes a free port. */
  readonly port?: number;
  /** A loopback address; default 127.0.0.1. */
  readonly host?: string;
  /** A function, rules, or the path of a JSON file with rules; what it leaves open is answered by the scene of the model's name. */
  readonly script?: MockScript | readonly MockRule[] | string;
  /** What `GET /v1/models` lists; the first is what a client without a model name takes. */
  readonly models?: readonly string[];
  /** Added to every reply, in milliseconds. */
  readonly latencyMs?: number;
  readonly steps?: StepsOptions;
  readonly callsMax?: number;
}

export interface MockModel {
  /** Without `/v1`: what an ANTHROPIC_BASE_URL or an OLLAMA_HOST wants. */
  readonly url: string;
  /** What an OPENAI_BASE_URL wants. */
  readonly baseUrl: string;
  readonly calls: readonly MockCall[];
  close(): Promise<void>;
}

/** Bytes of one request body. */
const bodyBytesMax = 33_554_432;
/** How long `cutrst` waits before it resets, so that the first chunk has left. */
const resetAfterMs = 30;
const wires: Readonly<Record<string, MockWire>> = { '/v1/chat/completions': chatWire, '/v1/messages': messagesWire };
const loopback = new Set(['127.0.0.1', '::1', 'localhost']);

/**
 * A model server that behaves and misbehaves on demand: `POST /v1/chat/completions` as OpenAI speaks it and `POST /v1/messages` as
 * Anthropic does, both streamed or not, `GET /v1/models`, and `GET /__calls`, the journal of what it was asked. Throws `bind_refused`, `port_in_use`, `config_invalid`.
 */
export async function startMockModel(options: MockModelOptions = {}): Promise<MockModel> {
  const host = options.host ?? '127.0.0.1';
  if (!loopback.has(host)) {
    throw new FlockworkError('bind_refused', `The mock model listens on loopback only, not on ${host}. Choose 127.0.0.1.`, { details: { host } });
  }
  const script = await scriptOf(options.script);
  const journal = new CallJournal(options.callsMax ?? callsMaxDefault);
  const front = new MockFront(options, script, journal);
  const server = createServer((request, response) => front.handle(request, response));
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(
        cause.code === 'EADDRINUSE'
          ? new FlockworkError('port_in_use', `Port ${options.port} is taken. Choose another with --port.`, { cause, details: { port: options.port } })
          : cause,
      );
    });
    server.listen(options.port ?? 0, host, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  const url = `http://${host === '::1' ? '[::1]' : host}:${port}`;
  return {
    url,
    baseUrl: `${url}/v1`,
    calls: journal.calls,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function scriptOf(script: MockModelOptions['script']): Promise<MockScript> {
  if (script === undefined) return () => undefined;
  if (typeof script === 'function') return script;
  return ruleScript(typeof script === 'string' ? await loadMockRules(script) : script);
}

/** Reads the requests and plays the scenes. */
class MockFront {
  readonly #options: MockModelOptions;
  readonly #script: MockScript;
  readonly #journal: CallJournal;

  constructor(options: MockModelOptions, script: MockScript, journal: CallJournal) {
    this.#options = options;
    this.#script = script;
    this.#journal = journal;
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    this.#route(request, response).catch((error: unknown) => {
      // A client that left is written in the journal already; anything else is a defect of the script.
      if (response.destroyed) return;
      if (response.headersSent) response.destroy();
      else refuse(response, chatWire, 500, 'script_failed', error instanceof Error ? error.message : String(error));
    });
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '/').split('?', 1)[0];
    if (request.method === 'GET' && path === '/__calls') {
      return send(response, { calls: this.#journal.calls, dropped: this.#journal.dropped });
    }
    if (request.method === 'GET' && path === '/v1/models') {
      return send(response, modelList(this.#options.models ?? ['echo', 'steps-2']));
    }
    const wire = request.method === 'POST' ? wires[path ?? ''] : undefined;
    if (wire === undefined) return refuse(response, chatWire, 404, 'not_found', `There is no ${request.method} ${path}.`);
    const text = await bodyOf(request);
    if (text === undefined) return refuse(response, wire, 413, 'request_too_large', `A body has at most ${bodyBytesMax} bytes.`);
    const exchange = wire.read(parsed(text), request.headers, this.#journal.total);
    if (typeof exchange === 'string') return refuse(response, wire, 400, 'invalid_request_error', exchange);
    const asked = exchange.request;
    const call = this.#journal.begin({
      model: asked.model,
      key: asked.key,
      role: asked.role,
      toolResults: asked.toolResults.length,
      wire: wire.name,
      stream: exchange.streamed,
      start: Date.now(),
    });
    const play = new Play(call, wire, exchange, response);
    const scripted = await this.#script(asked);
    const scene: Scene =
      scripted === undefined || scripted.scene !== undefined
        ? sceneOf(scripted?.scene ?? asked.model, asked, this.#options.steps ?? {}, scripted?.text)
        : { type: 'reply', reply: scripted };
    await play.play(scene, this.#options.latencyMs ?? 0);
  }
}

/** One call being answered. */
class Play {
  readonly #call: MockCall;
  readonly #wire: MockWire;
  readonly #exchange: MockExchange;
  readonly #response: ServerResponse;
  readonly #left = new AbortController();
  /** This side broke the connection. */
  #broken = false;

  constructor(call: MockCall, wire: MockWire, exchange: MockExchange, response: ServerResponse) {
    this.#call = call;
    this.#wire = wire;
    this.#exchange = exchange;
    this.#response = response;
    response.on('close', () => {
      call.end = Date.now();
      call.status = response.headersSent ? response.statusCode : 0;
      call.answered = response.writableFinished && !this.#broken;
      call.clientLeft = !response.writableFinished && !this.#broken;
      this.#left.abort();
    });
  }

  async play(scene: Scene, latencyMs: number): Promise<void> {
    switch (scene.type) {
      case 'reply':
        return await this.#reply(scene.reply, latencyMs);
      case 'status':
        return this.#status(scene);
      case 'hang':
        return;
      case 'reset':
        return this.#break();
      case 'broken-stream':
        return await this.#brokenStream(scene.how);
      case 'web-page':
        this.#response.writeHead(200, { 'content-type': 'text/html' });
        this.#response.write('<!doctype html><title>Welcome</title>');
    }
  }

  async #reply(reply: MockReply, latencyMs: number): Promise<void> {
    await this.#wait(latencyMs + (reply.latencyMs ?? 0));
    if (!this.#exchange.streamed) {
      this.#response.writeHead(200, { 'content-type': 'application/json' });
      this.#response.end(this.#exchange.whole(reply, this.#call.id));
      return;
    }
    this.#response.writeHead(200, { 'content-type': 'text/event-stream' });
    const pieces = this.#exchange.pieces(reply, this.#call.id);
    if (reply.pieceMs === undefined) {
      this.#response.end([...pieces].join(''));
      return;
    }
    for (const piece of pieces) {
      this.#response.write(piece);
      await this.#wait(reply.pieceMs);
    }
    this.#response.end();
  }

  #status(failure: Failure): void {
    const { status, retryAfter, shouldRetry } = failure;
    this.#response.writeHead(status, {
      'content-type': 'application/json',
      ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
      ...(shouldRetry === undefined ? {} : { 'x-should-retry': String(shouldRetry) }),
    });
    this.#response.end(JSON.stringify(this.#wire.failure(failure)));
  }

  async #brokenStream(how: Extract<Scene, { type: 'broken-stream' }>['how']): Promise<void> {
    const response = this.#response;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const exchange = this.#exchange;
    const { id } = this.#call;
    response.write(exchange.begun(id));
    switch (how) {
      case 'stall':
        return;
      case 'no-done':
        // The end marker has come, and then not the end of the stream.
        response.write(exchange.endMarker(id));
        return;
      case 'no-stop':
        this.#broken = true;
        response.end(exchange.almostEnded(id));
        return;
      case 'cutfin':
        this.#broken = true;
        response.end();
        return;
      case 'cutrst':
        await this.#wait(resetAfterMs);
        return this.#break();
      case 'error-event':
        response.end(exchange.errorEvent());
        return;
      case 'not-json':
        response.end(exchange.notJson());
        return;
      case 'not-a-chunk':
        response.end(exchange.notAnEvent());
    }
  }

  #break(): void {
    this.#broken = true;
    this.#response.socket?.resetAndDestroy();
  }

  async #wait(ms: number): Promise<void> {
    if (ms > 0) await pause(ms, undefined, { signal: this.#left.signal });
  }
}

async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request) {
    const buffer = Buffer.isBuffer(piece) ? piece : Buffer.from(String(piece));
    bytes += buffer.length;
    if (bytes > bodyBytesMax) return undefined;
    pieces.push(buffer);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // No body at all fits no schema, and that is what the client is told.
    return undefined;
  }
}

function send(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

function refuse(response: ServerResponse, wire: MockWire, status: number, code: string, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(wire.failure({ status, code, message })));
}

/** As both wires list models. */
function modelList(names: readonly string[]) {
  const data = names.map((id) => ({
    id,
    object: 'model',
    created: 1,
    owned_by: 'flockwork',
    type: 'model',
    display_name: id,
    created_at: '2026-01-01T00:00:00Z',
  }));
  return { object: 'list', data, has_more: false, first_id: names[0] ?? null, last_id: names.at(-1) ?? null };
}
