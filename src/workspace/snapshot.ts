import { constants, type Stats } from 'node:fs';
import { lstat, open, readFile, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { FlockworkError } from '../../protocols/errors/error.ts';
import { type Manifest, type ManifestFile, manifestFilesMax } from '../../protocols/goals/goal.ts';
import { boundedMap } from './bounded-map.ts';
import { parseGitignore } from './gitignore.ts';
import { entryOf, type WalkedEntry, walkFiles } from './walk.ts';

export interface SnapshotOptions {
  /** Stores the bytes and answers their SHA-256 in lower-case hex. */
  readonly put: (bytes: Uint8Array) => Promise<string>;
  /** Leaves out more than the rules do; `path` is relative with forward slashes. */
  readonly ignore?: (path: string, isFolder: boolean) => boolean;
  /** Default and most: 50,000. */
  readonly filesMax?: number;
  /** All files together. Default 512 MiB. */
  readonly bytesMax?: number;
}

/** What was met and not taken. */
export interface SkippedEntry {
  readonly path: string;
  readonly reason: string;
}

export interface Snapshot {
  readonly manifest: Manifest;
  readonly skipped: readonly SkippedEntry[];
  /** Bytes of all files. */
  readonly bytes: number;
}

export const snapshotBytesMax = 512 * 2 ** 20;
/** Files read and handed to `put` at the same time. */
const putsAtOnce = 4;

/**
 * Takes a picture of a file or a folder: each file's bytes go to `put`, the answer names them. A single file is called by its base name.
 * Left out: .git, node_modules, .flockwork and what the folder's own top-level .gitignore says; links and special files are skipped and reported.
 * Throws `input_missing` when something cannot be read, `input_too_large` above a bound; bounds are checked before any bytes are read.
 */
export async function snapshotFolder(path: string, options: SnapshotOptions): Promise<Snapshot> {
  const { put, ignore, filesMax = manifestFilesMax, bytesMax = snapshotBytesMax } = options;
  const full = resolve(path);
  const stat = await lstat(full).catch((cause: unknown) => missing(full, cause));
  const target = stat.isSymbolicLink() ? await followed(full) : { full, stat };
  const single = !target.stat.isDirectory();
  const root = single ? dirname(target.full) : target.full;
  const entries = single ? [entryOf(basename(full), target.stat)] : walkFiles(root, { leaveOut: await rulesOf(root, ignore) });

  const found: Extract<WalkedEntry, { type: 'file' }>[] = [];
  const skipped: SkippedEntry[] = [];
  let bytes = 0;
  try {
    for await (const entry of entries) {
      if (entry.type === 'skipped') {
        skipped.push({ path: entry.path, reason: entry.reason });
        continue;
      }
      found.push(entry);
      bytes += entry.size;
      if (found.length > filesMax || bytes > bytesMax) throw tooLarge(full, { files: found.length, filesMax, bytes, bytesMax });
    }
  } catch (error) {
    if (error instanceof FlockworkError) throw error;
    missing(full, error);
  }

  if (single && found.length === 0) missing(full, new Error(skipped[0]?.reason));
  bytes = 0;
  const files = await boundedMap(found, putsAtOnce, async ({ path: at, executable }): Promise<ManifestFile> => {
    const content = await readRegular(single ? target.full : join(root, at));
    bytes += content.length;
    // A file may have grown since it was counted.
    if (bytes > bytesMax) throw tooLarge(full, { files: found.length, filesMax, bytes, bytesMax });
    return { path: at, sha256: await put(content), size: content.length, ...(executable ? { executable } : {}) };
  });
  return { manifest: { files }, skipped, bytes };
}

/** The person who names a link as the input means what it points at; inside a folder links are not followed. */
async function followed(full: string): Promise<{ full: string; stat: Stats }> {
  const real = await realpath(full).catch((cause: unknown) => missing(full, cause));
  return { full: real, stat: await lstat(real) };
}

async function rulesOf(root: string, ignore: SnapshotOptions['ignore']): Promise<(path: string, isFolder: boolean) => boolean> {
  const rules = parseGitignore(await readFile(join(root, '.gitignore'), 'utf8').catch(() => ''));
  return (path, isFolder) => rules(path, isFolder) || ignore?.(path, isFolder) === true;
}

async function readRegular(file: string): Promise<Uint8Array> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch((cause: unknown) => missing(file, cause));
  try {
    return await handle.readFile();
  } catch (error) {
    return missing(file, error);
  } finally {
    await handle.close();
  }
}

function missing(path: string, cause: unknown): never {
  const why = cause instanceof Error ? cause.message : String(cause);
  throw new FlockworkError('input_missing', `The input ${path} does not exist or cannot be read: ${why}`, { cause, details: { path } });
}

function tooLarge(path: string, figures: { files: number; filesMax: number; bytes: number; bytesMax: number }): FlockworkError {
  const { files, filesMax, bytes, bytesMax } = figures;
  const what = files > filesMax ? `more than ${filesMax} files` : `more than ${bytesMax} bytes`;
  return new FlockworkError('input_too_large', `The input ${path} has ${what}; name a smaller folder, or list what to leave out in its .gitignore`, {
    details: { path, files, filesMax, bytes, bytesMax },
  });
}
