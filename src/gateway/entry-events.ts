import type { JournalEntry } from '../../actors/ports/journal.ts';
import { FlockworkError } from '../../protocols/errors/error.ts';
import { recordBody, splitRecord } from '../../protocols/journal/record.ts';
import { type ActorAddress, parseJournalSubject } from '../../protocols/subjects.ts';
import { formatCursor } from '../../protocols/wire/cursor.ts';
import { endsGoal, type GoalEvent } from '../../protocols/wire/methods.ts';
import type { FeedEvent } from './event-batch.ts';

/**
 * The facts of a journal entry, in order; their index within the entry is the last part of the cursor.
 * A record whose bytes were redacted has no facts left. Throws `journal_corrupt`.
 */
export function entryEvents(store: string, entry: JournalEntry, address: ActorAddress | undefined = parseJournalSubject(entry.stream)): FeedEvent[] {
  if (address === undefined) throw corrupt(entry, 'its stream is no journal');
  const { root, actor } = address;
  const events: FeedEvent[] = [];
  let index = 0;
  for (const line of entry.records) {
    const { body } = splitRecord(line);
    if (body === '') continue;
    const { at, facts } = parseBody(entry, body);
    for (const { seq, type, data } of facts) {
      const cursor = formatCursor({ store, sequence: entry.sequence, index });
      const event: GoalEvent = { goalId: root, cursor, actor, seq, at, type, data };
      events.push({ cursor, json: JSON.stringify(event), ends: endsGoal(event) });
      index++;
    }
  }
  return events;
}

function parseBody(entry: JournalEntry, body: string) {
  try {
    return recordBody.parse(JSON.parse(body));
  } catch (cause) {
    throw corrupt(entry, 'a record cannot be read', cause);
  }
}

function corrupt(entry: JournalEntry, what: string, cause?: unknown): FlockworkError {
  return new FlockworkError('journal_corrupt', `entry ${entry.sequence} of ${entry.stream}: ${what}; run 'flockwork audit verify' on the goal`, {
    details: { stream: entry.stream, sequence: entry.sequence },
    ...(cause === undefined ? {} : { cause }),
  });
}
