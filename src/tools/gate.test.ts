import { createHash } from 'node:crypto';
import { mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { ToolScope } from '../../actors/ports/tools.ts';
import { FlockworkError } from '../../protocols/errors/error.ts';
import { EmbeddedBlobs } from '../bus/embedded/blobs.ts';
import { DurableFiles } from '../bus/embedded/durable-file.ts';
import { createUnconfined } from '../sandboxes/index.ts';
import { createPatcher, createWorkspaces } from '../workspace/index.ts';
import { removeTree } from '../workspace/tree.ts';
import { builtinToolSpecs } from './builtin.ts';
import { defineTool } from './define-tool.ts';
import { createTools, type ToolsOptions } from './gate.ts';

let base = '';
let blobs: EmbeddedBlobs;
let scope: ToolScope;
const everything = [...builtinToolSpecs().map((spec) => spec.name), 'test.tool'];
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'flockwork-tools-'));
  const files = new DurableFiles(join(base, 'tmp'), 'off');
  await files.clear();
  blobs = new EmbeddedBlobs(base, files);
});
// Shared trees are read-only; whoever is not root must open them first.
afterEach(() => removeTree(base));

type Files = Readonly<Record<string, string | Uint8Array>>;

/** A gate over a workspace with these files. `call` answers the text, or throws. */
async function gate(files: Files, options: Partial<ToolsOptions> = {}) {
  const list = Object.entries(files).map(async ([path, content]) => {
    const bytes = Buffer.from(content);
    return { path, sha256: await blobs.put('local', bytes), size: bytes.length };
  });
  scope = { tenant: 'local', root: 'goal-1', task: 't0', attempt: 1, manifest: { files: await Promise.all(list) } };
  const workspaces = createWorkspaces({ folder: join(base, 'workspaces'), blobs });
  const tools = createTools({ workspaces, patcher: createPatcher(), sandbox: createUnconfined(), ...options });
  let calls = 0;
  const run = (name: string, input: unknown, extra: { signal?: AbortSignal; permitted?: readonly string[]; key?: string } = {}) =>
    tools.run(
      { scope, name, input, permitted: extra.permitted ?? everything, key: extra.key ?? `stream:${calls++}` },
      { signal: extra.signal ?? new AbortController().signal },
    );
  const call = async (name: string, input: unknown, key?: string) => (await run(name, input, key === undefined ? {} : { key })).text;
  const tree = async () => (await workspaces.open(scope)).write().then((place) => place.tree);
  return { tools, run, call, tree, workspaces };
}

describe('fs.list', () => {
  const files = { 'a.ts': '', 'src/b.ts': '', 'src/deep/er/c.ts': '', 'src/deep/er/est/d.md': '', 'docs/e.md': '' };

  test('lists paths sorted, folders with a slash, three levels deep unless told', async () => {
    const { call } = await gate(files);
    expect(await call('fs.list', {})).toBe('a.ts\ndocs/\ndocs/e.md\nsrc/\nsrc/b.ts\nsrc/deep/\nsrc/deep/er/');
    expect(await call('fs.list', { path: 'src/deep', depth: 1 })).toBe('src/deep/er/');
    expect(await call('fs.list', { glob: '*.md' })).toBe('docs/e.md\nsrc/deep/er/est/d.md');
    expect(await call('fs.list', { path: 'src', glob: 'deep/**/*.ts' })).toBe('src/deep/er/c.ts');
    expect(await call('fs.list', { path: 'a.ts' })).toBe('a.ts');
    expect(await call('fs.list', { glob: '*.rs' })).toBe('[no file matches *.rs]');
  });

  test('an empty workspace says so', async () => {
    expect(await (await gate({})).call('fs.list', {})).toBe('[the folder is empty]');
  });

  test('what does not fit is counted in a last line', async () => {
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`file-${String(n).padStart(3, '0')}.txt`, '']));
    const { run } = await gate(many, { outputCharsMax: 1_000 });
    const { text, truncated } = await run('fs.list', {});
    const lines = text.split('\n');
    expect(truncated).toBe(true);
    expect(text.length).toBeLessThanOrEqual(1_000);
    expect(lines.at(-1)).toBe(`[${300 - (lines.length - 1)} more entries; list a folder with path, fewer levels with depth, or some files with glob]`);
    expect((await (await gate(many, { walkEntriesMax: 10 })).run('fs.list', {})).text).toContain('[stopped after 10 entries');
  });
});

