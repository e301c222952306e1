import { constants, lstatSync } from 'node:fs';
import { chmod, copyFile, lstat, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FlockworkError } from '../../protocols/errors/error.ts';
import { type Manifest, type ManifestFile, manifest as manifestSchema } from '../../protocols/goals/goal.ts';
import { boundedMap } from './bounded-map.ts';

/** Files read, written or copied at the same time. */
const filesAtOnce = 8;

/** Checks a manifest that may have come over a wire: the schema, no path twice, no file that is also a folder, the bytes within bounds. Throws `invalid_request`, `input_too_large`. */
export function checkManifest(value: unknown, { filesMax, bytesMax }: { filesMax: number; bytesMax: number }): Manifest {
  const parsed = manifestSchema.safeParse(value);
  if (!parsed.success) {
    throw new FlockworkError(
      'invalid_request',
      `The manifest of the workspace does not fit its schema: ${parsed.error.issues[0]?.message ?? 'unknown issue'}`,
      {
        details: { issues: parsed.error.issues.slice(0, 10).map(({ path, message }) => ({ path, message })) },
      },
    );
  }
  const { files } = parsed.data;
  const bytes = files.reduce((sum, file) => sum + file.size, 0);
  if (files.length > filesMax || bytes > bytesMax) {
    throw new FlockworkError(
      'input_too_large',
      `The manifest names ${files.length} files of ${bytes} bytes; at most ${filesMax} files of ${bytesMax} bytes make a workspace`,
      {
        details: { files: files.length, filesMax, bytes, bytesMax },
      },
    );
  }
  const folders = foldersOf(files);
  const seen = new Set<string>();
  for (const { path } of files) {
    if (seen.has(path) || folders.has(path)) {
      throw new FlockworkError('invalid_request', `The manifest names ${path} twice, or as a file and as a folder`, { details: { path } });
    }
    seen.add(path);
  }
  return parsed.data;
}

/** Every folder that the files stand in, parents before children. */
export function foldersOf(files: readonly { readonly path: string }[]): Set<string> {
  const folders = new Set<string>();
  for (const { path } of files) {
    for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) folders.add(path.slice(0, at));
  }
  return folders;
}

/** Writes the files of a manifest into an empty folder, read-only (0444, programs 0555, folders 0555). Throws what `read` throws, and `blob_mismatch`. */
export async function writeTree(root: string, manifest: Manifest, read: (sha256: string) => Promise<Uint8Array>): Promise<void> {
  const folders = [...foldersOf(manifest.files)];
  for (const folder of folders) await mkdir(join(root, folder), { recursive: true });
  await boundedMap(manifest.files, filesAtOnce, async ({ path, sha256, size, executable }: ManifestFile) => {
    const bytes = await read(sha256);
    if (bytes.length !== size) {
      throw new FlockworkError('blob_mismatch', `The manifest says ${path} has ${size} bytes, its blob has ${bytes.length}; take the snapshot again`, {
        details: { path, sha256, size, found: bytes.length },
      });
    }
    await writeFile(join(root, path), bytes, { flag: 'wx' });
    await chmod(join(root, path), executable ? 0o555 : 0o444);
  });
  for (const folder of folders.reverse()) await chmod(join(root, folder), 0o555);
}

/** Copies the files of a manifest from its read-only tree into an empty folder, writable; shares blocks where the file system can. */
export async function copyTree(from: string, to: string, manifest: Manifest): Promise<void> {
  for (const folder of foldersOf(manifest.files)) await mkdir(join(to, folder), { recursive: true });
  await boundedMap(manifest.files, filesAtOnce, async ({ path, executable }) => {
    await copyFile(join(from, path), join(to, path), constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    await chmod(join(to, path), executable ? 0o755 : 0o644);
  });
}

/** Removes a tree, also one whose folders were made read-only. Links are removed, never followed. Removing again is free. */
export async function removeTree(root: string): Promise<void> {
  if (lstatSync(root, { throwIfNoEntry: false }) === undefined) return;
  // Only root may empty a read-only folder. Opened first: a removal that fails in the middle goes on beside whatever tries to help it.
  if (process.getuid?.() !== 0) {
    await openTree(root).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }
  await rm(root, { recursive: true, force: true });
}

/** Gives its owner back the right to read and write everything in a tree; links are left alone. */
export async function openTree(path: string): Promise<void> {
  const stat = await lstat(path);
  if (stat.isFile()) await chmod(path, stat.mode | 0o600);
  if (!stat.isDirectory()) return;
  await chmod(path, stat.mode | 0o700);
  for (const name of await readdir(path)) await openTree(join(path, name));
}
