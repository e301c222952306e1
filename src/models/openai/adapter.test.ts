import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ModelCallOptions, ModelMessage, ModelReply, ModelRequest } from '../../../actors/ports/models.ts';
import { FlockworkError } from '../../../protocols/errors/error.ts';
import { type MockModel, type MockReply, type MockRequest, startMockModel } from '../../testing/mock-model/index.ts';
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
  const models = createModels({ openai: { baseUrl: server.baseUrl, apiKey: 'sk-test-1234567' }, ...asked.models });
  keys += 1;
  return models.call(
    { model: `openai/${name}`, messages: asked.messages ?? [question], tools: asked.tools ?? [], outputTokensMax: 1_000, key: `stream:${keys}` },
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
  test('text, deltas, usage and the idempotency key', async () => {
    const deltas: string[] = [];
    const text = 'Bees hum in the warm evening air of the garden behind the house, says the model.';
    const reply = await ask('any', {
      script: () => ({ text, usage: { prompt: 10, cached: 4, completion: 5, reasoning: 2 } }),
      options: { onDelta: (delta) => deltas.push(delta) },
    });
    expect(reply).toEqual({
      text,
      toolCalls: [],
      finish: 'stop',
      usage: { input: 6, cacheRead: 4, cacheWrite: 0, output: 5, reasoning: 2 },
      costMicroUsd: null,
      answeredBy: 'any',
    });
    expect(deltas.length).toBeGreaterThan(1);
    expect(deltas.join('')).toBe(text);
    expect((await lastCall()).key).toBe(`stream:${keys}`);
  });

  test('tool calls: dots come back, arguments are parsed, several at once', async () => {
    const reply = await ask('any', {
      tools: [listTool, { ...listTool, name: 'fs.read' }],
      script: (request) => {
        expect(request.tools).toEqual(['fs_list', 'fs_read']);
        return { toolCalls: [{ name: 'fs.list', input: { path: 'src' } }, { name: 'fs.read' }] };
      },
    });
    expect(reply.finish).toBe('tool-calls');
    expect(reply.toolCalls.map(({ name, input }) => ({ name, input }))).toEqual([
      { name: 'fs.list', input: { path: 'src' } },
      { name: 'fs.read', input: {} },
    ]);
    expect(new Set(reply.toolCalls.map((call) => call.id)).size).toBe(2);
  });

  test('an answered tool call goes back under the same name and id', async () => {
    const messages: ModelMessage[] = [
      { role: 'system', text: 'You are brief.\nRole: map' },
      question,
      { role: 'assistant', text: '', toolCalls: [{ id: 'c1', name: 'fs.list', malformed: '{"path"' }] },
      { role: 'tool', id: 'c1', name: 'fs.list', ok: false, text: 'not JSON' },
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
    expect(seen).toMatchObject({ role: 'map', user: 'What hums?', toolResults: ['Error: not JSON'], toolRounds: 1 });
  });

  test('malformed tool arguments are data, not a crash', async () => {
    const reply = await ask('badargs', { tools: [listTool] });
    expect(reply.toolCalls).toEqual([{ id: expect.any(String), name: 'fs.list', malformed: '{"path": "src' }]);
  });

  test('neither text nor tool calls is a valid empty text', async () => {
    expect(await ask('empty')).toMatchObject({ text: '', toolCalls: [], finish: 'stop' });
  });

  test('length and content filter are finishes', async () => {
    expect((await ask('length')).finish).toBe('length');
    expect((await ask('filter')).finish).toBe('content-filter');
  });

  test('a configured price gives the cost in micro-dollars', async () => {
    const models = {
      openai: { baseUrl: server.baseUrl },
      prices: { 'openai/*': { input: 9, output: 9 }, 'openai/any': { input: 2, cacheRead: 0.5, output: 10 } },
    };
    const reply = await ask('any', { models, script: () => ({ text: 'x', usage: { prompt: 10, cached: 4, completion: 5 } }) });
    expect(reply.costMicroUsd).toBe(6 * 2 + 4 * 0.5 + 5 * 10);
  });

  test('a model that takes tools only without reasoning is asked once more, and that is remembered', async () => {
    const before = server.calls.length;
    const models = createModels({ openai: { baseUrl: server.baseUrl } });
    scripted = undefined;
    const call = () =>
      models.call(
        { model: 'openai/effortless', messages: [question], tools: [listTool], outputTokensMax: 10, key: 'k' },
        { signal: new AbortController().signal },
      );
    expect((await call()).text).toBe('effort none');
    expect((await call()).text).toBe('effort none');
    expect(server.calls.slice(before).map((entry) => entry.status)).toEqual([400, 200, 200]);
  });
});

