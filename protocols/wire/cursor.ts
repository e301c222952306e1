import { FlockworkError } from '../errors/error.ts';

/** Where a watcher stands: after fact `index` of journal entry `sequence` of store `store`. */
export interface Cursor {
  readonly store: string;
  readonly sequence: number;
  readonly index: number;
}

const pattern = /^([A-Za-z0-9_]{1,32})-(\d{1,15})-(\d{1,9})$/;

/** `<store>-<sequence>-<index>`. Opaque to clients. */
export function formatCursor({ store, sequence, index }: Cursor): string {
  return `${store}-${sequence}-${index}`;
}

/** Reads a cursor of this store. Absent, `''` and `'0'` are the beginning (undefined); anything else unknown throws `cursor_unknown`. */
export function parseCursor(text: string | undefined, store: string): Cursor | undefined {
  if (text === undefined || text === '' || text === '0') return undefined;
  const match = pattern.exec(text);
  if (match === null || match[1] !== store) {
    throw new FlockworkError('cursor_unknown', `cursor '${text.slice(0, 64)}' is not one of store '${store}'; watch again from the beginning with "0"`, {
      details: { store },
    });
  }
  return { store, sequence: Number(match[2]), index: Number(match[3]) };
}
