import type { Journal } from '../../actors/ports/journal.ts';
import { recordBody, splitRecord } from '../../protocols/journal/record.ts';
import { type ActorAddress, journalSubject, parseJournalSubject, rootPattern } from '../../protocols/subjects.ts';
import type { PastRecord } from '../telemetry/index.ts';

/** The records of an actor, or of all actors of its goal, as the journal has them. Those whose bytes were redacted are left out. */
export async function* pastRecords(journal: Pick<Journal, 'read'>, address: ActorAddress, of: 'actor' | 'goal'): AsyncGenerator<PastRecord> {
  const pattern = of === 'goal' ? rootPattern(address.tenant, address.root) : journalSubject(address);
  for await (const { stream, records } of journal.read(pattern)) {
    const actor = parseJournalSubject(stream)?.actor;
    if (actor === undefined) continue;
    for (const line of records) {
      const { body } = splitRecord(line);
      if (body === '') continue;
      const { n, at, facts } = recordBody.parse(JSON.parse(body));
      yield { actor, n, at, facts };
    }
  }
}
