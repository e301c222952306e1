import { createServer, type IncomingHttpHeaders } from 'node:http';
import { APIConnectionTimeoutError } from '@anthropic-ai/sdk';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ModelCallOptions, ModelMessage, ModelReply, ModelRequest } from '../../../actors/ports/models.ts';
import { FlockworkError } from '../../../protocols/errors/error.ts';
import { type MockModel, type MockReply, type MockRequest, startMockModel } from '../../testing/mock-model/index.ts';
import { modelFailure } from '../failure.ts';
import { createModels, type ModelsOptions } from '../index.ts';

/** For the scenes that never answer; all others keep the defaults, so that a busy machine changes nothing. */
const quick = { firstByteMaxMs: 150, idleMaxMs: 150, tailMaxMs: 100 };
const listTool = { name: 'fs.list', description: 'Lists a folder.', parameters: { type: 'object', properties: { path: { type: 'string' } } } };
const question: ModelMessage = { role: 'user', text: 'What hums?' };

let server: MockModel;
let scripted: ((request: MockRequest) => MockReply | undefined) | undefined;

beforeAll(async () => {
  server = await startMockModel({ script: (request) => scripted?.(request) });
});
afterAll(async () => {
  await server.close();
});

interface Asked {
  readonly messages?: readonly ModelMessage[];
  readonly tools?: ModelRequest['tools'];
  readonly options?: Partial<ModelCallOptions>;
  readonly models?: ModelsOptions;
  readonly script?: (request: MockRequest) => MockReply | undefined;
}

let keys = 0;

async function ask(name: string, asked: Asked = {}): Promise<ModelReply> {
  scripted = asked.script;
  const models = createModels({ anthropic: { baseUrl: server.url, apiKey: 'sk-ant-1234567' }, ...asked.models });
  keys += 1;
  return models.call(
    { model: `anthropic/${name}`, messages: asked.messages ?? [question], tools: asked.tools ?? [], outputTokensMax: 1_000, key: `stream:${keys}` },
    { signal: new AbortController().signal, ...asked.options },
  );
}

async function failure(name: string, asked: Asked = {}): Promise<FlockworkError> {
  const error = await ask(name, asked).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof FlockworkError)) throw new Error(`expected a FlockworkError, got ${String(error)}`);
  return error;
}

/** The journal entry of the last call, once the model's side has closed it. */
async function lastCall() {
  const call = server.calls.at(-1);
  if (call === undefined) throw new Error('no call');
  await expect.poll(() => call.end, { timeout: 3_000 }).toBeDefined();
  return call;
}

