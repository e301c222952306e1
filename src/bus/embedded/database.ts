import { randomInt } from 'node:crypto';
import { statfsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { FlockworkError } from '../../../protocols/errors/error.ts';
import { schema, schemaVersion } from './schema.ts';
import { sqliteCode, sqliteIo, storeError } from './store-error.ts';

/** `full`: every commit is on the disk before it is answered. `off`: a loss of power may lose commits, a killed process does not. */
export type Sync = 'full' | 'off';

const databaseName = 'flockwork.db';
/** What SQLite takes at once for the shared memory of a write-ahead log. */
const sharedMemoryBytes = 32_768;
const storeIdLength = 8;
const storeIdLetters = 'abcdefghijklmnopqrstuvwxyz0123456789';

function newStoreId(): string {
  return Array.from({ length: storeIdLength }, () => storeIdLetters[randomInt(storeIdLetters.length)]).join('');
}

function create(database: DatabaseSync): void {
  database.exec(`BEGIN IMMEDIATE; ${schema} PRAGMA user_version = ${schemaVersion};`);
  database.prepare(`INSERT INTO meta(name, value) VALUES ('store', ?), ('revision', '0')`).run(newStoreId());
  database.exec('COMMIT');
}

/** SQLite calls it an I/O error that there is no room for its shared memory. */
function isOutOfRoom(folder: string): boolean {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize < sharedMemoryBytes;
}

/** Opens the database of a data folder that this process has locked, and makes it when there is none. */
export function openDatabase(folder: string, sync: Sync): DatabaseSync {
  const path = join(folder, databaseName);
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: 0 });
    database.exec(`PRAGMA synchronous = ${sync === 'full' ? 'FULL' : 'OFF'}; PRAGMA journal_mode = WAL; PRAGMA temp_store = MEMORY`);
    const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
    if (version > schemaVersion) {
      throw new FlockworkError(
        'data_dir_unusable',
        `${path} was written by a newer Flockwork (schema ${version}, this one knows ${schemaVersion}); run that version or choose another folder with --data-dir`,
        {
          details: { path, version, known: schemaVersion },
        },
      );
    }
    if (version === 0) create(database);
    return database;
  } catch (error) {
    database?.close();
    if (sqliteCode(error) === sqliteIo && isOutOfRoom(folder)) {
      throw new FlockworkError('store_full', `could not open ${path}: the disk of the data folder is full; free space and try again`, { cause: error });
    }
    throw storeError(error, `open ${path}`);
  }
}

/** The random identity that the store got when it was made. */
export function storeId(database: DatabaseSync): string {
  const value = database.prepare(`SELECT value FROM meta WHERE name = 'store'`).get()?.['value'];
  if (typeof value !== 'string') throw new FlockworkError('journal_corrupt', 'the database has lost its identity; restore the data folder from a backup');
  return value;
}
