/** The yardstick: a think-act loop in fifty lines on fetch, with the same streaming calls and nothing else. */

interface WireCall {
  readonly id: string;
  name: string;
  json: string;
}

interface WireChunk {
  readonly choices?: readonly {
    readonly delta?: {
      readonly content?: string | null;
      readonly tool_calls?: readonly {
        readonly index: number;
        readonly id?: string;
        readonly function?: { readonly name?: string; readonly arguments?: string };
      }[];
    };
  }[];
}

export interface BareTask {
  readonly baseUrl: string;
  readonly model: string;
  readonly system: string;
  readonly prompt: string;
  /** As the wire has them. */
  readonly tools: readonly unknown[];
  readonly run: (input: unknown) => Promise<string>;
}

async function call(url: string, body: unknown): Promise<{ text: string; calls: WireCall[] }> {
  const headers = { 'content-type': 'application/json', authorization: 'Bearer none' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok || response.body === null) throw new Error(`the model server answered ${response.status}`);
  const decoder = new TextDecoder();
  const calls: WireCall[] = [];
  let text = '';
  let rest = '';
  for await (const bytes of response.body) {
    const events = (rest + decoder.decode(bytes, { stream: true })).split('\n\n');
    rest = events.pop() ?? '';
    for (const event of events) {
      if (!event.startsWith('data: ') || event === 'data: [DONE]') continue;
      const delta = (JSON.parse(event.slice(6)) as WireChunk).choices?.[0]?.delta;
      text += delta?.content ?? '';
      for (const { index, id = '', function: named } of delta?.tool_calls ?? []) {
        calls[index] ??= { id, name: '', json: '' };
        const open = calls[index];
        open.name += named?.name ?? '';
        open.json += named?.arguments ?? '';
      }
    }
  }
  return { text, calls };
}

/** Calls the model until it answers; tools of one round run together. */
export async function bareLoop({ baseUrl, model, system, prompt, tools, run }: BareTask): Promise<string> {
  const messages: unknown[] = [
    { role: 'system', content: system },
    { role: 'user', content: prompt },
  ];
  for (;;) {
    const { text, calls } = await call(`${baseUrl}/chat/completions`, {
      model,
      messages,
      tools,
      max_tokens: 4_096,
      stream: true,
      stream_options: { include_usage: true },
    });
    if (calls.length === 0) return text;
    messages.push({
      role: 'assistant',
      content: text,
      tool_calls: calls.map(({ id, name, json }) => ({ id, type: 'function', function: { name, arguments: json } })),
    });
    const results = await Promise.all(calls.map(async ({ id, json }) => ({ role: 'tool', tool_call_id: id, content: await run(JSON.parse(json)) })));
    messages.push(...results);
  }
}

/** Works through `count` tasks, `atOnce` at a time. */
export async function bareMany(count: number, atOnce: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) await work(index);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