describe('a reply', () => {
  test('text, deltas, usage without overlap, and the idempotency key', async () => {
    const deltas: string[] = [];
    const text = 'Bees hum in the warm evening air of the garden behind the house, says the model.';
    const reply = await ask('any', {
      script: () => ({ text, usage: { prompt: 10, cached: 4, written: 3, completion: 5, reasoning: 2 } }),
      options: { onDelta: (delta) => deltas.push(delta) },
    });
    expect(reply).toEqual({
      text,
      toolCalls: [],
      finish: 'stop',
      usage: { input: 3, cacheRead: 4, cacheWrite: 3, output: 5, reasoning: 2 },
      costMicroUsd: null,
      answeredBy: 'any',
    });
    expect(deltas.length).toBeGreaterThan(1);
    expect(deltas.join('')).toBe(text);
    expect(await lastCall()).toMatchObject({ key: `stream:${keys}`, wire: 'anthropic', stream: true, answered: true, clientLeft: false });
  });

  test('a base URL that ends in /v1 means the same', async () => {
    expect((await ask('echo', { models: { anthropic: { baseUrl: `${server.url}/v1/` } } })).text).toBe('What hums?');
  });

  test('tool calls: dots come back, arguments are parsed, several at once, text before them', async () => {
    const reply = await ask('any', {
      tools: [listTool, { ...listTool, name: 'fs.read' }],
      script: (request) => {
        expect(request.tools).toEqual(['fs_list', 'fs_read']);
        return { text: 'Let me look.', toolCalls: [{ name: 'fs.list', input: { path: 'src' } }, { name: 'fs.read' }] };
      },
    });
    expect(reply).toMatchObject({ text: 'Let me look.', finish: 'tool-calls' });
    expect(reply.toolCalls.map(({ name, input }) => ({ name, input }))).toEqual([
      { name: 'fs.list', input: { path: 'src' } },
      { name: 'fs.read', input: {} },
    ]);
    expect(new Set(reply.toolCalls.map((call) => call.id)).size).toBe(2);
  });

  test('a whole conversation as the wire wants it: one system text, merged turns, results first, failures marked', async () => {
    const messages: ModelMessage[] = [
      { role: 'system', text: 'You are brief.\nRole: map' },
      { role: 'user', text: 'There is a garden.' },
      question,
      {
        role: 'assistant',
        text: '',
        toolCalls: [
          { id: 'c.1', name: 'fs.list', malformed: '{"path"' },
          { id: 'c2', name: 'fs.list', input: ['src'] },
        ],
      },
      { role: 'user', text: 'Hurry.' },
      { role: 'tool', id: 'c.1', name: 'fs.list', ok: false, text: '' },
      { role: 'tool', id: 'c2', name: 'fs.list', ok: true, text: 'bees.txt' },
      { role: 'system', text: 'Role: reduce' },
    ];
    let seen: MockRequest | undefined;
    await ask('any', {
      messages,
      tools: [listTool],
      script: (request) => {
        seen = request;
        return { text: 'fine' };
      },
    });
    expect(seen).toMatchObject({
      system: 'You are brief.\nRole: map\n\nRole: reduce',
      role: 'map',
      user: 'Hurry.',
      toolResults: ['(empty)', 'bees.txt'],
      toolFailures: 1,
      toolRounds: 1,
    });
  });

  test('empty texts and a conversation that begins elsewhere are made fit, not refused', async () => {
    expect((await ask('echo', { messages: [{ role: 'user', text: ' ' }] })).text).toBe('(empty)');
    expect((await ask('echo', { messages: [{ role: 'assistant', text: '', toolCalls: [] }, question] })).text).toBe('What hums?');
  });

  test('malformed tool arguments are data, not a crash', async () => {
    const reply = await ask('badargs', { tools: [listTool] });
    expect(reply.toolCalls).toEqual([{ id: expect.any(String), name: 'fs.list', malformed: '{"path": "src' }]);
  });

  test('neither text nor tool calls is a valid empty text', async () => {
    expect(await ask('empty')).toMatchObject({ text: '', toolCalls: [], finish: 'stop' });
  });

  test('length and refusal are finishes', async () => {
    expect((await ask('length')).finish).toBe('length');
    expect((await ask('any', { script: () => ({ text: 'x', finish: 'model_context_window_exceeded' }) })).finish).toBe('length');
    expect((await ask('filter')).finish).toBe('content-filter');
    expect((await ask('any', { script: () => ({ text: 'x', finish: 'pause_turn' }) })).finish).toBe('other');
  });

  test('a configured price gives the cost in micro-dollars', async () => {
    const models = {
      anthropic: { baseUrl: server.url },
      prices: { 'anthropic/*': { input: 9, output: 9 }, 'anthropic/any': { input: 2, cacheRead: 0.5, cacheWrite: 3, output: 10 } },
    };
    const reply = await ask('any', { models, script: () => ({ text: 'x', usage: { prompt: 10, cached: 4, written: 1, completion: 5 } }) });
    expect(reply.costMicroUsd).toBe(5 * 2 + 4 * 0.5 + 1 * 3 + 5 * 10);
  });

  test('pings are signs of life: a model that thinks for longer than idleMaxMs is not given up', async () => {
    const reply = await ask('any', { script: () => ({ text: 'at last', pings: 60, pieceMs: 20 }), models: { idleMaxMs: 700 } });
    expect(reply.text).toBe('at last');
    const call = await lastCall();
    expect((call.end ?? 0) - call.start).toBeGreaterThan(700);
  });
});

