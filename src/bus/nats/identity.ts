import { randomBytes } from 'node:crypto';
import { FlockworkError } from '../../../protocols/errors/error.ts';
import { apiCode, apiCodes } from './errors.ts';
import type { Link } from './link.ts';
import { publishOptions } from './publish.ts';
import { lastOf } from './stored.ts';

const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';
const nameLength = 8;
/** How often processes that open at the same time get in each other's way before one gives up. */
const triesMax = 10;

/**
 * The identity of the journal's store, kept outside its stream. A new one is drawn when the stream was made anew or has
 * gone back behind what an earlier opening saw: cursors of before then name positions that may mean something else.
 * A restore of all streams together must remove the key `store` of the bucket FLOCK_META
 * (`nats kv del FLOCK_META store`). With `keeps` false nothing is written where the
 * identity still holds.
 */
export async function storeIdentity(link: Link, journal: { created: string; head: number }, keeps: boolean): Promise<string> {
  const stream = link.names.meta;
  const subject = `${link.names.metaPrefix}store`;
  for (let tries = 0; tries < triesMax; tries++) {
    const kept = await lastOf(link, stream, subject);
    const known = kept === undefined ? undefined : parse(kept.string());
    const same = known !== undefined && known.created === journal.created && known.head <= journal.head;
    if (same && !keeps) return known.store;
    const next = { store: same ? known.store : draw(), created: journal.created, head: journal.head };
    try {
      await link.js.publish(subject, JSON.stringify(next), { ...publishOptions(link, {}), expect: { lastSubjectSequence: kept?.seq ?? 0 } });
    } catch (error) {
      if (apiCode(error) === apiCodes.wrongLastSequence || apiCode(error) === apiCodes.wrongLastSequenceUnknown) continue;
      throw link.error(error, 'write the identity of the store');
    }
    return next.store;
  }
  throw new FlockworkError('bus_unreachable', `the identity of the store was changed by others ${triesMax} times in a row; start again`);
}

function parse(text: string): { store: string; created: string; head: number } | undefined {
  // What the tools of NATS leave of a key that was removed.
  if (text === '') return undefined;
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || !('store' in value) || !('created' in value) || !('head' in value)) return undefined;
  const { store, created, head } = value;
  return typeof store === 'string' && typeof created === 'string' && typeof head === 'number' ? { store, created, head } : undefined;
}

function draw(): string {
  return Array.from(randomBytes(nameLength), (byte) => alphabet[byte % alphabet.length]).join('');
}