describe('what goes wrong on the wire', () => {
  test('silence after the end marker costs a short wait, not the reply', async () => {
    expect(await ask('nodone', { models: { tailMaxMs: 50 } })).toMatchObject({ text: 'Hel', finish: 'stop', usage: null, costMicroUsd: null });
    expect((await lastCall()).clientLeft).toBe(true);
  });

  test('a clean FIN without the end marker is model_cut', async () => {
    expect(await failure('cutfin')).toMatchObject({ code: 'model_cut', retryable: true });
  });

  test('a reset before the headers and one in the middle are model_unavailable', async () => {
    expect(await failure('reset')).toMatchObject({ code: 'model_unavailable', retryable: true });
    expect(await failure('cutrst')).toMatchObject({ code: 'model_unavailable', retryable: true });
  });

  test('an error event is classified by its code', async () => {
    expect(await failure('miderr')).toMatchObject({ code: 'model_overloaded', retryable: true });
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
    expect(await failure('any', { script, models: { callMaxMs: 200 } })).toMatchObject({
      code: 'model_timeout',
      details: { bound: 'callMaxMs' },
    });
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
    const pending = failure('hang', { options: { signal: own.signal } });
    const before = server.calls.length;
    await expect.poll(() => server.calls.length, { timeout: 3_000 }).toBeGreaterThan(before);
    own.abort();
    expect((await pending).code).toBe('aborted');
    const count = server.calls.length;
    expect((await failure('echo', { options: { signal: own.signal } })).code).toBe('aborted');
    expect(server.calls.length).toBe(count);
  });

  test('429 with retry-after: one request, and the wait as data', async () => {
    const before = server.calls.length;
    expect(await failure('http429-ra1')).toMatchObject({ code: 'model_rate_limited', retryable: true, details: { status: 429, retryAfterMs: 1_000 } });
    expect(server.calls.length - before).toBe(1);
  });

  test('a retry-after above the bound is cut to it', async () => {
    const models = { retryAfterMaxMs: 5_000 };
    expect((await failure('http429-ra86400', { models })).details).toMatchObject({ retryAfterMs: 5_000 });
  });

  test('429 insufficient_quota means money', async () => {
    expect(await failure('http429-insufficient_quota')).toMatchObject({ code: 'model_billing', retryable: false });
  });

  test.each([
    ['http400', 'model_bad_request', false],
    ['http400-context_length_exceeded', 'model_context_overflow', false],
    ['http401', 'model_auth', false],
    ['http402', 'model_billing', false],
    ['http403', 'model_auth', false],
    ['http404', 'model_bad_request', false],
    ['http408', 'model_unavailable', true],
    ['http409', 'model_unavailable', true],
    ['http413', 'model_context_overflow', false],
    ['http413-rate_limit_exceeded', 'model_rate_limited', true],
    ['http429', 'model_rate_limited', true],
    ['http500', 'model_unavailable', true],
    ['http500-srf', 'model_unavailable', false],
    ['http400-srt', 'model_bad_request', true],
    ['http503', 'model_overloaded', true],
    ['http529', 'model_overloaded', true],
  ])('%s is %s, retryable %s', async (name, code, retryable) => {
    expect(await failure(name)).toMatchObject({ code, retryable });
  });

  test('what is not the wire format is model_malformed', async () => {
    expect(await failure('badjson')).toMatchObject({ code: 'model_malformed' });
    expect(await failure('badchunk')).toMatchObject({ code: 'model_malformed', details: { path: 'choices' } });
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
    expect(await failure('echo', { models: { openai: { baseUrl: gone.baseUrl } } })).toMatchObject({
      code: 'model_unavailable',
      retryable: true,
      details: { socket: 'ECONNREFUSED' },
    });
  });

  test.each([
    ['http401', 'sk-t*******4567'],
    ['http400', 'sk-test-1234567'],
    ['http500', 'sk-test-1234567'],
  ])('%s: the key never stands in an error, not even where the provider repeats %s', async (name, repeated) => {
    const error = await failure(name, { script: () => ({ scene: name, text: `Incorrect API key provided: ${repeated}` }) });
    expect(JSON.stringify([error.message, error.details, String(error.cause)])).not.toContain('4567');
  });
});

describe('the router', () => {
  test('unknown and unconfigured providers are model_unknown with the known ones', async () => {
    const models = createModels();
    const call = (model: string) =>
      models.call({ model, messages: [question], tools: [], outputTokensMax: 10, key: 'k' }, { signal: new AbortController().signal });
    await expect(call('acme/large')).rejects.toMatchObject({ code: 'model_unknown', details: { known: ['offline', 'openai', 'anthropic', 'ollama'] } });
    await expect(call('echo')).rejects.toMatchObject({ code: 'model_unknown' });
    await expect(call('openai/')).rejects.toMatchObject({ code: 'model_unknown' });
    await expect(call('openai/echo')).rejects.toMatchObject({ code: 'model_unknown', details: { variable: 'OPENAI_API_KEY' } });
    await expect(call('offline/thinking')).rejects.toMatchObject({ code: 'model_unknown' });
  });

  test('ollama speaks the same wire under the host that OLLAMA_HOST names', async () => {
    scripted = undefined;
    const models = createModels({ ollama: { baseUrl: server.url.replace('http://', '') } });
    const reply = await models.call(
      { model: 'ollama/echo', messages: [question], tools: [], outputTokensMax: 10, key: 'k' },
      { signal: new AbortController().signal },
    );
    expect(reply.text).toBe('What hums?');
  });

  test('a base URL that is none is config_invalid', () => {
    expect(() => createModels({ openai: { baseUrl: 'localhost 80' } })).toThrow(FlockworkError);
  });
});
