import { describe, expect, test } from 'vitest';
import type { ModelMessage, ModelRequest } from '../../../../actors/ports/models.ts';
import { OfflineAdapter } from '../adapter.ts';

type Files = Readonly<Record<string, string>>;

const properties = Object.fromEntries(['path', 'query', 'patch', 'regex', 'ignoreCase', 'from', 'to', 'limit'].map((name) => [name, { type: 'string' }]));
const tools: ModelRequest['tools'] = ['fs.list', 'fs.read', 'fs.search', 'fs.patch'].map((name) => ({
  name,
  description: '',
  parameters: { type: 'object', properties },
}));
/** Lines that one fs.read shows. */
const readLinesMax = 50;

function answer(files: Files, name: string, input: Readonly<Record<string, unknown>>, patchAnswer: Answer): Answer {
  const { path } = input;
  const text = typeof path === 'string' ? files[path] : undefined;
  if (name === 'fs.patch') return patchAnswer;
  if (name === 'fs.search') {
    const pattern = new RegExp(String(input['query']), input['ignoreCase'] === true ? 'i' : '');
    const under = Object.entries(files).filter(([file]) => path === undefined || file === path);
    const hits = under.flatMap(([file, content]) => content.split('\n').flatMap((line, at) => (pattern.test(line) ? [`${file}:${at + 1}: ${line}`] : [])));
    return { ok: true, text: hits.join('\n') || '[no line matches]' };
  }
  if (text === undefined) return { ok: false, text: `${String(path)} does not exist` };
  const from = Number(input['from'] ?? 1);
  const lines = text.split('\n');
  const shown = lines.slice(from - 1, from - 1 + readLinesMax).map((line, at) => `${from + at}\t${line}`);
  const next = from + shown.length;
  return {
    ok: true,
    text: [...shown, ...(next <= lines.length ? [`[lines ${from}-${next - 1} of ${lines.length}; read on with from=${next}]`] : [])].join('\n'),
  };
}

interface Answer {
  readonly ok: boolean;
  readonly text: string;
}

interface Options {
  readonly role?: string;
  readonly tools?: ModelRequest['tools'];
  readonly patch?: Answer;
}

/** The calls of a task in their order, and its answer. */
async function run(files: Files, prompt: string, options: Options = {}): Promise<{ calls: readonly string[]; patches: readonly string[]; text: string }> {
  const messages: ModelMessage[] = [
    { role: 'system', text: `You are an agent.\nRole: ${options.role ?? 'single'}` },
    { role: 'user', text: prompt },
  ];
  const calls: string[] = [];
  const patches: string[] = [];
  for (let tick = 1; tick <= 10; tick++) {
    const request = { model: 'offline/extractive', messages, tools: options.tools ?? tools, outputTokensMax: 4_000, key: `k:${tick}` };
    const reply = await new OfflineAdapter().call('extractive', request, { signal: new AbortController().signal });
    if (reply.toolCalls.length === 0) return { calls, patches, text: reply.text };
    messages.push({ role: 'assistant', text: reply.text, toolCalls: reply.toolCalls });
    for (const { id, name, input } of reply.toolCalls) {
      const given = input as Readonly<Record<string, unknown>>;
      calls.push(name);
      if (name === 'fs.patch') patches.push(String(given['patch']));
      messages.push({ role: 'tool', id, name, ...answer(files, name, given, options.patch ?? { ok: true, text: 'patched' }) });
    }
  }
  throw new Error('no answer in 10 rounds');
}

const files: Files = {
  'src/a.ts': '// TODO: rename to priceOf\nexport function calc() {}\n// TODO: cache it\nexport const x = 1;',
  'src/b.ts': "import { calc } from './a.ts';\ncalc();",
  'src/long.ts': [...Array.from({ length: 120 }, (_, at) => `line(${at});`), '// TODO: use const', 'let last = 1;'].join('\n'),
};

