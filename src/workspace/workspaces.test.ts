import { chmod, mkdir, mkdtemp, readdir, readFile, stat, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Blobs } from '../../actors/ports/blobs.ts';
import type { ToolScope } from '../../actors/ports/tools.ts';
import type { Manifest } from '../../protocols/goals/goal.ts';
import { EmbeddedBlobs } from '../bus/embedded/blobs.ts';
import { DurableFiles } from '../bus/embedded/durable-file.ts';
import { removeTree } from './tree.ts';
import { createWorkspaces, type WorkspacesOptions } from './workspaces.ts';

let base = '';
let folder = '';
let blobs: Blobs;
let reads = 0;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'flockwork-workspaces-'));
  folder = join(base, 'workspaces');
  const files = new DurableFiles(join(base, 'data/tmp'), 'off');
  await files.clear();
  reads = 0;
  blobs = new Proxy(new EmbeddedBlobs(join(base, 'data'), files), {
    get(target, name) {
      if (name === 'get') reads++;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
});
afterEach(() => removeTree(base));

const make = (options: Partial<WorkspacesOptions> = {}) => createWorkspaces({ folder, blobs, ...options });

async function manifestOf(files: Record<string, string>, tenant = 'local'): Promise<Manifest> {
  const list = Object.entries(files).map(async ([path, text]) => ({
    path,
    sha256: await blobs.put(tenant, Buffer.from(text)),
    size: Buffer.byteLength(text),
    ...(path.endsWith('.sh') ? { executable: true } : {}),
  }));
  return { files: await Promise.all(list) };
}
const scopeOf = (manifest?: ToolScope['manifest'], task = 't0', tenant = 'local'): ToolScope => ({
  tenant,
  root: 'goal-1',
  task,
  attempt: 1,
  ...(manifest === undefined ? {} : { manifest }),
});

describe('copy on write', () => {
  test('tasks share one read-only tree until they write, and never see each other', async () => {
    const workspaces = make();
    const manifest = await manifestOf({ 'src/a.ts': 'one\n', 'run.sh': 'echo\n' });
    const [one, two] = [await workspaces.open(scopeOf(manifest, 't1')), await workspaces.open(scopeOf(manifest, 't2'))];
    const [shared, again] = await Promise.all([one.read(), two.read()]);
    expect(again).toBe(shared);
    expect((await stat(join(shared, 'src/a.ts'))).mode & 0o777).toBe(0o444);
    expect((await stat(join(shared, 'run.sh'))).mode & 0o777).toBe(0o555);
    expect((await stat(join(shared, 'src'))).mode & 0o777).toBe(0o555);

    const { tree } = await one.write();
    expect(tree).not.toBe(shared);
    expect(await one.read()).toBe(tree);
    expect((await stat(join(tree, 'run.sh'))).mode & 0o777).toBe(0o755);
    await writeFile(join(tree, 'src/a.ts'), 'changed\n');
    expect(await readFile(join(await two.read(), 'src/a.ts'), 'utf8')).toBe('one\n');
    expect(await two.read()).toBe(shared);
  });

  test('a manifest is read from the blobs once, however many tasks begin with it at the same time', async () => {
    const workspaces = make();
    const manifest = await manifestOf({ 'a.txt': 'a', 'b.txt': 'b' });
    const blob = await blobs.put('local', Buffer.from(JSON.stringify(manifest)));
    const opened = await Promise.all(Array.from({ length: 8 }, (_, n) => workspaces.open(scopeOf({ blob }, `t${n}`))));
    const trees = await Promise.all(opened.map((task) => task.read()));
    expect(new Set(trees).size).toBe(1);
    expect(reads).toBe(3);
  });

  test('without a manifest the workspace is empty and can be written', async () => {
    const workspaces = make();
    const task = await workspaces.open(scopeOf());
    expect(await readdir(await task.read())).toEqual([]);
    const { tree, scratch } = await task.write();
    await writeFile(join(tree, 'new.txt'), 'new');
    await writeFile(join(scratch, 'half.txt'), 'never collected');
    expect(await workspaces.collect(scopeOf())).toMatchObject([{ path: 'new.txt', change: 'added' }]);
  });

  test('a hash gives nobody the files of another tenant', async () => {
    const workspaces = make();
    const manifest = await manifestOf({ 'a.txt': 'of local' });
    await (await workspaces.open(scopeOf(manifest))).read();
    const other = await workspaces.open(scopeOf(manifest, 't0', 'other'));
    await expect(other.read()).rejects.toMatchObject({ code: 'blob_unknown' });
    await blobs.put('other', Buffer.from('of local'));
    expect(await readFile(join(await other.read(), 'a.txt'), 'utf8')).toBe('of local');
  });
});

describe('bad manifests', () => {
  test.each([
    ['a path that leaves', [{ path: '../up.txt' }], 'invalid_request'],
    ['an absolute path', [{ path: '/etc/x' }], 'invalid_request'],
    ['a path twice', [{ path: 'a' }, { path: 'a' }], 'invalid_request'],
    ['a file that is a folder too', [{ path: 'a' }, { path: 'a/b' }], 'invalid_request'],
    ['a wrong size', [{ path: 'a', size: 99 }], 'blob_mismatch'],
    ['too many files', [{ path: 'a' }, { path: 'b' }, { path: 'c' }, { path: 'd' }], 'input_too_large'],
    ['too many bytes', [{ path: 'a', size: 5_000 }], 'input_too_large'],
  ])('%s', async (_name, files, code) => {
    const sha256 = await blobs.put('local', Buffer.from('x'));
    const manifest = { files: files.map((file) => ({ sha256, size: 1, ...file })) };
    const workspaces = make({ filesMax: 3, bytesMax: 1_000 });
    await expect((await workspaces.open(scopeOf(manifest))).read()).rejects.toMatchObject({ code });
    expect(await readdir(join(folder, 'bases')).catch(() => [])).toEqual([]);
  });

  test('a manifest blob that is not JSON, and a scope that is no token', async () => {
    const blob = await blobs.put('local', Buffer.from('{'));
    const workspaces = make();
    await expect((await workspaces.open(scopeOf({ blob }))).read()).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(workspaces.open({ ...scopeOf(), root: '../../x' })).rejects.toMatchObject({ code: 'subject_invalid' });
  });
});

describe('collect', () => {
  test('gives what was added, modified and deleted, by content, with the new bytes stored', async () => {
    const workspaces = make();
    const scope = scopeOf(
      await manifestOf({ 'same.txt': 'same', 'touched.txt': 'touched', 'changed.txt': 'before', 'gone.txt': 'gone', 'swapped.txt': 'file' }),
    );
    expect(await workspaces.collect(scope)).toEqual([]);
    const { tree } = await (await workspaces.open(scope)).write();
    await writeFile(join(tree, 'touched.txt'), 'touched');
    await writeFile(join(tree, 'changed.txt'), 'after!');
    await mkdir(join(tree, 'deep/er'), { recursive: true });
    await writeFile(join(tree, 'deep/er/new.bin'), Buffer.from([0, 1, 2]));
    await unlink(join(tree, 'gone.txt'));
    await unlink(join(tree, 'swapped.txt'));
    await symlink('/etc/passwd', join(tree, 'swapped.txt'));
    await symlink('/etc', join(tree, 'etc'));
    await mkdir(join(tree, '.git/hooks'), { recursive: true });
    await writeFile(join(tree, '.git/hooks/pre-commit'), 'evil');
    const artifacts = await workspaces.collect(scope);
    expect(artifacts.map(({ path, change, task }) => [path, change, task])).toEqual([
      ['changed.txt', 'modified', 't0'],
      ['deep/er/new.bin', 'added', 't0'],
      ['gone.txt', 'deleted', 't0'],
      ['swapped.txt', 'deleted', 't0'],
    ]);
    expect(Buffer.from(await blobs.get('local', artifacts[0]?.sha256 ?? '')).toString()).toBe('after!');
  });

  test('a command that took the right to read away from its files changes nothing about that', async () => {
    const workspaces = make();
    const { tree } = await (await workspaces.open(scopeOf())).write();
    await mkdir(join(tree, 'closed'));
    await writeFile(join(tree, 'closed/x.txt'), 'x');
    await chmod(join(tree, 'closed/x.txt'), 0);
    await chmod(join(tree, 'closed'), 0);
    expect(await workspaces.collect(scopeOf())).toMatchObject([{ path: 'closed/x.txt', change: 'added' }]);
    await workspaces.release(scopeOf());
    await expect(stat(tree)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('a file above the bound is listed without its bytes; an unchanged big file is not listed', async () => {
    const workspaces = make({ artifactBytesMax: 10 });
    const scope = scopeOf(await manifestOf({ 'big.txt': 'x'.repeat(50) }));
    const { tree } = await (await workspaces.open(scope)).write();
    await writeFile(join(tree, 'huge.txt'), 'y'.repeat(11));
    expect(await workspaces.collect(scope)).toEqual([{ path: 'huge.txt', change: 'added', size: 11, task: 't0' }]);
  });

  test('too many changes are refused by name of the bound', async () => {
    const workspaces = make({ artifactsMax: 2 });
    const { tree } = await (await workspaces.open(scopeOf())).write();
    for (const name of ['a', 'b', 'c']) await writeFile(join(tree, name), name);
    await expect(workspaces.collect(scopeOf())).rejects.toMatchObject({ code: 'tool_failed', details: { artifactsMax: 2 } });
  });
});

describe('release, restart, bounds', () => {
  test('release removes the own tree and can be repeated', async () => {
    const workspaces = make();
    const scope = scopeOf(await manifestOf({ 'a.txt': 'a' }));
    const { tree } = await (await workspaces.open(scope)).write();
    await workspaces.release(scope);
    await workspaces.release(scope);
    await expect(stat(tree)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await workspaces.collect(scope)).toEqual([]);
  });

  test('another process goes on with the tree of an attempt and finds what was written', async () => {
    const scope = scopeOf(await manifestOf({ 'a.txt': 'a' }));
    const { tree } = await (await make().open(scope)).write();
    await writeFile(join(tree, 'a.txt'), 'changed');
    const later = make();
    expect(await readFile(join(await (await later.open(scope)).read(), 'a.txt'), 'utf8')).toBe('changed');
    expect(await later.collect(scope)).toMatchObject([{ path: 'a.txt', change: 'modified' }]);
  });

  test('what a dead process left half-made goes at start, old trees too, finished bases stay', async () => {
    const scope = scopeOf(await manifestOf({ 'a.txt': 'a' }));
    const shared = await (await make().open(scope)).read();
    await (await make().open(scope)).write();
    const taskFolder = join(folder, 'tasks/local/goal-1/t0.1');
    await mkdir(join(taskFolder, '.making-x'), { recursive: true });
    await mkdir(join(folder, 'bases/.making-y/deep'), { recursive: true });
    const before = reads;

    const later = make();
    expect(await (await later.open(scopeOf(scope.manifest, 't9'))).read()).toBe(shared);
    expect(reads).toBe(before);
    expect((await readdir(taskFolder)).sort()).toEqual(['scratch', 'tree']);
    expect((await readdir(join(folder, 'bases'))).filter((name) => name.startsWith('.'))).toEqual([]);

    await (await make({ now: () => Date.now() + 8 * 86_400_000 }).open(scopeOf())).read();
    await expect(stat(taskFolder)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('sweep removes the trees of tasks that the caller does not keep, never open ones', async () => {
    const before = make();
    for (const task of ['t1', 't2', 't3']) await (await before.open(scopeOf(undefined, task))).write();
    const later = make();
    await later.open(scopeOf(undefined, 't1'));
    expect(await later.sweep(({ task }) => task === 't2')).toBe(1);
    expect((await readdir(join(folder, 'tasks/local/goal-1'))).sort()).toEqual(['t1.1', 't2.1']);
  });

  test('the least recently used bases go above the bound, those in use stay', async () => {
    const workspaces = make({ basesMax: 1 });
    const scopes = await Promise.all(['a', 'b', 'c'].map(async (text) => scopeOf(await manifestOf({ 'x.txt': text }), `t-${text}`)));
    for (const scope of scopes) await (await workspaces.open(scope)).read();
    expect(await readdir(join(folder, 'bases'))).toHaveLength(3);
    for (const scope of scopes) await workspaces.release(scope);
    expect(await readdir(join(folder, 'bases'))).toHaveLength(1);
    const [first] = scopes;
    if (first === undefined) throw new Error('no scope');
    expect(await readFile(join(await (await workspaces.open(first)).read(), 'x.txt'), 'utf8')).toBe('a');
  });

  test('more open workspaces than openMax are refused', async () => {
    const workspaces = make({ openMax: 1 });
    await workspaces.open(scopeOf(undefined, 't1'));
    await workspaces.open(scopeOf(undefined, 't1'));
    await expect(workspaces.open(scopeOf(undefined, 't2'))).rejects.toMatchObject({ code: 'too_many_requests', details: { openMax: 1 } });
  });
});