describe('fs.read', () => {
  test('numbers lines and reads the part asked for', async () => {
    const { call } = await gate({ 'a.txt': 'one\r\ntwo\n\nfour', 'empty.txt': '' });
    expect(await call('fs.read', { path: 'a.txt' })).toBe('1\tone\n2\ttwo\n3\t\n4\tfour');
    expect(await call('fs.read', { path: '/workspace/a.txt', from: 2, to: 2 })).toBe('2\ttwo');
    expect(await call('fs.read', { path: 'a.txt', from: 9 })).toBe('[the file has only 4 lines]');
    expect(await call('fs.read', { path: 'empty.txt' })).toBe('[the file is empty]');
  });

  test('a cut says how to read on, and reading on meets every line once', async () => {
    const { run } = await gate({ 'long.txt': Array.from({ length: 400 }, (_, n) => `line ${n + 1}\n`).join('') }, { outputCharsMax: 1_000 });
    const seen: string[] = [];
    let from: number | undefined = 1;
    while (from !== undefined) {
      const { text, truncated } = await run('fs.read', { path: 'long.txt', from });
      expect(text.length).toBeLessThanOrEqual(1_000);
      const next: RegExpExecArray | null = /\n\[lines \d+-\d+ of 400; read on with from=(\d+)\]$/.exec(text);
      expect(truncated).toBe(next !== null);
      seen.push(...text.split('\n').filter((line) => !line.startsWith('[')));
      from = next === null ? undefined : Number(next[1]);
    }
    expect(seen).toEqual(Array.from({ length: 400 }, (_, n) => `${n + 1}\tline ${n + 1}`));
  });

  test('a long line is cut, a huge file is read up to its bound', async () => {
    const { call } = await gate({ 'wide.txt': 'x'.repeat(3_000), 'huge.txt': 'abcdefghi\n'.repeat(1_000) }, { fileReadBytesMax: 5_005 });
    expect(await call('fs.read', { path: 'wide.txt' })).toBe(`1\t${'x'.repeat(2_000)} […1000 more characters]`);
    const text = await call('fs.read', { path: 'huge.txt', from: 499 });
    expect(text).toBe(
      '499\tabcdefghi\n500\tabcdefghi\n[the first 5005 of 10000 bytes have 500 lines; use fs.search, or system.run with sed, for what comes later]',
    );
  });

  test('binary files, folders and missing files are errors by code', async () => {
    const { call } = await gate({ 'image.bin': Buffer.from([137, 80, 0, 1]), 'src/a.ts': '' });
    await expect(call('fs.read', { path: 'image.bin' })).rejects.toMatchObject({ code: 'file_binary', details: { path: 'image.bin' } });
    await expect(call('fs.read', { path: 'src' })).rejects.toMatchObject({ code: 'tool_failed' });
    await expect(call('fs.read', { path: 'none.txt' })).rejects.toMatchObject({ code: 'tool_failed' });
    await expect(call('fs.read', { path: 'src/a.ts', from: 5, to: 2 })).rejects.toMatchObject({ code: 'tool_input_invalid' });
  });

  test.each(['../up', '/etc/passwd', 'a/../../b', 'leak'])('%s is path_not_allowed', async (path) => {
    const { call, tree } = await gate({ 'a.txt': '' });
    await symlink('/etc/passwd', join(await tree(), 'leak'));
    for (const [name, input] of [
      ['fs.read', { path }],
      ['fs.write', { path, text: 'x' }],
      ['fs.list', { path }],
      ['fs.search', { path, query: 'root' }],
      ['fs.patch', { path, patch: '@@ -0,0 +1 @@\n+x\n' }],
    ] as const) {
      await expect(call(name, input)).rejects.toMatchObject({ code: 'path_not_allowed', details: { path: expect.any(String) } });
    }
  });
});

