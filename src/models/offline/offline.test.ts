import { describe, expect, test } from 'vitest';
import type { ModelMessage, ModelReply, ModelRequest } from '../../../actors/ports/models.ts';
import { OfflineAdapter } from './adapter.ts';
import { findingsIn } from './citations.ts';
import { signature } from './report.ts';
import { tokensOf } from './token-count.ts';

type Files = Readonly<Record<string, string>>;

const object = (properties: object, required: string[] = []) => ({ type: 'object', properties, required });
const text = { type: 'string' };
const integer = { type: 'integer' };
const boolean = { type: 'boolean' };
const tools: ModelRequest['tools'] = [
  { name: 'fs.list', description: 'Lists a folder.', parameters: object({ path: text }) },
  { name: 'fs.read', description: 'Reads lines.', parameters: object({ path: text, from: integer, to: integer }, ['path']) },
  {
    name: 'fs.search',
    description: 'Searches.',
    parameters: object({ query: text, regex: boolean, ignoreCase: boolean, path: text, limit: integer }, ['query']),
  },
];

const searchLinesMax = 40;

/** The tool protocol over files in memory. */
function runTool(files: Files, name: string, input: Record<string, unknown>): { ok: boolean; text: string } {
  const path = typeof input['path'] === 'string' ? input['path'] : '.';
  const under = Object.entries(files).filter(([file]) => path === '.' || file === path || file.startsWith(`${path}/`));
  if (name === 'fs.list') {
    const prefix = path === '.' ? '' : `${path}/`;
    const names = under.map(([file]) => file.slice(prefix.length)).map((rest) => (rest.includes('/') ? `${rest.split('/')[0]}/` : rest));
    return { ok: true, text: [...new Set(names)].map((entry) => prefix + entry).join('\n') };
  }
  if (name === 'fs.search') {
    if (path !== '.' && under.length === 0) return { ok: false, text: `${path} does not exist.` };
    const query = String(input['query']);
    const ignoreCase = input['ignoreCase'] === true;
    const fold = (value: string): string => (ignoreCase ? value.toLowerCase() : value);
    const pattern = new RegExp(query, ignoreCase ? 'i' : '');
    const matches = (line: string): boolean => (input['regex'] === true ? pattern.test(line) : fold(line).includes(fold(query)));
    const hits = under.flatMap(([file, content]) => content.split('\n').flatMap((line, index) => (matches(line) ? [`${file}:${index + 1}: ${line}`] : [])));
    return {
      ok: true,
      text: hits.length > searchLinesMax ? [...hits.slice(0, searchLinesMax), `[${hits.length - searchLinesMax} more lines]`].join('\n') : hits.join('\n'),
    };
  }
  const content = files[path];
  if (content === undefined) return { ok: false, text: `${path} does not exist.` };
  const from = Number(input['from'] ?? 1);
  const lines = content.split('\n').slice(from - 1, Number(input['to'] ?? 2_000));
  return { ok: true, text: lines.map((line, index) => `${from + index}\t${line}`).join('\n') };
}

interface Run {
  readonly replies: readonly ModelReply[];
  readonly answer: string;
  readonly messages: readonly ModelMessage[];
}

async function run(
  files: Files,
  prompt: string,
  options: { role?: string; tools?: ModelRequest['tools']; outputTokensMax?: number; search?: string } = {},
): Promise<Run> {
  const model = new OfflineAdapter();
  const messages: ModelMessage[] = [
    { role: 'system', text: `You are an agent.\nRole: ${options.role ?? 'single'}\nBe brief.` },
    { role: 'user', text: prompt },
  ];
  const replies: ModelReply[] = [];
  for (let tick = 1; tick <= 10; tick++) {
    const reply = await model.call(
      'extractive',
      { model: 'offline/extractive', messages, tools: options.tools ?? tools, outputTokensMax: options.outputTokensMax ?? 4_000, key: `k:${tick}` },
      { signal: new AbortController().signal },
    );
    replies.push(reply);
    if (reply.toolCalls.length === 0) return { replies, answer: reply.text, messages };
    messages.push({ role: 'assistant', text: reply.text, toolCalls: reply.toolCalls });
    for (const call of reply.toolCalls)
      messages.push({
        role: 'tool',
        id: call.id,
        name: call.name,
        ...(call.name === 'fs.search' && options.search !== undefined
          ? { ok: true, text: options.search }
          : runTool(files, call.name, call.input as Record<string, unknown>)),
      });
  }
  throw new Error('no answer within 10 ticks');
}

