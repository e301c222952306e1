import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

export interface WalkedEntry {
  /** From the top of the workspace. */
  readonly path: string;
  readonly full: string;
  readonly depth: number;
  readonly kind: 'file' | 'folder' | 'link' | 'special';
}

/** Everything below a folder, parents before children, by name; links are shown and never followed. A folder's children come only when `enter` says so. */
export async function* walk(full: string, path: string, enter: (entry: WalkedEntry) => boolean, depth = 1): AsyncGenerator<WalkedEntry> {
  const entries = await readdir(full, { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  for (const found of entries) {
    const kind = found.isFile() ? 'file' : found.isDirectory() ? 'folder' : found.isSymbolicLink() ? 'link' : 'special';
    const entry: WalkedEntry = { path: path === '' ? found.name : `${path}/${found.name}`, full: join(full, found.name), depth, kind };
    yield entry;
    if (kind === 'folder' && enter(entry)) yield* walk(entry.full, entry.path, enter, depth + 1);
  }
}
