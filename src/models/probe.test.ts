import { afterAll, beforeAll, expect, test } from 'vitest';
import { type MockModel, startMockModel } from '../testing/mock-model/index.ts';
import { probeModel } from './probe.ts';

let server: MockModel;
beforeAll(async () => {
  server = await startMockModel({ models: ['listed'] });
});
afterAll(() => server.close());

test.each(['openai', 'anthropic', 'ollama'])('asks %s for its models', async (provider) => {
  const options = { openai: { baseUrl: server.baseUrl }, anthropic: { baseUrl: server.baseUrl, apiKey: 'k' }, ollama: { baseUrl: server.url } };
  expect(await probeModel(`${provider}/listed`, options)).toMatchObject({ listed: true });
  expect(await probeModel(`${provider}/other`, options)).toMatchObject({ listed: false });
});

test('the built-in model has no server', async () => {
  expect(await probeModel('offline/extractive', {})).toBeUndefined();
});

test('a provider without a key and a server that is not there are told', async () => {
  await expect(probeModel('anthropic/any', {})).rejects.toMatchObject({ code: 'model_unknown', details: { variable: 'ANTHROPIC_API_KEY' } });
  await expect(probeModel('openai/any', { openai: { baseUrl: 'http://127.0.0.1:1/v1' } })).rejects.toMatchObject({ code: 'model_unavailable' });
});
