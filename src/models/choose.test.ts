import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { configSchema } from '../config/schema.ts';
import { type MockModel, startMockModel } from '../testing/mock-model/index.ts';
import { chooseModel } from './choose.ts';
import { ollamaBaseUrl } from './environment.ts';
import { anthropicModelDefault, openaiModelDefault } from './options.ts';

let server: MockModel;
beforeAll(async () => {
  server = await startMockModel({ models: ['first', 'second'] });
});
afterAll(async () => {
  await server.close();
});

describe('which model', () => {
  test('nothing set: offline; empty variables count as unset', async () => {
    expect(await chooseModel({ env: { OPENAI_API_KEY: '', OPENAI_BASE_URL: ' ', ANTHROPIC_API_KEY: '', OLLAMA_HOST: '' }, flag: '', config: '' })).toEqual({
      model: 'offline/extractive',
      why: expect.stringContaining('no model is configured'),
    });
  });

  test('flag before configuration before environment', async () => {
    const env = { OPENAI_API_KEY: 'k', OPENAI_MODEL: 'm' };
    expect(await chooseModel({ flag: 'ollama/a/b:7b', config: 'openai/x', env })).toMatchObject({ model: 'ollama/a/b:7b', why: '--model names it' });
    expect(await chooseModel({ config: 'openai/x', env })).toMatchObject({ model: 'openai/x', why: 'the configuration names it' });
    expect(await chooseModel({ env })).toMatchObject({ model: 'openai/m', why: expect.stringContaining('OPENAI_MODEL') });
    expect(await chooseModel({ flag: 'offline', env })).toMatchObject({ model: 'offline/extractive' });
  });

  test('a key alone: the named default', async () => {
    expect((await chooseModel({ env: { OPENAI_API_KEY: 'k' } })).model).toBe(`openai/${openaiModelDefault}`);
  });

  test('a base URL without a model: the first of its /models', async () => {
    const chosen = await chooseModel({ env: { OPENAI_BASE_URL: server.baseUrl } });
    expect(chosen).toEqual({ model: 'openai/first', why: expect.stringMatching(/OPENAI_BASE_URL.*first model/) });
    expect((await chooseModel({ env: {}, openai: { baseUrl: server.baseUrl, model: 'own' } })).model).toBe('openai/own');
    expect((await chooseModel({ env: { OPENAI_BASE_URL: server.baseUrl }, flag: 'openai' })).model).toBe('openai/first');
  });

  test('a server that was asked for and does not answer is an error, never a silent fallback', async () => {
    const gone = await startMockModel();
    await gone.close();
    await expect(chooseModel({ env: { OPENAI_BASE_URL: gone.baseUrl } })).rejects.toMatchObject({
      code: 'model_unavailable',
      message: expect.stringContaining('--model openai/'),
    });
    await expect(chooseModel({ env: { OLLAMA_HOST: gone.url } })).rejects.toMatchObject({ code: 'model_unavailable' });
  });

  test('a server without models', async () => {
    const bare = await startMockModel({ models: [] });
    await expect(chooseModel({ env: { OPENAI_BASE_URL: bare.baseUrl } })).rejects.toMatchObject({ code: 'model_unknown' });
    await bare.close();
  });

  test('ANTHROPIC_* comes after OPENAI_* and before OLLAMA_HOST', async () => {
    const env = { ANTHROPIC_API_KEY: 'k', OLLAMA_HOST: server.url };
    expect(await chooseModel({ env })).toEqual({
      model: `anthropic/${anthropicModelDefault}`,
      why: 'ANTHROPIC_API_KEY is set, and the default of anthropic names the model',
    });
    expect((await chooseModel({ env: { ...env, OPENAI_API_KEY: 'k' } })).model).toBe(`openai/${openaiModelDefault}`);
    expect(await chooseModel({ env: {}, anthropic: { apiKey: 'k', model: 'own' } })).toMatchObject({
      model: 'anthropic/own',
      why: expect.stringMatching(/^the key of anthropic is set/),
    });
    expect((await chooseModel({ flag: 'anthropic', env: {} })).model).toBe(`anthropic/${anthropicModelDefault}`);
    expect((await chooseModel({ flag: 'anthropic/claude', env })).model).toBe('anthropic/claude');
  });

  test('the default of the configuration is the one that is chosen', () => {
    expect(configSchema.parse({}).anthropic.model).toBe(anthropicModelDefault);
  });

  test.each(['', '/v1'])('ANTHROPIC_BASE_URL with "%s" at its end: the first model of that server', async (end) => {
    const chosen = await chooseModel({ env: { ANTHROPIC_BASE_URL: `${server.url}${end}` } });
    expect(chosen).toEqual({ model: 'anthropic/first', why: expect.stringMatching(/ANTHROPIC_BASE_URL.*first model/) });
  });

  test('the base URL of Anthropic itself is not asked', async () => {
    expect((await chooseModel({ env: { ANTHROPIC_BASE_URL: 'https://api.anthropic.com/v1' } })).model).toBe(`anthropic/${anthropicModelDefault}`);
  });

  test('OLLAMA_HOST asks that server', async () => {
    expect(await chooseModel({ env: { OLLAMA_HOST: server.url } })).toMatchObject({ model: 'ollama/first', why: expect.stringContaining('OLLAMA_HOST') });
  });
});

test.each([
  [undefined, 'http://127.0.0.1:11434/v1'],
  ['', 'http://127.0.0.1:11434/v1'],
  ['box', 'http://box:11434/v1'],
  ['box:8080', 'http://box:8080/v1'],
  ['0.0.0.0', 'http://127.0.0.1:11434/v1'],
  ['0.0.0.0:1234', 'http://127.0.0.1:1234/v1'],
  ['https://models.example', 'https://models.example/v1'],
  ['http://box:8080/v1/', 'http://box:8080/v1'],
])('OLLAMA_HOST %s means %s', (host, url) => {
  expect(ollamaBaseUrl(host)).toBe(url);
});
