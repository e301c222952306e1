import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Artifact, Manifest } from '../../protocols/goals/goal.ts';
import { applyArtifacts } from './apply.ts';
import { createPatcher } from './patch.ts';
import { patchOf } from './patch-of.ts';
import { snapshotFolder } from './snapshot.ts';

let base = '';
let root = '';
let stored: Map<string, Uint8Array>;
const put = async (bytes: Uint8Array): Promise<string> => {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  stored.set(sha256, bytes);
  return sha256;
};
const read = async (sha256: string): Promise<Uint8Array> => {
  const bytes = stored.get(sha256);
  if (bytes === undefined) throw new Error(`no blob ${sha256}`);
  return bytes;
};
beforeEach(async () => {
  stored = new Map();
  base = await mkdtemp(join(tmpdir(), 'flockwork-patch-'));
  root = join(base, 'root');
  await mkdir(root);
});
afterEach(() => rm(base, { recursive: true, force: true }));

type Files = Readonly<Record<string, string | Uint8Array>>;
async function fill(folder: string, files: Files): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}
/** Fills root with `before` and answers what a task that made `after` of it would hand in. */
async function changed(before: Files, after: Files, task = 't0'): Promise<{ manifest: Manifest; artifacts: Artifact[] }> {
  await fill(root, before);
  const { manifest } = await snapshotFolder(root, { put });
  const artifacts: Artifact[] = [];
  for (const [path, content] of Object.entries(after)) {
    const bytes = Buffer.from(content);
    const old = manifest.files.find((file) => file.path === path);
    const sha256 = await put(bytes);
    if (old?.sha256 !== sha256) artifacts.push({ path, change: old === undefined ? 'added' : 'modified', sha256, size: bytes.length, task });
  }
  for (const { path } of manifest.files) if (!(path in after)) artifacts.push({ path, change: 'deleted', task });
  return { manifest, artifacts };
}
async function contents(folder: string): Promise<Record<string, string>> {
  const { manifest } = await snapshotFolder(folder, { put });
  return Object.fromEntries(await Promise.all(manifest.files.map(async ({ path }) => [path, await readFile(join(folder, path), 'utf8')])));
}

const lines = (count: number, mark = ''): string => Array.from({ length: count }, (_, n) => `line ${n}${mark}\n`).join('');
const before = {
  'src/long.ts': lines(40),
  'no-newline.txt': 'one\ntwo',
  'gains-newline.txt': 'one\ntwo',
  'crlf.txt': 'a\r\nb\r\nc\r\n',
  'with blank.txt': 'x\ny\n',
  'ümlaut "q".txt': 'x\n',
  'gone.txt': 'bye\nbye\n',
  'gone-empty.txt': '',
  'emptied.txt': 'x\n',
  'same.txt': 'same\n',
};
const after = {
  'src/long.ts': lines(40).replace('line 5\n', 'line five\n').replace('line 30\n', ''),
  'no-newline.txt': 'one\nTWO',
  'gains-newline.txt': 'one\ntwo\n',
  'crlf.txt': 'a\r\nB\r\nc\r\n',
  'with blank.txt': 'x\nz\n',
  'ümlaut "q".txt': 'y\n',
  'emptied.txt': '',
  'same.txt': 'same\n',
  'new/deep.txt': '--- a/fake\n+++ b/fake\n@@ -1 +1 @@\n',
  'new/empty.txt': '',
  'new/with blank.txt': 'no newline',
};

