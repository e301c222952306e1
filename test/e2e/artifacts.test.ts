/** @needs git */
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { MockReply, MockScript } from '../../src/testing/mock-model/index.ts';
import { type Ended, goalIn, jsonLines, processMaxMs, useStage } from './stage.ts';

const stage = useStage();
const single = ['--strategy', 'single', '--model', 'openai/any'];
/** What the agent of these tests does: one file changed by a patch, one written anew, one that was not there. */
const changes: MockReply = {
  toolCalls: [
    {
      name: 'fs.patch',
      input: {
        patch:
          '--- a/src/greet.ts\n+++ b/src/greet.ts\n@@ -1,3 +1,3 @@\n export function greet(name: string): string {\n-  return "Hello " + name;\n+  return "Good day, " + name;\n }\n',
      },
    },
    { name: 'fs.write', input: { path: 'notes.txt', text: 'one\ntwo, changed\nthree\n' } },
    { name: 'fs.write', input: { path: 'docs/new file.md', text: '# New\n' } },
  ],
};
const script: MockScript = ({ toolRounds, toolResults }) => (toolRounds === 0 ? changes : { text: toolResults.join('\n') });
const greeting = 'export function greet(name: string): string {\n  return "Hello " + name;\n}\n';
const newGreeting = greeting.replace('Hello ', 'Good day, ');

/** A folder with three files, under git or not. */
async function project(name: string): Promise<string> {
  const folder = stage().path(name);
  await mkdir(`${folder}/src`, { recursive: true });
  await writeFile(`${folder}/src/greet.ts`, greeting);
  await writeFile(`${folder}/notes.txt`, 'one\ntwo\nthree\n');
  await writeFile(`${folder}/same.txt`, 'the same\n');
  return folder;
}

const listed = async (folder: string): Promise<string[]> => (await readdir(folder, { recursive: true })).filter((path) => path.includes('.')).sort();
const ok = ({ code, err }: Ended): void => expect([code, err]).toEqual([0, expect.any(String)]);