/** Every citation names a line of a file, and quotes it. */
function expectTrue(answer: string, files: Files): void {
  const findings = findingsIn(answer);
  for (const { path, line, text: quote, more } of findings.flatMap((finding) => [finding, ...finding.more.map((hit) => ({ ...hit, more: [] }))])) {
    expect(files[path]?.split('\n')[line - 1], `${path}:${line}`).toContain(quote.replace(/ …$/, ''));
    expect(more.every((hit) => hit.path === path)).toBe(true);
  }
}

const service: Files = {
  'README.md': '# Orders\n\nA small service that takes orders. TODOs are in the code.\n',
  'src/payment.ts': [
    'export function charge(order: Order) {',
    '  // TODO: retry when the gateway is down, a crash here blocks the queue',
    '  // until somebody restarts the service.',
    '  return gateway.charge(order);',
    '}',
    '// FIXME: a second click is charged twice',
  ].join('\n'),
  'src/login.ts': ['// TODO rename this file', 'const todoList = [];', 'if (user.password === given) { // TODO compare in constant time', '}'].join('\n'),
  'src/store.ts': ['/* HACK: works around the cache */', 'export const store = new Map();', '', '', '# TODO(ann): typo in the docs'].join('\n'),
};
const goal = 'Find every TODO and FIXME and say which matter most';

