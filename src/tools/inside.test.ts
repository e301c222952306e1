import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { existsInside, openFound, openInside, relativePath, removeInside, writeInside } from './inside.ts';

const makePipe = (path: string) => execFileSync('sh', ['-c', 'mkfifo "$1"', 'sh', path]);

let base = '';
let tree = '';
let scratch = '';
let outside = '';
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'flockwork-inside-'));
  [tree, scratch, outside] = [join(base, 'tree'), join(base, 'scratch'), join(base, 'outside')];
  for (const folder of [tree, scratch, outside, join(tree, 'real')]) await mkdir(folder);
  await writeFile(join(outside, 'secret.txt'), 'outside');
  await writeFile(join(tree, 'real/a.txt'), 'inside');
});
afterEach(() => rm(base, { recursive: true, force: true }));

async function read(path: string): Promise<string> {
  const handle = await openInside(tree, path);
  return handle.readFile('utf8').finally(() => handle.close());
}
const write = (path: string, text: string) => writeInside({ tree, scratch }, path, Buffer.from(text));

describe('relativePath', () => {
  test.each([
    [undefined, ''],
    ['', ''],
    ['.', ''],
    ['./a/./b/', 'a/b'],
    ['a//b', 'a/b'],
    ['/workspace', ''],
    ['/workspace/a/b', 'a/b'],
  ])('%j is %j', (given, expected) => {
    expect(relativePath(given)).toBe(expected);
  });

  test.each(['..', '../x', 'a/../b', 'a/..', '/etc/passwd', '/', '/workspace/../etc', '/workspacex', 'a\0b', 'a\\b', '//etc'])('%j is not allowed', (given) => {
    expect(() => relativePath(given)).toThrow(expect.objectContaining({ code: 'path_not_allowed', details: { path: given } }));
  });
});

describe('links', () => {
  beforeEach(async () => {
    await symlink(join(outside, 'secret.txt'), join(tree, 'file-link'));
    await symlink(outside, join(tree, 'folder-link'));
    await symlink('../outside', join(tree, 'relative-link'));
    await symlink('real/a.txt', join(tree, 'inner-link'));
    await symlink('real', join(tree, 'inner-folder'));
    await symlink(join(outside, 'not-there'), join(tree, 'dangling'));
    await symlink('loop', join(tree, 'loop'));
  });

  test('those that stay inside are followed', async () => {
    expect(await read('inner-link')).toBe('inside');
    expect(await read('inner-folder/a.txt')).toBe('inside');
    await write('inner-link', 'new');
    await write('inner-folder/b.txt', 'b');
    expect(await readFile(join(tree, 'real/a.txt'), 'utf8')).toBe('new');
    expect(await readdir(join(tree, 'real'))).toEqual(['a.txt', 'b.txt']);
  });

  test.each(['file-link', 'folder-link/secret.txt', 'relative-link/secret.txt', 'folder-link/not-there', 'loop'])(
    '%s is refused for reading, writing and removing',
    async (path) => {
      const refused = { code: path === 'folder-link/not-there' ? expect.stringMatching(/path_not_allowed|tool_failed/) : 'path_not_allowed' };
      await expect(read(path)).rejects.toMatchObject(refused);
      await expect(write(path, 'evil')).rejects.toMatchObject({ code: 'path_not_allowed' });
      await expect(removeInside(tree, path)).rejects.toMatchObject({ code: 'path_not_allowed' });
      await expect(existsInside(tree, path)).rejects.toMatchObject({ code: 'path_not_allowed' });
      expect(await readdir(outside)).toEqual(['secret.txt']);
      expect(await readFile(join(outside, 'secret.txt'), 'utf8')).toBe('outside');
    },
  );

  test('a link swapped in after its path was judged is seen once the file is open', async () => {
    for (const path of ['folder-link/secret.txt', 'file-link']) {
      await expect(openFound(tree, join(tree, path), path)).rejects.toMatchObject({ code: 'path_not_allowed' });
    }
  });

  test('a link to nowhere is not written through', async () => {
    await expect(write('dangling', 'evil')).rejects.toMatchObject({ code: 'path_not_allowed' });
    await expect(write('folder-link/deep/er/x', 'evil')).rejects.toMatchObject({ code: 'path_not_allowed' });
    expect(await readdir(outside)).toEqual(['secret.txt']);
  });
});

test('what is no regular file is refused at once', async () => {
  makePipe(join(tree, 'pipe'));
  await expect(read('pipe')).rejects.toMatchObject({ code: 'tool_failed', details: { reason: 'special' } });
  await expect(read('real')).rejects.toMatchObject({ code: 'tool_failed', details: { reason: 'folder' } });
  await expect(write('real', 'x')).rejects.toMatchObject({ code: 'tool_failed' });
  await expect(read('absent.txt')).rejects.toMatchObject({ code: 'tool_failed', details: { reason: 'missing' } });
  await expect(read('real/a.txt/below')).rejects.toMatchObject({ code: 'tool_failed', details: { reason: 'not a folder' } });
  await expect(write('real/a.txt/below', 'x')).rejects.toMatchObject({ code: 'tool_failed', details: { reason: 'not a folder' } });
});

test('writing makes folders, keeps a mode, and leaves nothing in scratch', async () => {
  await write('new/deep/x.txt', 'x');
  execFileSync('chmod', ['755', join(tree, 'real/a.txt')]);
  await write('real/a.txt', 'changed');
  expect(execFileSync('stat', ['-c', '%a', join(tree, 'real/a.txt')], { encoding: 'utf8' })).toBe('755\n');
  expect(await readFile(join(tree, 'new/deep/x.txt'), 'utf8')).toBe('x');
  expect(await readdir(scratch)).toEqual([]);
});

test('a folder that is swapped for a link while files are read and written never leads out', async () => {
  await mkdir(join(tree, 'swap'));
  await writeFile(join(tree, 'swap/secret.txt'), 'inside');
  const progress = { swaps: 0, done: false };
  // A write may make the missing folder anew in between; it is inside, so it is only in the way here.
  const clear = () => rm(join(tree, 'swap'), { recursive: true, force: true });
  const swapper = (async () => {
    while (!progress.done) {
      await rename(join(tree, 'swap'), join(base, 'kept'));
      await symlink(outside, join(tree, 'swap')).catch(clear);
      for (let back = false; !back; ) {
        await clear();
        back = await rename(join(base, 'kept'), join(tree, 'swap')).then(
          () => true,
          () => false,
        );
      }
      progress.swaps++;
    }
  })();
  const fates = new Map<string, number>();
  for (let n = 0; n < 400; n++) {
    const fate = await read('swap/secret.txt').catch((error: { code: string }) => error.code);
    fates.set(fate, (fates.get(fate) ?? 0) + 1);
    await write('swap/written.txt', 'x').catch((error: { code: string }) => fates.set(error.code, (fates.get(error.code) ?? 0) + 1));
  }
  progress.done = true;
  await swapper;
  expect(progress.swaps).toBeGreaterThan(10);
  expect([...fates.keys()].filter((fate) => !['inside', 'path_not_allowed', 'tool_failed'].includes(fate))).toEqual([]);
  expect(existsSync(join(outside, 'written.txt'))).toBe(false);
});