describe('patchOf', () => {
  // git is needed by every checkout; GNU patch is tried where it is installed.
  const hasPatch = spawnSync('sh', ['-c', 'patch --version']).status === 0;
  const patchProgram: [string, (patch: string) => unknown] = [
    'patch -p1',
    (patch: string) => execFileSync('sh', ['-c', 'patch -p1 --binary -s'], { cwd: root, input: patch }),
  ];
  test.each<[string, (patch: string) => unknown]>([
    [
      'git apply',
      (patch: string) =>
        execFileSync('git', ['apply', '--whitespace=nowarn', '-'], {
          cwd: root,
          input: patch,
          env: { PATH: process.env['PATH'] ?? '', GIT_CEILING_DIRECTORIES: base },
        }),
    ],
    ...(hasPatch ? [patchProgram] : []),
  ])('is accepted by %s and gives exactly the new files', async (_name, apply) => {
    const { manifest, artifacts } = await changed(before, after);
    const patch = await patchOf({ artifacts, manifest, read });
    expect(patch).toContain('diff --git a/src/long.ts b/src/long.ts\n--- a/src/long.ts\n+++ b/src/long.ts\n@@ ');
    apply(patch);
    expect(await contents(root)).toEqual(after);
  });

  test('names binary, oversized and contested files before the first diff, and git still takes the rest', async () => {
    const { manifest, artifacts } = await changed(
      { 'a.txt': 'a\n', 'image.bin': Buffer.from([0, 1]), 'latin.txt': Buffer.from([0xe9, 10]) },
      { 'a.txt': 'b\n', 'image.bin': Buffer.from([0, 2]), 'latin.txt': 'e\n' },
    );
    const contested: Artifact[] = ['t1', 't2'].map((task) => ({
      path: 'c.txt',
      change: 'added',
      sha256: createHash('sha256').update(task).digest('hex'),
      size: 2,
      task,
    }));
    const patch = await patchOf({ artifacts: [...artifacts, ...contested, { path: 'huge.iso', change: 'added', size: 9e9, task: 't1' }], manifest, read });
    const [notes] = patch.split('diff --git');
    for (const name of ['image.bin', 'latin.txt', 'c.txt', 'huge.iso', 't1, t2']) expect(notes).toContain(name);
    execFileSync('git', ['apply', '-'], { cwd: root, input: patch, env: { PATH: process.env['PATH'] ?? '', GIT_CEILING_DIRECTORIES: base } });
    expect(await readFile(join(root, 'a.txt'), 'utf8')).toBe('b\n');
  });

  test('a file that was rewritten completely does not cost the best diff', async () => {
    const { manifest, artifacts } = await changed({ 'big.txt': lines(20_000, ' old') }, { 'big.txt': lines(20_000, ' new') });
    const patch = await patchOf({ artifacts, manifest, read });
    expect(patch).toContain('@@ -1,20000 +1,20000 @@');
    execFileSync('git', ['apply', '-'], { cwd: root, input: patch, env: { PATH: process.env['PATH'] ?? '', GIT_CEILING_DIRECTORIES: base } });
    expect(await readFile(join(root, 'big.txt'), 'utf8')).toBe(lines(20_000, ' new'));
  });

  test('nothing changed is no patch; equal changes of several tasks are one', async () => {
    const { manifest, artifacts } = await changed({ 'a.txt': 'a\n' }, { 'a.txt': 'b\n' });
    expect(await patchOf({ artifacts: [], manifest, read })).toBe('');
    const twice = [...artifacts, ...artifacts.map((artifact) => ({ ...artifact, task: 't9' }))];
    expect(await patchOf({ artifacts: twice, manifest, read })).toBe(await patchOf({ artifacts, manifest, read }));
  });
});