describe('fs.search', () => {
  const files = {
    'src/b.ts': 'const x = 1;\n// TODO: second\nend\n',
    'src/a.ts': '// TODO: first\nmiddle\n// todo: small\n',
    'image.bin': Buffer.from([0, 84, 79, 68, 79]),
    'notes.md': 'a TODO in notes\n',
  };

  test('answers path:line: text in order, by text or regular expression', async () => {
    const { call } = await gate(files);
    expect(await call('fs.search', { query: 'TODO' })).toBe('notes.md:1: a TODO in notes\nsrc/a.ts:1: // TODO: first\nsrc/b.ts:2: // TODO: second');
    expect(await call('fs.search', { query: 'todo', ignoreCase: true, glob: '*.ts' })).toBe(
      'src/a.ts:1: // TODO: first\nsrc/a.ts:3: // todo: small\nsrc/b.ts:2: // TODO: second',
    );
    expect(await call('fs.search', { query: 'TODO: (first|second)$', regex: true, path: 'src' })).toBe(
      'src/a.ts:1: // TODO: first\nsrc/b.ts:2: // TODO: second',
    );
    expect(await call('fs.search', { query: 'TODO', path: 'src/b.ts' })).toBe('src/b.ts:2: // TODO: second');
    expect(await call('fs.search', { query: '.*', path: 'notes.md' })).toBe('[no line matches in 1 files]');
  });

  test('context lines are told from matches and shown once', async () => {
    const { call } = await gate({ 'a.txt': '1\n2 hit\n3\n4 hit\n5\n6\n7 hit\n' });
    expect(await call('fs.search', { query: 'hit', context: 1 })).toBe(
      'a.txt-1- 1\na.txt:2: 2 hit\na.txt-3- 3\na.txt:4: 4 hit\na.txt-5- 5\na.txt-6- 6\na.txt:7: 7 hit',
    );
  });

  test('the limit and the room are told in a last line', async () => {
    const many = { 'a.txt': 'hit\n'.repeat(500) };
    const { run } = await gate(many);
    const limited = await run('fs.search', { query: 'hit', limit: 3 });
    expect(limited).toEqual({
      text: 'a.txt:1: hit\na.txt:2: hit\na.txt:3: hit\n[more lines match than limit=3; narrow query, path or glob, or raise limit]',
      truncated: true,
    });
    expect((await run('fs.search', { query: 'hit', limit: 500 })).truncated).toBe(false);
    const small = await (await gate(many, { outputCharsMax: 1_000 })).run('fs.search', { query: 'hit', limit: 500 });
    expect(small.text.length).toBeLessThanOrEqual(1_000);
    expect(small.text).toMatch(/\n\[only \d+ matches fit; narrow query, path or glob\]$/);
  });

  test('files above the bound are named, not searched', async () => {
    const { run } = await gate({ 'big.txt': `hit ${'x'.repeat(2_000)}`, 'small.txt': 'hit' }, { searchFileBytesMax: 1_000 });
    expect((await run('fs.search', { query: 'hit' })).text).toBe('small.txt:1: hit\n[1 files above 1000 bytes passed over, such as big.txt]');
  });

  test('a regular expression that would run for ever is stopped; one that is none is refused', async () => {
    const { call } = await gate({ 'a.txt': `${'a'.repeat(60)}b\n` });
    await expect(call('fs.search', { query: '(a+)+$', regex: true })).rejects.toMatchObject({
      code: 'tool_input_invalid',
      message: expect.stringContaining('takes too long'),
    });
    await expect(call('fs.search', { query: '(', regex: true })).rejects.toMatchObject({ code: 'tool_input_invalid' });
    expect(await call('fs.search', { query: '(' })).toBe('[no line matches in 1 files]');
  });

  test('links are neither searched nor followed', async () => {
    const { call, tree } = await gate({ 'a.txt': 'nothing' });
    await symlink('/etc', join(await tree(), 'etc'));
    await symlink('/etc/passwd', join(await tree(), 'passwd'));
    expect(await call('fs.search', { query: 'root:' })).toBe('[no line matches in 1 files]');
    expect(await call('fs.list', {})).toBe('a.txt\netc@\npasswd@');
  });
});

