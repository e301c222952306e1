import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { manifest as manifestSchema } from '../../protocols/goals/goal.ts';
import { snapshotFolder } from './snapshot.ts';

const makePipe = (path: string) => execFileSync('sh', ['-c', 'mkfifo "$1"', 'sh', path]);

let base = '';
let root = '';
let stored: Map<string, Uint8Array>;
const put = async (bytes: Uint8Array): Promise<string> => {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  stored.set(sha256, bytes);
  return sha256;
};
beforeEach(async () => {
  stored = new Map();
  base = await mkdtemp(join(tmpdir(), 'flockwork-snapshot-'));
  root = join(base, 'root');
  await mkdir(join(root, 'src'), { recursive: true });
  await writeFile(join(root, 'src/b.ts'), 'b');
  await writeFile(join(root, 'src/a.ts'), 'a');
  await writeFile(join(root, 'Z.md'), 'z');
});
afterEach(() => rm(base, { recursive: true, force: true }));

test('a folder becomes a manifest in a fixed order, bytes and mode as they are', async () => {
  await writeFile(join(root, 'run.sh'), '#!/bin/sh\n', { mode: 0o755 });
  await writeFile(join(root, 'image.bin'), Buffer.from([0, 255, 1]));
  const { manifest, skipped, bytes } = await snapshotFolder(root, { put });
  expect(manifest.files.map(({ path, executable }) => [path, executable === true])).toEqual([
    ['Z.md', false],
    ['image.bin', false],
    ['run.sh', true],
    ['src/a.ts', false],
    ['src/b.ts', false],
  ]);
  expect(manifestSchema.parse(manifest)).toEqual(manifest);
  expect(skipped).toEqual([]);
  expect(bytes).toBe(3 + 3 + 10);
  for (const { sha256, size } of manifest.files) expect(stored.get(sha256)?.length).toBe(size);
});

test('leaves out .git, node_modules, .flockwork and what .gitignore says, and more with ignore', async () => {
  for (const folder of ['.git', 'node_modules/x', '.flockwork', 'dist', 'src/node_modules']) {
    await mkdir(join(root, folder), { recursive: true });
    await writeFile(join(root, folder, 'in.txt'), 'no');
  }
  await writeFile(join(root, '.gitignore'), 'dist/\n*.log\n');
  await writeFile(join(root, 'src/x.log'), 'no');
  const { manifest } = await snapshotFolder(root, { put, ignore: (path) => path === 'Z.md' });
  expect(manifest.files.map((file) => file.path)).toEqual(['.gitignore', 'src/a.ts', 'src/b.ts']);
});

test('follows no link inside, skips what is no regular file, and reports both', async () => {
  await writeFile(join(base, 'outside.txt'), 'secret of another folder');
  await symlink(join(base, 'outside.txt'), join(root, 'link.txt'));
  await symlink('..', join(root, 'src/up'));
  await symlink('nowhere', join(root, 'broken'));
  makePipe(join(root, 'pipe'));
  const { manifest, skipped } = await snapshotFolder(root, { put });
  expect(manifest.files.map((file) => file.path)).toEqual(['Z.md', 'src/a.ts', 'src/b.ts']);
  expect(skipped.map((entry) => entry.path)).toEqual(['broken', 'link.txt', 'pipe', 'src/up']);
  expect([...stored.values()].map((bytes) => Buffer.from(bytes).toString())).not.toContain('secret of another folder');
});

test('a single file is called by its base name', async () => {
  const { manifest } = await snapshotFolder(join(root, 'src/a.ts'), { put });
  expect(manifest.files).toMatchObject([{ path: 'a.ts', size: 1 }]);
});

test('what is not there or no file is input_missing', async () => {
  await expect(snapshotFolder(join(root, 'absent'), { put })).rejects.toMatchObject({ code: 'input_missing', details: { path: join(root, 'absent') } });
  makePipe(join(root, 'pipe'));
  await expect(snapshotFolder(join(root, 'pipe'), { put })).rejects.toMatchObject({ code: 'input_missing' });
});

test('above a bound is input_too_large, and nothing was stored', async () => {
  await expect(snapshotFolder(root, { put, filesMax: 2 })).rejects.toMatchObject({ code: 'input_too_large', details: { filesMax: 2 } });
  await expect(snapshotFolder(root, { put, bytesMax: 2 })).rejects.toMatchObject({ code: 'input_too_large', details: { bytesMax: 2 } });
  expect(stored.size).toBe(0);
});