describe('what a goal changed', () => {
  test('stays out of the folder until it is asked for: listed, written elsewhere, applied, or taken as a patch', { timeout: 2 * processMaxMs }, async () => {
    const folder = await project('project');
    const copy = stage().path('copy');
    await cp(folder, copy, { recursive: true });
    const { env } = await stage().model({ script });
    const run = await stage().start(['run', 'change them', '--input', folder, ...single], { env }).ended;
    ok(run);
    const id = goalIn(run.err);
    expect(await readFile(`${folder}/src/greet.ts`, 'utf8')).toBe(greeting);
    expect(await listed(folder)).toEqual(['notes.txt', 'same.txt', 'src/greet.ts']);

    expect(jsonLines((await stage().cli('artifacts', id, '--json')).out)).toMatchObject([
      { path: 'docs/new file.md', change: 'added', size: 6, task: 't0' },
      { path: 'notes.txt', change: 'modified', task: 't0' },
      { path: 'src/greet.ts', change: 'modified', sha256: expect.stringMatching(/^[0-9a-f]{64}$/), task: 't0' },
    ]);
    const output = await stage().cli('artifacts', id, '--output', 'out');
    expect([output.code, output.out.split('\n').sort()]).toEqual([0, ['', 'written  docs/new file.md', 'written  notes.txt', 'written  src/greet.ts']]);
    expect(await listed(stage().path('out'))).toEqual(['docs/new file.md', 'notes.txt', 'src/greet.ts']);
    expect(await stage().read('out/src/greet.ts')).toBe(newGreeting);

    const patch = await stage().cli('artifacts', id, '--patch');
    await stage().write('all.patch', patch.out);
    ok(await stage().spawn('git', ['init', '-q'], { cwd: copy }).ended);
    ok(await stage().spawn('git', ['apply', '--whitespace=error', stage().path('all.patch')], { cwd: copy }).ended);
    expect(await readFile(`${copy}/src/greet.ts`, 'utf8')).toBe(newGreeting);
    expect(await readFile(`${copy}/notes.txt`, 'utf8')).toBe('one\ntwo, changed\nthree\n');
    expect(await readFile(`${copy}/docs/new file.md`, 'utf8')).toBe('# New\n');

    ok(await stage().cli('artifacts', id, '--apply', folder));
    expect(await readFile(`${folder}/src/greet.ts`, 'utf8')).toBe(newGreeting);
    expect(await readFile(`${folder}/same.txt`, 'utf8')).toBe('the same\n');
    // Again is nothing to do.
    expect(await stage().cli('artifacts', id, '--apply', folder)).toMatchObject({
      code: 0,
      out: '',
      err: expect.stringContaining('3 already as the goal left them'),
    });
  });

  test('is not applied over an edit made meanwhile: nothing is written, and each file is named', { timeout: 2 * processMaxMs }, async () => {
    const folder = await project('project');
    const { env } = await stage().model({ script });
    const run = await stage().start(['run', 'change them', '--input', folder, ...single], { env }).ended;
    ok(run);
    await writeFile(`${folder}/notes.txt`, 'one\nmine\nthree\n');
    const applied = await stage().start(['artifacts', goalIn(run.err), '--apply'], { cwd: folder, env: { FLOCKWORK_DATA_DIR: stage().data } }).ended;
    expect([applied.code, applied.out, applied.err]).toEqual([
      1,
      '',
      expect.stringMatching(/nothing was written: notes\.txt has changed here meanwhile.*\(patch_conflict\)/s),
    ]);
    expect(await readFile(`${folder}/notes.txt`, 'utf8')).toBe('one\nmine\nthree\n');
    expect(await readFile(`${folder}/src/greet.ts`, 'utf8')).toBe(greeting);
    expect(await listed(folder)).toEqual(['notes.txt', 'same.txt', 'src/greet.ts']);
  });

  test('over the network: the answer carries all that applying takes', { timeout: 2 * processMaxMs }, async () => {
    const folder = await project('project');
    const { env } = await stage().model({ script });
    const node = await stage().node(['--model', 'openai/any'], { env });
    const run = await stage().cli('submit', 'change them', '--input', folder, '--strategy', 'single', '--watch');
    ok(run);
    const id = goalIn(run.err);
    const answer = (await (await fetch(`${node.http}/v1/goals/${id}/artifacts`)).json()) as {
      items: unknown[];
      base: { files: { path: string; sha256: string }[] };
      patch: string;
    };
    // Only what changed, and nothing for what was not there before.
    expect(answer.base.files.map(({ path }) => path).sort()).toEqual(['notes.txt', 'src/greet.ts']);
    expect(answer.items).toHaveLength(3);
    expect(answer.patch).toContain('+  return "Good day, " + name;');
    const [blob = ''] = answer.base.files.filter(({ path }) => path === 'src/greet.ts').map(({ sha256 }) => sha256);
    expect(await (await fetch(`${node.http}/v1/blobs/${blob}`)).text()).toBe(greeting);
    for (const [connect, text] of [
      [node.http, 'written  notes.txt'],
      [node.ws, ''],
    ] as const) {
      const applied = await stage().cli('artifacts', id, '--apply', folder, '--connect', connect);
      expect([applied.code, applied.out]).toEqual([0, expect.stringContaining(text)]);
    }
    expect(await readFile(`${folder}/src/greet.ts`, 'utf8')).toBe(newGreeting);
  });

  test('a patch larger than an answer may be still arrives', { timeout: 2 * processMaxMs }, async () => {
    const rounds = 4;
    const text = Array.from({ length: 4_000 }, (_, index) => `line ${index} of a long file\n`).join('');
    const writing: MockScript = ({ toolRounds }) =>
      toolRounds < rounds ? { toolCalls: [{ name: 'fs.write', input: { path: `long-${toolRounds}.txt`, text } }] } : { text: 'ok' };
    const { env } = await stage().model({ script: writing });
    await stage().write('a.txt', 'a\n');
    const node = await stage().node(['--model', 'openai/any'], { env });
    const run = await stage().cli('submit', 'write much', '--input', 'a.txt', '--watch');
    ok(run);
    const patch = await stage().cli('artifacts', goalIn(run.err), '--patch', '--connect', node.ws);
    expect([patch.code, patch.err, patch.out.split('\n').filter((line) => line.startsWith('+line ')).length]).toEqual([0, '', rounds * 4_000]);
  });

  test('several tasks that changed one file differently: nothing is lost, nothing is guessed', { timeout: 2 * processMaxMs }, async () => {
    const folder = await project('project');
    // Every map task writes its own text into the same file; equal changes are one.
    const { env } = await stage().model({
      script: ({ role, toolRounds, before }) =>
        role === 'map' && toolRounds === 0
          ? {
              toolCalls: [
                { name: 'fs.write', input: { path: 'notes.txt', text: `from call ${before}\n` } },
                { name: 'fs.write', input: { path: 'both.txt', text: 'both\n' } },
              ],
            }
          : { text: 'done' },
    });
    const run = await stage().start(['run', 'change them', '--input', folder, '--strategy', 'map-reduce', '--agents', '2', '--model', 'openai/any'], { env })
      .ended;
    ok(run);
    const id = goalIn(run.err);
    const items = jsonLines((await stage().cli('artifacts', id, '--json')).out);
    const versions = items.filter(({ path }) => path === 'notes.txt');
    expect([items.filter(({ path }) => path === 'both.txt').length, versions.length > 1]).toEqual([1, true]);
    expect(await stage().cli('artifacts', id, '--apply', folder)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/notes\.txt was changed differently by t0, t1.*\(patch_conflict\)/s),
    });
    expect(await readFile(`${folder}/notes.txt`, 'utf8')).toBe('one\ntwo\nthree\n');
    ok(await stage().cli('artifacts', id, '--output', 'out'));
    expect(await listed(stage().path('out'))).toEqual(['both.txt', ...versions.map(({ task }) => `notes.txt.${String(task)}`)].sort());
    expect((await stage().cli('artifacts', id, '--patch')).out).toMatch(/^# not in this patch: "notes\.txt" was changed differently by t0, t1/);
  });
});
