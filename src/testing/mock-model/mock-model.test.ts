import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type MockModel, type MockModelOptions, startMockModel } from './index.ts';

const open: MockModel[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function start(options: MockModelOptions = {}): Promise<MockModel> {
  const server = await startMockModel(options);
  open.push(server);
  return server;
}

interface Turn {
  readonly role: string;
  readonly content: string | null;
  readonly tool_calls?: readonly { readonly id: string; readonly type: 'function'; readonly function: { readonly name: string; readonly arguments: string } }[];
}

const completion = z.object({
  choices: z.array(
    z.object({
      finish_reason: z.string(),
      message: z.object({
        role: z.string(),
        content: z.string().nullable(),
        tool_calls: z
          .array(z.object({ id: z.string(), type: z.literal('function'), function: z.object({ name: z.string(), arguments: z.string() }) }))
          .optional(),
      }),
    }),
  ),
  usage: z.object({ prompt_tokens: z.number(), completion_tokens: z.number() }),
});

async function chat(url: string, model: string, messages: readonly Turn[] = [{ role: 'user', content: 'hello' }], headers: Record<string, string> = {}) {
  const response = await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body: JSON.stringify({ model, messages }) });
  const body = completion.parse(await response.json());
  const choice = body.choices[0];
  if (choice === undefined) throw new Error('no choice');
  return { ...choice.message, finish: choice.finish_reason, usage: body.usage };
}

