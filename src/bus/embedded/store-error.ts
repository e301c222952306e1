import { FlockworkError } from '../../../protocols/errors/error.ts';

/** Primary result codes of SQLite, https://www.sqlite.org/rescode.html */
export const sqliteBusy = 5;
const sqliteReadOnly = 8;
export const sqliteIo = 10;
const sqliteCorrupt = 11;
const sqliteFull = 13;
const sqliteNoDatabase = 26;

/** The primary result code of an error of node:sqlite, undefined for any other. */
export function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'ERR_SQLITE_ERROR' || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
}

/** True when the store itself failed, so that nothing of the running transaction can be kept. */
export function endsTransaction(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === sqliteFull || code === sqliteIo || code === sqliteCorrupt || code === sqliteNoDatabase || code === sqliteReadOnly;
}

/** Reads what SQLite or the file system threw as an error of the catalogue; `doing` is what was tried, as in "append to x". */
export function storeError(error: unknown, doing: string): FlockworkError {
  if (error instanceof FlockworkError) return error;
  const cause = error instanceof Error ? error.message : String(error);
  // node:sqlite says this of a database that was closed.
  if (error instanceof Error && 'code' in error && error.code === 'ERR_INVALID_STATE') {
    return new FlockworkError('closed', `could not ${doing}: the bus was closed; open it again`, { cause: error });
  }
  const code = sqliteCode(error);
  if (code === sqliteFull || systemCode(error) === 'ENOSPC' || systemCode(error) === 'EDQUOT') {
    return new FlockworkError('store_full', `could not ${doing}: the disk of the data folder is full and nothing was written; free space and try again`, {
      cause: error,
    });
  }
  if (code === sqliteCorrupt || code === sqliteNoDatabase) {
    return new FlockworkError(
      'journal_corrupt',
      `could not ${doing}: the database is damaged (${cause}); stop the node and restore the data folder from a backup`,
      { cause: error },
    );
  }
  if (code !== undefined || systemCode(error) !== undefined) {
    return new FlockworkError('store_failed', `could not ${doing}: ${cause}; look at the disk of the data folder, then try again`, { cause: error });
  }
  return new FlockworkError('internal', `could not ${doing}: ${cause}`, { cause: error });
}

/** Runs a read of the store; what it throws becomes an error of the catalogue. */
export function reading<T>(doing: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw storeError(error, doing);
  }
}

/** The code of an error of the operating system, such as ENOENT. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