describe('fs.write and fs.patch', () => {
  const patch = '--- a/a.txt\n+++ b/a.txt\n@@ -1,2 +1,2 @@\n one\n-two\n+TWO\n';

  test('writing changes the task only, twice is once, and collect gives it', async () => {
    const { call, tools } = await gate({ 'a.txt': 'one\ntwo\n' });
    expect(await call('fs.write', { path: 'new/b.txt', text: 'b\nc\n' })).toBe('wrote new/b.txt: 2 lines, 4 bytes');
    expect(await call('fs.write', { path: 'new/b.txt', text: 'b\nc\n' })).toBe('new/b.txt has this text already');
    expect(await call('fs.read', { path: 'new/b.txt' })).toBe('1\tb\n2\tc');
    expect(await tools.collect(scope)).toEqual([
      { path: 'new/b.txt', change: 'added', sha256: createHash('sha256').update('b\nc\n').digest('hex'), size: 4, task: 't0' },
    ]);
    await tools.release(scope);
    expect(await tools.collect(scope)).toEqual([]);
  });

  test('a patch applies once; again it is applied already', async () => {
    const { call } = await gate({ 'a.txt': 'one\ntwo\n' });
    expect(await call('fs.patch', { patch })).toBe('patched a.txt (+1 -1)');
    expect(await call('fs.patch', { patch })).toBe('already applied: a.txt');
    expect(await call('fs.read', { path: 'a.txt' })).toBe('1\tone\n2\tTWO');
  });

  test('the same call asked again after a crash does not apply a patch that would fit twice', async () => {
    const append = '--- a/a.txt\n+++ b/a.txt\n@@ -2,1 +2,2 @@\n two\n+more\n';
    const { call, tree } = await gate({ 'a.txt': 'one\ntwo\n' });
    expect(await call('fs.patch', { patch: append }, 'stream:7')).toBe('patched a.txt (+1 -0)');
    expect(await call('fs.patch', { patch: append }, 'stream:7')).toBe('already applied: a.txt');
    expect(await readFile(join(await tree(), 'a.txt'), 'utf8')).toBe('one\ntwo\nmore\n');
    expect(await call('fs.patch', { patch: append }, 'stream:8')).toBe('patched a.txt (+1 -0)');
  });

  test('a patch of several files adds, changes and deletes, or changes nothing', async () => {
    const files = { 'a.txt': 'one\ntwo\n', 'gone.txt': 'bye\n' };
    const several = `${patch}--- a/gone.txt\n+++ /dev/null\n@@ -1 +0,0 @@\n-bye\n--- /dev/null\n+++ b/new/c.txt\n@@ -0,0 +1 @@\n+c\n`;
    const good = await gate(files);
    expect(await good.call('fs.patch', { patch: several })).toBe('patched a.txt (+1 -1)\ndeleted gone.txt (+0 -1)\nadded new/c.txt (+1 -0)');
    expect((await good.tools.collect(scope)).map(({ path, change }) => [path, change])).toEqual([
      ['a.txt', 'modified'],
      ['gone.txt', 'deleted'],
      ['new/c.txt', 'added'],
    ]);
    await good.tools.release(scope);
    const bad = await gate({ ...files, 'gone.txt': 'other\n' });
    await expect(bad.call('fs.patch', { patch: several })).rejects.toMatchObject({
      code: 'patch_conflict',
      details: { files: [expect.stringContaining('gone.txt')] },
    });
    expect(await bad.tools.collect(scope)).toEqual([]);
  });

  test('with path the headers may be missing; binary and missing files are refused by code', async () => {
    const { call } = await gate({ 'a.txt': 'one\ntwo\n', 'image.bin': Buffer.from([0, 1]), 'latin.txt': Buffer.from([0xe9, 0x0a]) });
    expect(await call('fs.patch', { path: 'a.txt', patch: '@@ -2 +2 @@\n-two\n+2\n' })).toBe('patched a.txt (+1 -1)');
    await expect(call('fs.patch', { patch: '@@ -1 +1 @@\n-a\n+b\n' })).rejects.toMatchObject({ code: 'tool_input_invalid' });
    for (const path of ['image.bin', 'latin.txt'])
      await expect(call('fs.patch', { path, patch: '@@ -1 +1 @@\n-a\n+b\n' })).rejects.toMatchObject({ code: 'file_binary' });
    await expect(call('fs.patch', { path: 'none.txt', patch: '@@ -1 +1 @@\n-a\n+b\n' })).rejects.toMatchObject({ code: 'patch_conflict' });
    await expect(call('fs.patch', { patch: '--- a/../x\n+++ b/../x\n@@ -1 +1 @@\n-a\n+b\n' })).rejects.toMatchObject({ code: 'path_not_allowed' });
  });
});