describe('a goal about files', () => {
  test('searches in parallel, reads around the hits, answers with true citations in three rounds', async () => {
    const { replies, answer } = await run(service, goal);
    expect(replies.map((reply) => reply.toolCalls.map((call) => call.name))).toEqual([['fs.search', 'fs.search'], expect.arrayContaining(['fs.read']), []]);
    expect(replies.map((reply) => reply.finish)).toEqual(['tool-calls', 'tool-calls', 'stop']);
    expectTrue(answer, service);
    expect(findingsIn(answer).map(({ path, line }) => `${path}:${line}`)).toEqual([
      'src/payment.ts:6',
      'src/login.ts:3',
      'src/payment.ts:2',
      'src/login.ts:1',
      'src/store.ts:5',
    ]);
    expect(answer).toContain('### Most important (2)');
    expect(answer).toContain('Why: FIXME; data loss ("charged twice")');
    expect(answer).toContain('`src/payment.ts:3` — // until somebody restarts the service.');
    expect(answer.endsWith(signature)).toBe(true);
    expect(answer).not.toMatch(/\n\n## /);
  });

  test('the same request gives the same reply', async () => {
    expect((await run(service, goal)).messages).toEqual((await run(service, goal)).messages);
    expect((await run(service, goal)).replies).toEqual((await run(service, goal)).replies);
  });

  test('usage counts words, the cost is 0', async () => {
    const { replies, messages } = await run(service, goal);
    const first = replies[0];
    const given = tokensOf(messages[0]?.text ?? '') + tokensOf(messages[1]?.text ?? '');
    expect(first?.usage?.input).toBe(given);
    expect(replies.every((reply) => reply.costMicroUsd === 0 && (reply.usage?.output ?? 0) > 0)).toBe(true);
  });

  test('a task with files of its own looks at these only', async () => {
    const { replies, answer } = await run(service, `${goal}\n\n## files\nsrc/login.ts\nsrc/store.ts\n`, { role: 'map' });
    expect(replies[0]?.toolCalls.map((call) => (call.input as { path?: string }).path)).toEqual(['src/login.ts', 'src/store.ts']);
    expect(new Set(findingsIn(answer).map((finding) => finding.path))).toEqual(new Set(['src/login.ts', 'src/store.ts']));
    expect(answer).toContain('in the 2 files of this task');
  });

  test('many files of its own: no more calls than the bound, still only these', async () => {
    const files = Object.fromEntries(Array.from({ length: 120 }, (_, n) => [`src/d${n % 4}/f${n}.ts`, `// TODO number ${n}`]));
    const own = Object.keys(files).filter((_, n) => n % 3 === 0);
    const { replies, answer } = await run(files, `Find every TODO\n\n## files\n${own.join('\n')}`, { role: 'map' });
    expect(Math.max(...replies.map((reply) => reply.toolCalls.length))).toBeLessThanOrEqual(16);
    expectTrue(answer, files);
    expect(findingsIn(answer).every((finding) => own.includes(finding.path))).toBe(true);
    expect(findingsIn(answer).length).toBe(40);
  });

  test('a search that was cut is said', async () => {
    const files = { 'a.ts': Array.from({ length: 100 }, (_, n) => `// TODO number ${n}`).join('\n') };
    expect((await run(files, 'List the TODOs')).answer).toContain('Note: the search for "TODO" was cut: 60 more lines.');
  });

  test('a file that a search passed over is said', async () => {
    const huge = '[1 files above 4194304 bytes passed over, such as long.txt]';
    const { answer } = await run({ 'long.txt': '' }, 'List the TODOs', { search: huge });
    expect(answer).toContain(`Note: the search for "TODO" was cut: ${huge.slice(1, -1)}.`);
    expect((await run({ 'a.ts': '' }, 'List the TODOs', { search: '[no line matches in 1 files]' })).answer).not.toContain('Note:');
  });

  test('a goal of words: the lines that hold most of them', async () => {
    const files = { 'a.py': 'def retry(request):\n    pass\n\nretry_backoff = 3  # seconds between retries of a request\n', 'b.py': 'x = 1\n' };
    const { answer } = await run(files, 'Where is the backoff between retries configured?');
    expectTrue(answer, files);
    expect(findingsIn(answer)[0]).toMatchObject({ path: 'a.py', line: 4 });
  });

  test('nothing to search for: lists, then quotes how the files begin', async () => {
    const { replies, answer } = await run(service, 'Summarise this project');
    expect(replies.map((reply) => reply.toolCalls[0]?.name)).toEqual(['fs.list', 'fs.read', 'fs.read', undefined]);
    expect(answer).toContain('`README.md:3` — A small service that takes orders.');
    expectTrue(answer, service);
  });

  test('nothing found at all, an empty workspace, a failing tool: still an answer', async () => {
    expect((await run({ 'src/deep/a.ts': 'const x = 1;' }, goal)).answer).toContain('no line holds it');
    expect((await run({}, goal)).answer).toContain('no line holds it.');
    expect((await run({}, 'What is this?')).answer).toContain('The goal names nothing to search for.');
    const { answer } = await run(service, `${goal}\n\n## files\nsrc/gone.ts`);
    expect(answer).toContain('Note: fs.search in src/gone.ts failed: src/gone.ts does not exist.');
  });

  test('the output cap holds, and what is left out is counted', async () => {
    const files = { 'a.ts': Array.from({ length: 38 }, (_, n) => `// TODO number ${n} of a very long list of things`).join('\n') };
    const { replies, answer } = await run(files, 'List the TODOs', { outputTokensMax: 300 });
    expect(replies.at(-1)?.usage?.output).toBeLessThanOrEqual(300);
    expect(replies.at(-1)?.finish).toBe('stop');
    const shown = findingsIn(answer).length;
    expect(shown).toBeGreaterThan(2);
    expect(answer).toContain(`… and ${38 - shown} more, left out for length.`);
    expect(answer.endsWith(signature)).toBe(true);
    const tiny = await run(files, 'List the TODOs', { outputTokensMax: 12 });
    expect(tiny.replies.at(-1)).toMatchObject({ finish: 'length' });
    expect(tiny.replies.at(-1)?.usage?.output).toBeLessThanOrEqual(12);
  });

  test('no tools on the last round: answers from what is known', async () => {
    const first = await run(service, goal);
    const messages = first.messages.slice(0, 5);
    const reply = await new OfflineAdapter().call(
      'extractive',
      { model: 'offline/extractive', messages, tools: [], outputTokensMax: 4_000, key: 'k' },
      { signal: new AbortController().signal },
    );
    expect(findingsIn(reply.text).length).toBe(5);
  });
});

describe('a reduce', () => {
  const report = async (files: string) => (await run(service, `${goal}\n\n## files\n${files}`, { role: 'map' })).answer;

  test('merges partial reports: each place once, ranked anew, citations kept', async () => {
    const parts = [await report('src/payment.ts'), await report('src/login.ts\nsrc/store.ts'), await report('src/payment.ts\nREADME.md')];
    const prompt = `${goal}${parts.map((part, n) => `\n\n## t${n}\n${part}`).join('')}`;
    const { replies, answer } = await run(service, prompt, { role: 'reduce' });
    expect(replies.length).toBe(1);
    expect(answer).toContain('Merged from 3 partial reports: 5 matching lines in 3 files.');
    expectTrue(answer, service);
    // One agent on everything and a tree of agents come to the same ranking.
    const tail = (whole: string) => whole.slice(whole.indexOf('### Most'));
    expect(tail(answer)).toBe(tail((await run(service, goal)).answer));
  });

  test('takes places from reports that other models wrote, and keeps notes', async () => {
    const prompt = `${goal}\n\n## t0\nI found these:\n- src/a.ts:12: FIXME leaks memory\n* **src/b.ts:3** - TODO tidy up\n\n## t1\nNote: the search was cut.\nNothing here.`;
    const { answer } = await run({}, prompt, { role: 'reduce', tools: [] });
    expect(answer).toContain('1. `src/a.ts:12` — FIXME leaks memory');
    expect(answer).toMatch(/`src\/b\.ts:3` — .*TODO tidy up/);
    expect(answer).toContain('Note: the search was cut.');
    expect(answer).toContain('1 of them cites no line.');
  });

  test('partial results without places are quoted', async () => {
    const { answer } = await run({}, 'What do the bees do?\n\n## t0\nThe bees hum all day. Nobody minds.\n\n## t1\nMost bees sleep at night.', {
      role: 'reduce',
      tools: [],
    });
    expect(answer).toContain('`t0:1` — The bees hum all day.');
    expect(answer).toContain('`t1:1` — Most bees sleep at night.');
    expect(answer).not.toContain('Nobody minds');
  });
});

describe('a goal about text', () => {
  test('the sentences that answer it, with their lines', async () => {
    const prompt = 'How many bees live in the hive?\n\n## notes\nThe garden is green.\nThe hive is home to 40,000 bees. They like clover. Winter is long.';
    const { answer } = await run({}, prompt, { tools: [] });
    expect(answer).toContain('- `notes:2` — The hive is home to 40,000 bees.');
    expect(answer).not.toContain('clover');
  });

  test('an empty task says so', async () => {
    expect((await run({}, 'What is love?', { tools: [] })).answer).toContain('nothing to quote');
  });
});

test('a split is a JSON list', async () => {
  expect(JSON.parse((await run({}, `${goal}\n\n## files\na.ts\nb.ts`, { role: 'split' })).answer)).toEqual(['a.ts', 'b.ts']);
  expect(JSON.parse((await run({}, 'Do this:\n- one\n- two', { role: 'split' })).answer)).toEqual(['one', 'two']);
  expect(JSON.parse((await run({}, goal, { role: 'split' })).answer)).toEqual([goal]);
});

test('streams its text, and stops when it is aborted', async () => {
  const own = new AbortController();
  const deltas: string[] = [];
  const request: ModelRequest = {
    model: 'offline/extractive',
    messages: [{ role: 'user', text: 'Bees?\n\n## a\nBees hum.' }],
    tools: [],
    outputTokensMax: 500,
    key: 'k',
  };
  const reply = await new OfflineAdapter().call('extractive', request, { signal: own.signal, onDelta: (delta) => deltas.push(delta) });
  expect(deltas.length).toBeGreaterThan(2);
  expect(deltas.join('')).toBe(reply.text);
  await expect(new OfflineAdapter().call('extractive', request, { signal: own.signal, onDelta: () => own.abort() })).rejects.toMatchObject({ code: 'aborted' });
});
