import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Sync } from './database.ts';
import { systemCode } from './store-error.ts';

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Answers the first folder that it made, undefined when all were there. Node's own recursive mkdir tries for ever where a file system
 * refuses new folders with ENOENT, as /proc does.
 */
async function makeAll(folder: string): Promise<string | undefined> {
  try {
    return await makeOne(folder);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT' || dirname(folder) === folder) throw error;
  }
  const first = await makeAll(dirname(folder));
  const made = await makeOne(folder);
  return first ?? made;
}

async function makeOne(folder: string): Promise<string | undefined> {
  try {
    await mkdir(folder, { mode: 0o700 });
    return folder;
  } catch (error) {
    if (systemCode(error) === 'EEXIST' && (await stat(folder)).isDirectory()) return undefined;
    throw error;
  }
}

/** Makes a folder, for its owner only, and all above it; with `full` they are on the disk afterwards. Changes nothing of one that is there. */
export async function makeFolder(folder: string, sync: Sync): Promise<void> {
  const first = await makeAll(folder);
  if (first === undefined || sync === 'off') return;
  for (let made = folder; ; made = dirname(made)) {
    await syncFolder(dirname(made));
    if (made === first || dirname(made) === made) return;
  }
}

/** Writes whole files: a reader and a crash see the old bytes or the new ones, never a part. */
export class DurableFiles {
  readonly #temporary: string;
  readonly #sync: Sync;

  /** `temporary` is a folder of this process on the same disk as the files. */
  constructor(temporary: string, sync: Sync) {
    this.#temporary = temporary;
    this.#sync = sync;
  }

  /** Removes what a dead process left half-written. */
  async clear(): Promise<void> {
    await rm(this.#temporary, { recursive: true, force: true });
    await makeFolder(this.#temporary, this.#sync);
  }

  async write(path: string, ...parts: readonly Uint8Array[]): Promise<void> {
    const temporary = join(this.#temporary, randomUUID());
    try {
      const handle = await open(temporary, 'wx', 0o600);
      try {
        for (const bytes of parts) await handle.writeFile(bytes);
        if (this.#sync === 'full') await handle.sync();
      } finally {
        await handle.close();
      }
      await makeFolder(dirname(path), this.#sync);
      await rename(temporary, path);
      if (this.#sync === 'full') await syncFolder(dirname(path));
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }
}