describe('system.run', () => {
  test('gives exit code and output, and its changes are collected', async () => {
    const { call, tools } = await gate({ 'a.txt': 'one\n' });
    expect(await call('system.run', { command: 'cat a.txt; echo two >> a.txt; echo no >&2; exit 3' })).toBe('exit code 3\none\nno');
    expect(await tools.collect(scope)).toMatchObject([{ path: 'a.txt', change: 'modified' }]);
  });

  test('long output keeps its beginning and its end and says so', async () => {
    const { run } = await gate({});
    const { text, truncated } = await run('system.run', { command: 'i=0; while [ $i -lt 5000 ]; do echo line $i; i=$((i+1)); done' });
    expect(truncated).toBe(true);
    expect(text.length).toBeLessThanOrEqual(10_000);
    expect(text).toMatch(/^exit code 0\nline 0\n/);
    expect(text).toMatch(/line 4999\n\[cut: 10000 of \d+ characters are shown; [^\n]+\]$/);
  });

  test('a flood, a timeout and an abort end it, each by its name', async () => {
    const { run } = await gate({}, { commandOutputBytesMax: 50_000 });
    expect((await run('system.run', { command: 'yes flood' })).text).toMatch(/^ended: it printed more than 50000 bytes\nflood\n/);
    await expect(run('system.run', { command: 'echo so far; sleep 60', timeoutMs: 300 })).rejects.toMatchObject({
      code: 'tool_timeout',
      message: expect.stringContaining('so far'),
    });
    const controller = new AbortController();
    const running = run('system.run', { command: 'echo x > begun; sleep 60' }, { signal: controller.signal });
    setTimeout(() => controller.abort(), 100);
    await expect(running).rejects.toMatchObject({ code: 'aborted' });
  });

  test('without a sandbox it fails closed', async () => {
    const { workspaces } = await gate({});
    const tools = createTools({ workspaces, patcher: createPatcher() });
    const call = { scope, name: 'system.run', input: { command: 'true' }, permitted: everything, key: 'k' };
    await expect(tools.run(call, { signal: new AbortController().signal })).rejects.toMatchObject({ code: 'sandbox_unavailable' });
  });
});

