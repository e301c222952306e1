import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, type FileHandle, lstat, mkdir, open, readlink, realpath, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { FlockworkError } from '../../protocols/errors/error.ts';
import { workspacePath } from '../../protocols/goals/goal.ts';

/** Where commands see the workspace; a path that begins with it means the same file. */
const mountPoint = '/workspace';

/** A model's path as a path of the workspace: '' is its top. Throws `path_not_allowed` for `..`, absolute paths and whatever else leaves. */
export function relativePath(input: string | undefined): string {
  const given = input ?? '';
  const local = given === mountPoint ? '' : given.startsWith(`${mountPoint}/`) ? given.slice(mountPoint.length + 1) : given;
  if (local.startsWith('/')) throw notAllowed(given);
  const path = local
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
  if (path !== '' && !workspacePath.safeParse(path).success) throw notAllowed(given);
  return path;
}

/** The real place of something that exists in the workspace. Throws `path_not_allowed` when a link on the way leads out, `tool_failed` when it is not there. */
export async function findInside(root: string, path: string): Promise<{ root: string; full: string }> {
  const top = await realpath(root);
  const full = await realpath(join(top, path)).catch((cause: unknown) => fail(path, cause));
  if (!isInside(top, full)) throw notAllowed(path);
  return { root: top, full };
}

/** Opens a regular file for reading; the caller closes it. Checked once more after opening, so that a link swapped in meanwhile is not followed. */
export async function openInside(root: string, path: string): Promise<FileHandle> {
  const found = await findInside(root, path);
  return openFound(found.root, found.full, path);
}

/** Opens what a walk of the workspace has met: `top` is the real root, `full` a path below it without links. */
export async function openFound(top: string, full: string, path: string): Promise<FileHandle> {
  // O_NONBLOCK: a pipe would wait for a writer.
  const handle = await open(full, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch((cause: unknown) => fail(path, cause));
  try {
    if (!isInside(top, await placeOf(handle, full))) throw notAllowed(path);
    const stat = await handle.stat();
    if (stat.isDirectory()) throw failed(path, 'is a folder; use fs.list', 'folder');
    if (!stat.isFile()) throw failed(path, 'is not a regular file', 'special');
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Writes a file whole: the bytes are stored in `scratch` first and appear by a rename. Makes missing folders; keeps the mode of a file that is there. */
export async function writeInside({ tree, scratch }: { tree: string; scratch: string }, path: string, bytes: Uint8Array): Promise<void> {
  await inFolderOf(tree, path, true, async (target) => {
    const stat = await lstat(target).catch(absent);
    if (stat !== undefined && !stat.isFile()) throw failed(path, stat.isDirectory() ? 'is a folder; name a file' : 'is not a regular file', 'special');
    const staged = join(scratch, `write-${randomUUID()}`);
    try {
      await writeFile(staged, bytes, { flag: 'wx' });
      await chmod(staged, stat === undefined ? 0o644 : stat.mode & 0o777);
      await rename(staged, target);
    } finally {
      await rm(staged, { force: true });
    }
  });
}

export async function removeInside(tree: string, path: string): Promise<void> {
  await inFolderOf(tree, path, false, (target) => unlink(target));
}

/** Is there something at this path? Throws `path_not_allowed` when the path leads out, whatever is there. */
export async function existsInside(root: string, path: string): Promise<boolean> {
  const top = await realpath(root);
  return (await lstat(await resolveTarget(top, path)).catch(absent)) !== undefined;
}

/**
 * Walks to the folder of a path, each step from the folder opened before it and never through a link, so that nothing swapped in on the way
 * leads out; then does the work with the path of the last name. Links that lead to places inside are resolved before the walk.
 */
async function inFolderOf(tree: string, path: string, make: boolean, work: (target: string) => Promise<void>): Promise<void> {
  const top = await realpath(tree);
  const full = await resolveTarget(top, path);
  const parts = relative(top, full).split(sep);
  const name = parts.pop() ?? '';
  let folder = await open(top, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  let plain = top;
  try {
    for (const part of parts) {
      const step = join(reach(folder, plain), part);
      if (make) {
        await mkdir(step).catch((error: NodeJS.ErrnoException) => {
          if (error.code !== 'EEXIST') throw error;
        });
      }
      const next = await open(step, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW).catch((cause: unknown) => fail(path, cause));
      await folder.close();
      folder = next;
      plain = join(plain, part);
    }
    await work(join(reach(folder, plain), name)).catch((cause: unknown) => fail(path, cause));
  } finally {
    await folder.close();
  }
}

/** The place that a path means, links resolved as far as it exists. */
async function resolveTarget(top: string, path: string): Promise<string> {
  const full = join(top, path);
  if ((await lstat(full).catch(absent)) !== undefined) {
    // A link that leads nowhere cannot be judged.
    const real = await realpath(full).catch(() => undefined);
    if (real === undefined || real === top || !isInside(top, real)) throw notAllowed(path);
    return real;
  }
  const missing: string[] = [];
  for (let at = full; ; at = dirname(at)) {
    const stat = await lstat(at).catch(absent);
    if (stat === undefined) {
      missing.unshift(at.slice(dirname(at).length + 1));
      continue;
    }
    const real = await realpath(at).catch(() => undefined);
    if (real === undefined || !isInside(top, real)) throw notAllowed(path);
    return join(real, ...missing);
  }
}

/** On Linux the opened folder itself, whatever its path leads to by now. */
function reach(folder: FileHandle, plain: string): string {
  return process.platform === 'linux' ? `/proc/self/fd/${folder.fd}` : plain;
}

/** Where an opened file really is. */
async function placeOf(handle: FileHandle, full: string): Promise<string> {
  if (process.platform === 'linux') return readlink(`/proc/self/fd/${handle.fd}`);
  const [opened, there] = [await handle.stat(), await lstat(await realpath(full))];
  return opened.ino === there.ino && opened.dev === there.dev ? realpath(full) : '';
}

function isInside(top: string, full: string): boolean {
  return full === top || full.startsWith(top + sep);
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
  throw error;
}

function notAllowed(path: string): FlockworkError {
  return new FlockworkError('path_not_allowed', `${path} leaves the workspace; name a path below its top, without '..' and not through a link that leads out`, {
    details: { path },
  });
}

function failed(path: string, what: string, reason: string, cause?: unknown): FlockworkError {
  return new FlockworkError('tool_failed', `${path === '' ? 'The top of the workspace' : path} ${what}`, {
    ...(cause === undefined ? {} : { cause }),
    details: { path, reason },
  });
}

function fail(path: string, cause: unknown): never {
  if (cause instanceof FlockworkError) throw cause;
  const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
  if (code === 'ENOTDIR') throw failed(path, 'goes through a file as if it were a folder', 'not a folder', cause);
  if (code === 'ENOENT') throw failed(path, 'does not exist; fs.list shows what is there', 'missing', cause);
  if (code === 'ELOOP') throw notAllowed(path);
  throw failed(path, `could not be used (${code})`, code, cause);
}
