import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { FlockworkError } from '../../../protocols/errors/error.ts';
import { sqliteBusy, sqliteCode, storeError } from './store-error.ts';

/** The pid that the owner of the folder wrote down, if it did. */
function ownerOf(folder: string): number | undefined {
  try {
    const pid = Number(readFileSync(join(folder, 'node.pid'), 'utf8').trim());
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    // The pid only makes the message better; an owner that has not written it yet, or not readably, stays unnamed.
    return undefined;
  }
}

/**
 * Takes the data folder for this process until the answer is called; the operating system gives it back when the process dies.
 * Node has no flock: an exclusive transaction on an empty database holds the same kind of lock. Nothing else may open
 * `lock.db` in this process, because closing any descriptor of a file gives up the process's locks on it (POSIX).
 * Throws `data_dir_locked` at once when another holds it.
 */
export function lockFolder(folder: string): () => void {
  const path = join(folder, 'lock.db');
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(path, { timeout: 0 });
    // Nothing is ever written to it, so it needs neither a journal on the disk nor a sync of one.
    lock.exec('PRAGMA locking_mode = exclusive; PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    const held = lock;
    return () => held.close();
  } catch (error) {
    lock?.close();
    if (sqliteCode(error) !== sqliteBusy) throw storeError(error, `lock the data folder ${folder}`);
    const pid = ownerOf(folder);
    const owner = pid === undefined ? 'another live node' : `the live node with pid ${pid}`;
    throw new FlockworkError(
      'data_dir_locked',
      `the data folder ${folder} is owned by ${owner}; submit to that node, stop it, or choose another folder with --data-dir`,
      {
        cause: error,
        details: pid === undefined ? { folder } : { folder, pid },
      },
    );
  }
}
