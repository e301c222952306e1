import type { Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Folders that never travel: version control, installed packages, a node's own data. */
export const neverTravels: ReadonlySet<string> = new Set(['.git', 'node_modules', '.flockwork']);

export type WalkedEntry =
  | { readonly type: 'file'; readonly path: string; readonly size: number; readonly executable: boolean }
  | { readonly type: 'skipped'; readonly path: string; readonly reason: string };

export interface WalkOptions {
  /** True for what to leave out, without a word. */
  readonly leaveOut?: (path: string, isFolder: boolean) => boolean;
}

/**
 * Every regular file below a folder, in the order of its path's code units, folder by folder; the same tree gives the same order everywhere.
 * Links are never followed: they, sockets, pipes and devices come as `skipped`.
 */
export async function* walkFiles(root: string, { leaveOut }: WalkOptions = {}, below = ''): AsyncGenerator<WalkedEntry> {
  const names = (await readdir(join(root, below))).sort(byCodeUnit);
  for (const name of names) {
    const path = below === '' ? name : `${below}/${name}`;
    if (neverTravels.has(name.toLowerCase())) continue;
    const stat = await lstat(join(root, path)).catch(gone);
    if (stat === undefined || leaveOut?.(path, stat.isDirectory())) continue;
    if (stat.isDirectory()) yield* walkFiles(root, leaveOut === undefined ? {} : { leaveOut }, path);
    else yield entryOf(path, stat);
  }
}

export function entryOf(path: string, stat: Stats): WalkedEntry {
  if (stat.isFile()) {
    // A manifest has forward slashes only, so a name with a backslash cannot be told apart on every machine.
    if (path.includes('\\')) return { type: 'skipped', path, reason: 'its name has a backslash' };
    if (path.includes('\uFFFD')) return { type: 'skipped', path, reason: 'its name is not UTF-8' };
    return { type: 'file', path, size: stat.size, executable: (stat.mode & 0o100) !== 0 };
  }
  return { type: 'skipped', path, reason: stat.isSymbolicLink() ? 'a link is not followed' : 'not a regular file' };
}

export function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A file that vanished between listing and looking is simply not there. */
function gone(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw error;
}