describe('what goes wrong on the wire', () => {
  test('silence after the end marker costs a short wait, not the reply', async () => {
    expect(await ask('nodone', { models: { tailMaxMs: 50 } })).toMatchObject({ text: 'Hel', finish: 'stop' });
    expect((await lastCall()).clientLeft).toBe(true);
  });

  test('a clean FIN without message_stop is model_cut, even when the stop reason has come', async () => {
    expect(await failure('cutfin')).toMatchObject({ code: 'model_cut', retryable: true });
    expect(await failure('nostop')).toMatchObject({ code: 'model_cut', retryable: true, message: expect.stringContaining('message_stop') });
  });

  test('a reset before the headers and one in the middle are model_unavailable', async () => {
    expect(await failure('reset')).toMatchObject({ code: 'model_unavailable', retryable: true, details: { socket: 'ECONNRESET' } });
    expect(await failure('cutrst')).toMatchObject({ code: 'model_unavailable', retryable: true });
  });

  test('overloaded_error in the middle of the stream', async () => {
    expect(await failure('miderr')).toMatchObject({
      code: 'model_overloaded',
      retryable: true,
      message: expect.stringContaining(': Overloaded.'),
      details: { providerCode: 'overloaded_error' },
    });
    expect((await lastCall()).status).toBe(200);
  });

  test('no headers: the first-byte watchdog, and the socket is closed', async () => {
    expect(await failure('hang', { models: quick })).toMatchObject({
      code: 'model_timeout',
      retryable: true,
      details: { bound: 'firstByteMaxMs', maxMs: 150 },
    });
    expect(await lastCall()).toMatchObject({ clientLeft: true, answered: false });
  });

  test('a stall in the middle: the idle watchdog, and the socket is closed', async () => {
    expect(await failure('stall', { models: { ...quick, firstByteMaxMs: 10_000 } })).toMatchObject({ code: 'model_timeout', details: { bound: 'idleMaxMs' } });
    expect(await lastCall()).toMatchObject({ clientLeft: true, answered: false });
  });

  test('an answer that trickles for ever: the bound of the whole call', async () => {
    const script = (): MockReply => ({ text: 'word '.repeat(4_000), pieceMs: 10 });
    expect(await failure('any', { script, models: { callMaxMs: 200 } })).toMatchObject({ code: 'model_timeout', details: { bound: 'callMaxMs' } });
    expect((await lastCall()).clientLeft).toBe(true);
  });

  test('abort in the middle is aborted, and the socket is closed', async () => {
    const own = new AbortController();
    const error = failure('stall', { options: { signal: own.signal, onDelta: () => own.abort() } });
    expect(await error).toMatchObject({ code: 'aborted' });
    expect(await lastCall()).toMatchObject({ clientLeft: true });
  });

  test('abort before the headers and before the call', async () => {
    const own = new AbortController();
    const before = server.calls.length;
    const pending = failure('hang', { options: { signal: own.signal } });
    await expect.poll(() => server.calls.length, { timeout: 3_000 }).toBeGreaterThan(before);
    own.abort();
    expect((await pending).code).toBe('aborted');
    const count = server.calls.length;
    expect((await failure('echo', { options: { signal: own.signal } })).code).toBe('aborted');
    expect(server.calls.length).toBe(count);
  });

  test('429 with a retry-after that its SDK would sleep on: one request at once, and the wait as data', async () => {
    const before = server.calls.length;
    const started = Date.now();
    expect(await failure('http429-ra61')).toMatchObject({ code: 'model_rate_limited', retryable: true, details: { status: 429, retryAfterMs: 61_000 } });
    expect(server.calls.length - before).toBe(1);
    expect(Date.now() - started).toBeLessThan(30_000);
  });

  test('a retry-after above the bound is cut to it', async () => {
    const models = { retryAfterMaxMs: 5_000 };
    expect((await failure('http429-ra86400', { models })).details).toMatchObject({ retryAfterMs: 5_000 });
  });

  test.each([
    ['http400', 'model_bad_request', false],
    ['http400-enforced_spend_limit_reached', 'model_billing', false],
    ['http401', 'model_auth', false],
    ['http402', 'model_billing', false],
    ['http403', 'model_auth', false],
    ['http404', 'model_bad_request', false],
    ['http408', 'model_unavailable', true],
    ['http409', 'model_unavailable', true],
    ['http413', 'model_context_overflow', false],
    ['http429', 'model_rate_limited', true],
    ['http429-contract_spend_limit_reached', 'model_billing', false],
    ['http429-ramp_limit_exceeded', 'model_rate_limited', true],
    ['http500', 'model_unavailable', true],
    ['http500-srf', 'model_unavailable', false],
    ['http400-srt', 'model_bad_request', true],
    ['http503', 'model_overloaded', true],
    ['http504', 'model_unavailable', true],
    ['http529', 'model_overloaded', true],
  ])('%s is %s, retryable %s', async (name, code, retryable) => {
    expect(await failure(name)).toMatchObject({ code, retryable });
  });

  test.each([
    ['authentication_error', 'model_auth'],
    ['billing_error', 'model_billing'],
    ['invalid_request_error', 'model_bad_request'],
    ['rate_limit_error', 'model_rate_limited'],
    ['api_error', 'model_unavailable'],
  ])('an error event of type %s has no status and is %s', (type, code) => {
    expect(modelFailure({ type }, { model: 'anthropic/m', baseUrl: server.url, retryAfterMaxMs: 1, now: 0 })).toMatchObject({ code });
  });

  test('the timeout of the SDK is a timeout, although it hides the code of the socket', () => {
    const context = { model: 'anthropic/m', baseUrl: server.url, retryAfterMaxMs: 1, now: 0 };
    expect(modelFailure(new APIConnectionTimeoutError(), context)).toMatchObject({ code: 'model_timeout', retryable: true });
  });

  test('what is not the wire format is model_malformed', async () => {
    expect(await failure('badjson')).toMatchObject({ code: 'model_malformed' });
    expect(await failure('badchunk')).toMatchObject({ code: 'model_malformed', details: { path: 'content_block_delta.delta.type' } });
    expect(await failure('html')).toMatchObject({ code: 'model_malformed', details: { contentType: 'text/html' } });
    expect(await lastCall()).toMatchObject({ clientLeft: true });
  });

  test('an answer above its bounds ends the call', async () => {
    expect(await failure('any', { script: () => ({ text: 'x'.repeat(200) }), models: { replyCharsMax: 100 } })).toMatchObject({
      code: 'model_malformed',
      details: { replyCharsMax: 100 },
    });
    const toolCalls = Array.from({ length: 3 }, () => ({ name: 'fs.list' }));
    expect(await failure('any', { script: () => ({ toolCalls }), models: { toolCallsMax: 2 } })).toMatchObject({
      code: 'model_malformed',
      details: { toolCallsMax: 2 },
    });
  });

  test('nobody listens: the socket code is a detail', async () => {
    const gone = await startMockModel();
    await gone.close();
    expect(await failure('echo', { models: { anthropic: { baseUrl: gone.url } } })).toMatchObject({
      code: 'model_unavailable',
      retryable: true,
      details: { socket: 'ECONNREFUSED' },
    });
  });

  test.each([
    ['http401', 'sk-a*******4567'],
    ['http400', 'sk-ant-1234567'],
    ['http500', 'sk-ant-1234567'],
  ])('%s: the key never stands in an error, not even where the provider repeats %s', async (name, repeated) => {
    const error = await failure(name, { script: () => ({ scene: name, text: `invalid key: ${repeated}` }) });
    expect(JSON.stringify([error.message, error.details, String(error.cause)])).not.toContain('4567');
  });
});

