import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ModelMessage, ModelReply, ModelRequest } from '../../../actors/ports/models.ts';
import { type MockModel, type MockReply, type MockRequest, startMockModel } from '../../testing/mock-model/index.ts';
import { createModels } from '../index.ts';

const listTool = { name: 'fs.list', description: 'Lists a folder.', parameters: { type: 'object', properties: { path: { type: 'string' } } } };
const question: ModelMessage = { role: 'user', text: 'What hums?' };

let server: MockModel;
let scripted: ((request: MockRequest) => MockReply | undefined) | undefined;
let keys = 0;

beforeAll(async () => {
  server = await startMockModel({ script: (request) => scripted?.(request) });
});
afterAll(() => server.close());

interface Asked {
  readonly messages?: readonly ModelMessage[];
  readonly tools: ModelRequest['tools'];
  readonly script: (request: MockRequest) => MockReply | undefined;
}

function ask(name: string, { messages = [question], tools, script }: Asked): Promise<ModelReply> {
  scripted = script;
  keys += 1;
  const models = createModels({ anthropic: { baseUrl: server.url, apiKey: 'sk-ant-1234567' } });
  const request = { model: `anthropic/${name}`, messages, tools, outputTokensMax: 1_000, key: `thinking:${keys}` };
  return models.call(request, { signal: new AbortController().signal });
}

describe('thinking', () => {
  const call = { name: 'fs.list', input: { path: 'src' } };
  const script = ({ toolResults }: MockRequest) =>
    toolResults.length === 0 ? { thinking: 'Where do bees live?', text: 'Let me look.', toolCalls: [call, call] } : { text: 'In the garden.' };
  const goOn = async (change: (reply: ModelReply) => Partial<Pick<ModelReply, 'carry'>>, model?: string) => {
    const first = await ask('any', { tools: [listTool], script });
    const results = first.toolCalls.map(({ id, name }): ModelMessage => ({ role: 'tool', id, name, ok: true, text: 'bees.txt' }));
    const messages: ModelMessage[] = [question, { role: 'assistant', text: first.text, toolCalls: first.toolCalls, ...change(first) }, ...results];
    return ask(model ?? 'any', { messages, tools: [listTool], script });
  };

  test('is no part of the text, and goes back as it was', async () => {
    const first = await ask('any', { tools: [listTool], script });
    expect(first).toMatchObject({ text: 'Let me look.', carry: { model: 'anthropic/any' } });
    expect((await goOn(({ carry }) => (carry === undefined ? {} : { carry }))).text).toBe('In the garden.');
    // What is kept is plain JSON: a journal gives it back.
    expect((await goOn(({ carry }) => ({ carry: JSON.parse(JSON.stringify(carry)) }))).text).toBe('In the garden.');
  });

  test('that is missing or altered is refused by the provider', async () => {
    await expect(goOn(() => ({}))).rejects.toMatchObject({ code: 'model_bad_request', message: expect.stringContaining('expected thinking') });
    const altered = JSON.stringify((await ask('any', { tools: [listTool], script })).carry).replace('bees', 'wasps');
    await expect(goOn(() => ({ carry: JSON.parse(altered) }))).rejects.toMatchObject({
      code: 'model_bad_request',
      message: expect.stringContaining('signature'),
    });
  });

  test('of another model, or of a shape that is not ours, does not go to this one', async () => {
    await expect(goOn(({ carry }) => ({ carry: { model: 'anthropic/other', data: carry?.data } }))).rejects.toMatchObject({ code: 'model_bad_request' });
    await expect(goOn(() => ({ carry: { model: 'anthropic/any', data: { blocks: 7 } } }))).rejects.toMatchObject({ code: 'model_bad_request' });
  });
});