describe('the mock model', () => {
  test('echoes, lists its models, and keeps a journal that another process can read', async () => {
    const server = await start({ models: ['one'] });
    expect((await chat(server.url, 'anything', undefined, { 'x-flockwork-key': 's:1' })).content).toBe('hello');
    expect(await (await fetch(`${server.url}/v1/models`)).json()).toMatchObject({ data: [{ id: 'one' }] });
    await expect.poll(() => server.calls[0]?.end).toBeDefined();
    const journal = await (await fetch(`${server.url}/__calls`)).json();
    expect(journal).toMatchObject({ dropped: 0, calls: [{ id: 1, model: 'anything', key: 's:1', status: 200, answered: true, clientLeft: false }] });
  });

  test('steps-N makes N rounds of tool calls, then answers', async () => {
    const server = await start({ steps: { tool: 'fs.read', input: { path: 'f{{step}}-{{call}}.ts' }, text: 'all read' } });
    const messages: Turn[] = [{ role: 'user', content: 'go' }];
    const asked: string[] = [];
    for (;;) {
      const reply = await chat(server.url, 'steps-2-x2', messages);
      if (reply.tool_calls === undefined) {
        expect(reply).toMatchObject({ content: 'all read', finish: 'stop' });
        break;
      }
      expect(reply.finish).toBe('tool_calls');
      messages.push({ role: 'assistant', content: null, tool_calls: reply.tool_calls });
      for (const call of reply.tool_calls) {
        asked.push(`${call.function.name} ${call.function.arguments}`);
        messages.push({ role: 'tool', content: 'text' });
      }
    }
    expect(asked).toEqual(['fs_read {"path":"f1-1.ts"}', 'fs_read {"path":"f1-2.ts"}', 'fs_read {"path":"f2-1.ts"}', 'fs_read {"path":"f2-2.ts"}']);
  });

  test('lists its models as both wires read them', async () => {
    const server = await start({ models: ['one', 'two'] });
    expect(await (await fetch(`${server.url}/v1/models`)).json()).toMatchObject({
      object: 'list',
      data: [{ id: 'one', object: 'model', type: 'model' }, { id: 'two' }],
      has_more: false,
      first_id: 'one',
      last_id: 'two',
    });
  });

  test('rules of a JSON file: by text, role and number of results, so many times', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mock-model-'));
    const script = join(folder, 'script.json');
    const rules = [
      { when: { user: 'hel+o', toolResults: 1 }, reply: { text: 'one result: {{results}}' } },
      { when: { role: 'map' }, reply: { text: 'mapped {{user}}', usage: { prompt: 7, completion: 3 } } },
      { when: { model: '^flaky' }, times: 1, reply: { scene: 'http503' } },
    ];
    await writeFile(script, JSON.stringify(rules));
    const server = await start({ script });
    await rm(folder, { recursive: true });
    expect(
      (
        await chat(server.url, 'm', [
          { role: 'user', content: 'HELLO' },
          { role: 'tool', content: 'r' },
        ])
      ).content,
    ).toBe('one result: r');
    const mapped = await chat(server.url, 'm', [
      { role: 'system', content: 'x\nRole: map' },
      { role: 'user', content: 'u' },
    ]);
    expect(mapped).toMatchObject({ content: 'mapped u', usage: { prompt_tokens: 7, completion_tokens: 3 } });
    await expect(chat(server.url, 'flaky')).rejects.toThrow('choices');
    expect((await chat(server.url, 'flaky')).content).toBe('hello');
  });

  test('the journal is bounded and says what it dropped', async () => {
    const server = await start({ callsMax: 2 });
    for (let n = 0; n < 3; n++) await chat(server.url, 'echo');
    expect(await (await fetch(`${server.url}/__calls`)).json()).toMatchObject({ dropped: 1, calls: [{ id: 2 }, { id: 3 }] });
  });

  test('a latency is waited, from the name and from the options', async () => {
    const server = await start({ latencyMs: 30 });
    await chat(server.url, 'echo-l40');
    await expect.poll(() => server.calls[0]?.end).toBeDefined();
    const call = server.calls[0];
    expect((call?.end ?? 0) - (call?.start ?? 0)).toBeGreaterThanOrEqual(65);
  });

  test('bad requests, bad scripts and open addresses are refused', async () => {
    const server = await start();
    expect((await fetch(`${server.url}/v1/chat/completions`, { method: 'POST', body: '{' })).status).toBe(400);
    expect((await fetch(`${server.url}/v1/else`)).status).toBe(404);
    await expect(start({ host: '0.0.0.0' })).rejects.toMatchObject({ code: 'bind_refused' });
    await expect(start({ port: Number(new URL(server.url).port) })).rejects.toMatchObject({ code: 'port_in_use' });
    await expect(start({ script: '/nowhere/script.json' })).rejects.toMatchObject({ code: 'input_missing' });
    await expect(start({ script: [{ when: { user: '(' }, reply: {} }] })).rejects.toMatchObject({ code: 'config_invalid' });
  });

  test('runs as a process of its own and ends with its parent', async () => {
    const main = fileURLToPath(new URL('main.ts', import.meta.url));
    const child: ChildProcess = spawn(process.execPath, [main, '--stdin', '--models', 'm1'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    if (child.stdout === null) throw new Error('no stdout');
    const [line] = await new Promise<string[]>((resolve) => {
      const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
      lines.once('line', (first) => resolve([first]));
    });
    const { url, pid } = z.object({ url: z.string(), baseUrl: z.string(), pid: z.number() }).parse(JSON.parse(line ?? ''));
    expect(pid).toBe(child.pid);
    expect((await chat(url, 'm1')).content).toBe('hello');
    child.stdin?.end();
    expect(await ended).toBe(0);
  });
});

describe('the Anthropic wire', () => {
  const question = { role: 'user', content: 'hello' };
  const toolUse = { role: 'assistant', content: [{ type: 'tool_use', id: 't1', name: 'fs_list', input: {} }] };
  const toolResult = { type: 'tool_result', tool_use_id: 't1', content: 'a.txt' };

  async function say(url: string, body: object, headers: Record<string, string> = { 'anthropic-version': '2023-06-01' }) {
    const response = await fetch(`${url}/v1/messages`, { method: 'POST', headers, body: JSON.stringify({ model: 'echo', max_tokens: 10, ...body }) });
    return { status: response.status, body: await response.text() };
  }

  test('answers in one piece, by the same rules', async () => {
    const reply = { text: 'see {{results}}', toolCalls: [{ name: 'fs.read' }], usage: { prompt: 9, cached: 4, written: 3, completion: 2, reasoning: 1 } };
    const server = await start({ script: [{ when: { role: 'map', toolResults: 1 }, reply }] });
    const messages = [question, toolUse, { role: 'user', content: [toolResult] }];
    const { status, body } = await say(server.url, { system: 'Role: map', messages });
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({
      type: 'message',
      role: 'assistant',
      model: 'echo',
      stop_reason: 'tool_use',
      content: [
        { type: 'text', text: 'see a.txt' },
        { type: 'tool_use', name: 'fs_read', input: {} },
      ],
      usage: { input_tokens: 2, cache_read_input_tokens: 4, cache_creation_input_tokens: 3, output_tokens: 2, output_tokens_details: { thinking_tokens: 1 } },
    });
  });

  test('streams the events in their order', async () => {
    const server = await start({ script: [{ reply: { text: 'one two', pings: 1, toolCalls: [{ name: 'fs.list' }] } }] });
    const { body } = await say(server.url, { messages: [question], stream: true });
    expect([...body.matchAll(/^event: (\w+)$/gm)].map(([, name]) => name)).toEqual([
      'message_start',
      'ping',
      'content_block_start',
      'content_block_delta',
      'content_block_stop',
      'content_block_start',
      'content_block_delta',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
  });

  test('a failure has the type that its status has, and a finer code in its details', async () => {
    const server = await start();
    expect(JSON.parse((await say(server.url, { model: 'http529', messages: [question] })).body)).toMatchObject({ error: { type: 'overloaded_error' } });
    const limited = await say(server.url, { model: 'http429-ramp_limit_exceeded', messages: [question] });
    expect(JSON.parse(limited.body)).toMatchObject({ type: 'error', error: { type: 'rate_limit_error', details: { error_code: 'ramp_limit_exceeded' } } });
  });

  test.each([
    ['roles must alternate', [question, question]],
    ['first message must use the "user" role', [{ role: 'assistant', content: 'hi' }]],
    ['non-whitespace', [{ role: 'user', content: ' ' }]],
    ['non-empty content', [{ role: 'user', content: [] }]],
    ['without a tool_use', [{ role: 'user', content: [toolResult] }]],
    ['without a tool_result', [question, toolUse, question]],
    ['must come first', [question, toolUse, { role: 'user', content: [{ type: 'text', text: 'x' }, toolResult] }]],
    ['is_error', [question, toolUse, { role: 'user', content: [{ ...toolResult, content: '', is_error: true }] }]],
    ['messages.0.role', [{ role: 'system', content: 'x' }]],
  ])('refuses what the provider refuses: %s', async (fault, messages) => {
    const server = await start();
    const { status, body } = await say(server.url, { messages });
    expect(status).toBe(400);
    expect(JSON.parse(body).error).toMatchObject({ type: 'invalid_request_error', message: expect.stringContaining(fault) });
  });

  test('refuses a call without its version header, and fields that it does not know', async () => {
    const server = await start();
    expect((await say(server.url, { messages: [question] }, {})).body).toContain('anthropic-version');
    expect((await say(server.url, { messages: [question], frequency: 1 })).status).toBe(400);
    expect(server.calls).toEqual([]);
  });
});