describe('what is sent', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  /** The headers that a server at another address than the provider's gets. */
  async function sentHeaders(apiKey: string | undefined): Promise<IncomingHttpHeaders> {
    let headers: IncomingHttpHeaders = {};
    const plain = createServer((request, response) => {
      headers = request.headers;
      response.writeHead(500).end();
    });
    const port = await new Promise<number>((resolve) => {
      plain.listen(0, '127.0.0.1', () => {
        const address = plain.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
    await failure('any', { models: { anthropic: { baseUrl: `http://127.0.0.1:${port}`, apiKey } } });
    await new Promise((resolve) => {
      plain.close(resolve);
    });
    return headers;
  }

  test('a key goes as a bearer token, and to other servers in the older header too', async () => {
    expect(await sentHeaders('sk-ant-1234567')).toMatchObject({ authorization: 'Bearer sk-ant-1234567', 'x-api-key': 'sk-ant-1234567' });
  });

  test('without a key nothing of the environment is sent in its place', async () => {
    vi.stubEnv('ANTHROPIC_API_KEY', 'sk-ant-environment');
    vi.stubEnv('ANTHROPIC_AUTH_TOKEN', 'token-environment');
    expect(await sentHeaders(undefined)).not.toHaveProperty('authorization');
    vi.unstubAllEnvs();
    // Where neither is set, the SDK would look for a profile on the disk, and fail when it is not there.
    vi.stubEnv('ANTHROPIC_PROFILE', 'absent');
    const headers = await sentHeaders(undefined);
    expect(headers).not.toHaveProperty('authorization');
    expect(headers).not.toHaveProperty('x-api-key');
    expect(headers).toHaveProperty('anthropic-version');
  });
});

test('a base URL that is none is config_invalid, and an unconfigured provider says what to set', async () => {
  expect(() => createModels({ anthropic: { baseUrl: 'localhost 80' } })).toThrow(FlockworkError);
  await expect(failure('echo', { models: { anthropic: {} } })).resolves.toMatchObject({
    code: 'model_unknown',
    message: expect.stringContaining('ANTHROPIC_API_KEY'),
  });
});