describe('applyArtifacts', () => {
  test('writes, deletes and keeps modes; a second time changes nothing', async () => {
    const { manifest, artifacts } = await changed({ ...before, 'tool.sh': 'old\n', flat: 'file' }, { ...after, 'tool.sh': 'new\n', 'flat/inner.txt': 'x' });
    execFileSync('chmod', ['750', join(root, 'tool.sh')]);
    const applied = await applyArtifacts({ artifacts, manifest, root, read });
    expect(applied.deleted).toEqual(['flat', 'gone-empty.txt', 'gone.txt']);
    expect(await contents(root)).toEqual({ ...after, 'tool.sh': 'new\n', 'flat/inner.txt': 'x' });
    expect((await stat(join(root, 'tool.sh'))).mode & 0o777).toBe(0o750);
    const again = await applyArtifacts({ artifacts, manifest, root, read });
    expect(again).toMatchObject({ written: [], deleted: [] });
    expect(again.unchanged).toHaveLength(artifacts.length);
  });

  test('refuses with every file that changed meanwhile, and writes nothing', async () => {
    const { manifest, artifacts } = await changed(
      { 'a.txt': 'a', 'b.txt': 'b', 'c.txt': 'c', 'd.txt': 'd' },
      { 'a.txt': 'A', 'b.txt': 'B', 'd.txt': 'd', 'new.txt': 'n', 'x/y.txt': 'y' },
    );
    await fill(root, { 'b.txt': 'mine', 'c.txt': 'mine', 'new.txt': 'mine', x: 'a file' });
    const was = await contents(root);
    const attempt = applyArtifacts({ artifacts, manifest, root, read });
    await expect(attempt).rejects.toMatchObject({
      code: 'patch_conflict',
      details: { files: [{ path: 'b.txt' }, { path: 'c.txt' }, { path: 'new.txt' }, { path: 'x/y.txt' }] },
    });
    expect(await contents(root)).toEqual(was);
  });

  test('refuses what tasks left in different states and what has no bytes', async () => {
    const { manifest } = await changed({ 'a.txt': 'a' }, {});
    const one: Artifact = { path: 'a.txt', change: 'modified', sha256: await put(Buffer.from('1')), size: 1, task: 't1' };
    const other: Artifact = { ...one, sha256: await put(Buffer.from('2')), task: 't2' };
    await expect(applyArtifacts({ artifacts: [one, other], manifest, root, read })).rejects.toMatchObject({
      code: 'patch_conflict',
      message: expect.stringContaining('t1, t2'),
    });
    await expect(applyArtifacts({ artifacts: [{ path: 'h', change: 'added', size: 9, task: 't1' }], manifest, root, read })).rejects.toMatchObject({
      code: 'patch_conflict',
    });
  });

  test.each(['../up.txt', '/etc/x', '.git/hooks/pre-commit', 'a/.GIT/config', 'link/in.txt'])(
    'refuses %s: it leaves the folder or reaches what never travels',
    async (path) => {
      await mkdir(join(base, 'outside'));
      await symlink(join(base, 'outside'), join(root, 'link'));
      const artifacts: Artifact[] = [
        { path: 'fine.txt', change: 'added', sha256: await put(Buffer.from('x')), size: 1, task: 't0' },
        { path, change: 'added', sha256: await put(Buffer.from('x')), size: 1, task: 't0' },
      ];
      await expect(applyArtifacts({ artifacts, manifest: undefined, root, read })).rejects.toMatchObject({ code: 'path_not_allowed', details: { path } });
      await expect(stat(join(root, 'fine.txt'))).rejects.toMatchObject({ code: 'ENOENT' });
      await expect(stat(join(base, 'outside/in.txt'))).rejects.toMatchObject({ code: 'ENOENT' });
    },
  );

  test('a link where a file is to be written is a conflict, not followed', async () => {
    await writeFile(join(base, 'outside.txt'), 'theirs');
    await symlink(join(base, 'outside.txt'), join(root, 'a.txt'));
    const artifacts: Artifact[] = [{ path: 'a.txt', change: 'modified', sha256: await put(Buffer.from('x')), size: 1, task: 't0' }];
    const manifest: Manifest = { files: [{ path: 'a.txt', sha256: await put(Buffer.from('theirs')), size: 6 }] };
    await expect(applyArtifacts({ artifacts, manifest, root, read })).rejects.toMatchObject({ code: 'patch_conflict' });
    expect(await readFile(join(base, 'outside.txt'), 'utf8')).toBe('theirs');
  });
});

describe('createPatcher', () => {
  const one = (text: string) => {
    const [file] = createPatcher().parse(text);
    if (file === undefined) throw new Error('no file');
    return file;
  };

  test('applies and reverts, with or without git headers', () => {
    const file = one('--- a/x.txt\n+++ b/x.txt\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n');
    expect(file).toMatchObject({ path: 'x.txt', change: 'modified', added: 1, removed: 1 });
    expect(file.apply('a\nb\nc\n')).toBe('a\nB\nc\n');
    expect(file.apply('first\na\nb\nc\n')).toBe('first\na\nB\nc\n');
    expect(file.apply('a\nB\nc\n')).toBeUndefined();
    expect(file.revert('a\nB\nc\n')).toBe('a\nb\nc\n');
    expect(one('@@ -1 +1 @@\n-a\n+b\n').path).toBeUndefined();
  });

  test('counts the lines of a hunk itself when a model miscounted', () => {
    expect(one('--- x.txt\n+++ x.txt\n@@ -1,9 +1,2 @@\n a\n-b\n+B\n\n c').apply('a\nb\n\nc\n')).toBe('a\nB\n\nc\n');
  });

  test('tells additions and deletions', () => {
    expect(one('--- /dev/null\n+++ b/n.txt\n@@ -0,0 +1 @@\n+n\n')).toMatchObject({ path: 'n.txt', change: 'added' });
    expect(one('--- a/n.txt\n+++ /dev/null\n@@ -1 +0,0 @@\n-n\n')).toMatchObject({ path: 'n.txt', change: 'deleted' });
  });

  test.each([
    '',
    'please change line 3',
    'diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y\n',
    '--- a/x\n+++ b/y\n@@ -1 +1 @@\n-a\n+b\n',
    '@@ nonsense @@\n-a\n',
  ])('refuses %j', (text) => {
    expect(() => createPatcher().parse(text)).toThrow(expect.objectContaining({ code: 'tool_input_invalid' }));
  });
});