describe('settling TODOs', () => {
  test('finds, reads to the end, looks where a name is used, patches once', async () => {
    const { calls, patches, text } = await run(files, 'Settle the TODOs');
    expect(calls.filter((name) => name === 'fs.patch')).toHaveLength(1);
    expect(patches[0]).toContain("-import { calc } from './a.ts';\n+import { priceOf } from './a.ts';\n-calc();\n+priceOf();");
    expect(patches[0]).toContain('-// TODO: use const\n-let last = 1;\n+const last = 1;');
    expect(text).toContain('Settled 2 of 3 TODOs');
    expect(text).toContain('### Done (2)\n\n1. `src/a.ts:1` — // TODO: rename to priceOf\n   Change: rename `calc` to `priceOf` in 3 lines of 2 files.');
    expect(text).toContain('### Left alone (1)\n\n- `src/a.ts:3` — // TODO: cache it\n  Why: its text names no change that can be made without judgement.');
  });

  test('a part keeps to its own files', async () => {
    const { patches, text } = await run(files, 'Settle the TODOs\n\n## files\nsrc/a.ts', { role: 'map' });
    expect(patches).toEqual([]);
    expect(text).toContain('Why: calc is used in src/b.ts too, which belongs to another part of the goal.');
  });

  test('a plan changes nothing; the stage after it carries out what it lists, and repeats what it left alone', async () => {
    const note = (stage: number, name: string) => `\n\nThis is stage ${stage} of 3 (${name}) of a pipeline for this goal: Settle the TODOs`;
    const found = '- `src/a.ts:1` — // TODO: rename to priceOf\n- `src/a.ts:3` — // TODO: cache it';
    const plan = await run(files, `Plan which can be settled.${note(2, 'plan')}\n\nYour material is the result of stage 1.\n\n## result of read\n${found}`, {
      role: 'stage',
    });
    expect(plan.patches).toEqual([]);
    expect(plan.text).toMatch(/^# Settle the TODOs\n\n1 of 2 TODOs says exactly what to do[\s\S]*### To do \(1\)[\s\S]*### Left alone \(1\)/);
    const patch = await run(files, `Carry out the plan.${note(3, 'patch')}\n\nYour material is the result of stage 2.\n\n## result of plan\n${plan.text}`, {
      role: 'stage',
    });
    expect(patch.patches).toHaveLength(1);
    expect(patch.text).toMatch(/Settled 1 of 2 TODOs[\s\S]*### Done \(1\)[\s\S]*### Left alone \(1\)\n\n- `src\/a\.ts:3`/);
  });

  test('a patch that did not fit, and a missing tool, are said', async () => {
    expect((await run(files, 'Settle the TODOs', { patch: { ok: false, text: 'The patch does not apply' } })).text).toContain(
      '2 of 3 TODOs could be settled, but nothing was changed: The patch does not apply',
    );
    const { text } = await run(files, 'Settle the TODOs', { tools: tools.filter(({ name }) => name !== 'fs.patch') });
    expect(text).toContain('there is no tool fs.patch here: nothing was changed');
  });

  test('reports of several agents are one', async () => {
    const parts = [
      '### Done (1)\n\n1. `a.ts:1` — x\n   Change: y.\n\nNote: cut.\n',
      '### Done (1)\n\n1. `b.ts:2` — x\n\n### Left alone (1)\n\n- `b.ts:9` — z\n  Why: w.\n',
    ];
    const { text } = await run({}, `Settle the TODOs${parts.map((part, at) => `\n\n## t${at}\n${part}`).join('')}`, { role: 'reduce', tools: [] });
    expect(text).toContain('settled 2 of 3 TODOs');
    expect(text).toContain('### Done (2)\n\n1. `a.ts:1` — x\n   Change: y.\n2. `b.ts:2` — x\n\n### Left alone (1)\n\n- `b.ts:9` — z\n  Why: w.\n\nNote: cut.');
  });

  test.each(['Find every TODO and FIXME and say which matter most', 'Which TODOs should we settle first?', 'Settle the argument about caches'])(
    'a goal that asks for something else changes nothing: %s',
    async (goal) => {
      const { calls, text } = await run(files, goal);
      expect(calls).not.toContain('fs.patch');
      expect(text).not.toContain('### Done');
    },
  );
});