describe('the gate', () => {
  const tool = (run: (input: { n: number }) => Promise<string>, extra: { timeoutMs?: number } = {}) =>
    defineTool({ name: 'test.tool', description: 'For tests.', input: z.strictObject({ n: z.int() }), ...extra, run });

  test('unknown tool, bad input, missing permission and policy are asked in this order', async () => {
    let ran = 0;
    const tools = [
      tool(async ({ n }) => {
        ran += n;
        return String(ran);
      }),
    ];
    const { run } = await gate(
      {},
      { tools, policy: async (call) => (JSON.stringify(call.input) === '{"n":2}' ? { allow: false, reason: 'two is too many' } : { allow: true }) },
    );
    await expect(run('no.tool', {})).rejects.toMatchObject({ code: 'tool_unknown' });
    await expect(run('test.tool', { n: 'x' }, { permitted: [] })).rejects.toMatchObject({ code: 'tool_input_invalid' });
    await expect(run('test.tool', { n: 2 }, { permitted: [] })).rejects.toMatchObject({
      code: 'tool_not_permitted',
      message: expect.stringContaining('profile'),
    });
    await expect(run('test.tool', { n: 2 })).rejects.toMatchObject({ code: 'tool_not_permitted', message: expect.stringContaining('two is too many') });
    expect(ran).toBe(0);
    expect(await run('test.tool', { n: 1 })).toEqual({ text: '1', truncated: false });
  });

  test('answers and errors are scanned for secrets, before they are cut', async () => {
    const secret = 'correct-horse-battery';
    const tools = [
      tool(async ({ n }) =>
        n === 0
          ? `${'x'.repeat(790)} ${secret} ${'y'.repeat(500)}`
          : Promise.reject(new FlockworkError('tool_failed', `no ${secret}`, { details: { secret } })),
      ),
    ];
    const { run } = await gate(
      { 'env.txt': `TOKEN=${secret}\n`, 'key.pem': `-----BEGIN ${'PRIVATE'} KEY-----\nMIIabc\n-----END ${'PRIVATE'} KEY-----\n` },
      { tools, secrets: [secret], outputCharsMax: 900 },
    );
    const { text } = await run('test.tool', { n: 0 });
    expect(text).toContain('[redacted:secret]');
    expect(text).not.toContain('correct');
    await expect(run('test.tool', { n: 1 })).rejects.toMatchObject({
      code: 'tool_failed',
      message: 'no [redacted:secret]',
      details: { secret: '[redacted:secret]' },
    });
    expect((await run('fs.read', { path: 'env.txt' })).text).toBe('1\tTOKEN=[redacted:secret]');
    expect((await run('fs.read', { path: 'key.pem', from: 2, to: 2 })).text).toBe('2\t[redacted:private-key]');
    expect((await run('fs.search', { query: 'MII' })).text).not.toContain('MIIabc');
  });

  test('whatever a tool throws is tool_failed with its cause; its time is bounded', async () => {
    const tools = [tool(({ n }) => (n === 1 ? Promise.reject(new RangeError('inner')) : new Promise(() => undefined)), { timeoutMs: 50 })];
    const { run } = await gate({}, { tools, stopGraceMs: 20 });
    await expect(run('test.tool', { n: 1 })).rejects.toMatchObject({ code: 'tool_failed', message: 'test.tool failed: inner', cause: expect.any(RangeError) });
    await expect(run('test.tool', { n: 2 })).rejects.toMatchObject({ code: 'tool_timeout' });
  });

  test('a long answer of any tool is cut with a mark', async () => {
    const { run } = await gate({}, { tools: [tool(async () => 'z'.repeat(20_000))] });
    const { text, truncated } = await run('test.tool', { n: 1 });
    expect(truncated).toBe(true);
    expect(text.length).toBeLessThanOrEqual(10_000);
    expect(text.split('\n').at(-1)).toMatch(/^\[cut: /);
  });

  test('specs name the built-in and the added tools; one name twice is refused', async () => {
    const own = tool(async () => '');
    const { tools, workspaces } = await gate({}, { tools: [own] });
    expect(tools.specs().map((spec) => spec.name)).toEqual(everything);
    expect(() => createTools({ workspaces, patcher: createPatcher(), tools: [own, own] })).toThrow(expect.objectContaining({ code: 'config_invalid' }));
  });

  test('tools that do not touch the workspace never open it', async () => {
    const { run, tools } = await gate({}, { tools: [tool(async () => 'ok')] });
    scope = { ...scope, manifest: { blob: 'f'.repeat(64) } };
    expect((await run('test.tool', { n: 1 })).text).toBe('ok');
    await expect(run('fs.list', {})).rejects.toMatchObject({ code: 'blob_unknown' });
    await tools.release(scope);
  });

  test('the source of a workspace is never changed', async () => {
    const { call, workspaces } = await gate({ 'a.txt': 'one\n' });
    const shared = await (await workspaces.open(scope)).read();
    await call('system.run', { command: 'echo changed > a.txt; rm -f a.txt; mkdir b; echo x > b/c' });
    expect(await readFile(join(shared, 'a.txt'), 'utf8')).toBe('one\n');
    await expect(writeFile(join(shared, 'a.txt'), 'x', { flag: 'wx' })).rejects.toMatchObject({ code: 'EEXIST' });
  });
});
