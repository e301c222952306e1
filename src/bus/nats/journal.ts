import { type Journal, type JournalEntry, nothingBefore, type Position, type ReadOptions, type Subscription } from '../../../actors/ports/journal.ts';
import { FlockworkError } from '../../../protocols/errors/error.ts';
import { appendRecordsMax, recordBytesMax } from '../../../protocols/journal/record.ts';
import { subjectMatches } from '../../../protocols/subjects.ts';
import * as bounds from './bounds.ts';
import { entryOf } from './entry.ts';
import { apiCode, apiCodes, isTransient } from './errors.ts';
import { followJournal } from './follow.ts';
import type { Link } from './link.ts';
import { checkJournalSubject, journalFilter } from './patterns.ts';
import { Backoff, checkSize, publishOptions, toHeader } from './publish.ts';
import { readStream } from './read-stream.ts';
import { headOf, lastOf, nextOf } from './stored.ts';

const encoder = new TextEncoder();
const idHeader = 'Nats-Msg-Id';

/** Answers that say: look who is at that position. */
const contended: ReadonlySet<number | undefined> = new Set([apiCodes.wrongLastSequence, apiCodes.duplicateInProcess, apiCodes.wrongLastSequenceUnknown]);

/**
 * The journal in one stream: an append is one message, a position the sequence of the last message of its subject.
 * Every writer at a position uses the same message id, so that two cannot win even where the expected sequence alone
 * lets them; a lost answer is found again by reading what stands there.
 */
export class NatsJournal implements Journal {
  readonly store: string;
  readonly #link: Link;
  readonly #followCheckMs: number;
  /** Heads asked for by readers; appends that begin later wait, so that a read ends where its call was made. */
  readonly #heads = new Set<Promise<unknown>>();
  #appended = 0;

  constructor(link: Link, options: { store: string; followCheckMs: number }) {
    this.#link = link;
    this.store = options.store;
    this.#followCheckMs = options.followCheckMs;
  }

  /** The largest sequence that this process has appended. */
  get appended(): number {
    return this.#appended;
  }

  async append(stream: string, after: Position, records: readonly string[]): Promise<Position> {
    checkJournalSubject(stream, this.#link.names);
    const body = this.#bodyOf(stream, records);
    const expected = /^\d{1,15}$/.test(after) ? Number(after) : undefined;
    if (expected === undefined) throw conflict(stream, after, undefined);
    await Promise.allSettled(this.#heads);
    const sequence = await this.#store(stream, expected, body);
    this.#appended = Math.max(this.#appended, sequence);
    return String(sequence);
  }

  read(pattern: string, options: ReadOptions = {}): AsyncIterable<JournalEntry> {
    const head = this.head();
    this.#heads.add(head);
    const answered = (): boolean => this.#heads.delete(head);
    head.then(answered, answered);
    return this.#entries(pattern, head, options);
  }

  async follow(pattern: string, onEntry: (entry: JournalEntry) => void): Promise<Subscription> {
    const { names } = this.#link;
    const filter = journalFilter(pattern, names);
    return followJournal(this.#link, this, { pattern, filter, whole: filter === `flock.${names.tenant}.journal.>`, checkMs: this.#followCheckMs, onEntry });
  }

  head(): Promise<number> {
    return headOf(this.#link, this.#link.names.journal);
  }

  async *#entries(
    pattern: string,
    head: Promise<number>,
    { after = 0, limit = Number.POSITIVE_INFINITY }: ReadOptions,
  ): AsyncGenerator<JournalEntry, void, undefined> {
    if (limit <= 0) return;
    const filter = journalFilter(pattern, this.#link.names);
    let count = 0;
    for await (const message of readStream(this.#link, { stream: this.#link.names.journal, filter, after, head: await head })) {
      if (filter !== pattern && !subjectMatches(pattern, message.subject)) continue;
      yield entryOf(message.subject, message.sequence, message.data);
      if (++count >= limit) return;
    }
  }

  #bodyOf(stream: string, records: readonly string[]): Uint8Array {
    if (records.length < 1 || records.length > appendRecordsMax) {
      throw new FlockworkError('invalid_request', `an append holds 1 to ${appendRecordsMax} records, not ${records.length}`, {
        details: { stream, records: records.length },
      });
    }
    for (const [at, record] of records.entries()) {
      if (record.includes('\n'))
        throw new FlockworkError('invalid_request', `record ${at} of an append to ${stream} has a line break; a record is one line`, {
          details: { stream, at },
        });
      const bytes = Buffer.byteLength(record);
      if (bytes <= recordBytesMax) continue;
      throw new FlockworkError(
        'record_too_large',
        `record ${at} of an append to ${stream} has ${bytes} bytes, more than ${recordBytesMax}; put large values into a blob`,
        {
          details: { stream, at, bytes, recordBytesMax },
        },
      );
    }
    const body = encoder.encode(records.join('\n'));
    checkSize(this.#link, body.byteLength + 4 * stream.length, `append ${records.length} records to ${stream} at once`);
    return body;
  }

  async #store(stream: string, expected: number, body: Uint8Array): Promise<number> {
    const link = this.#link;
    const id = positionId(stream, expected);
    const backoff = new Backoff(link.retryForMs);
    const behind = { left: link.replicas === 1 ? 0 : bounds.behindRetriesMax };
    for (;;) {
      let failure: unknown;
      try {
        const answer = await link.js.publish(stream, body, { ...publishOptions(link, { id }), expect: { lastSubjectSequence: expected } });
        if (!answer.duplicate) return answer.seq;
      } catch (error) {
        if (!contended.has(apiCode(error)) && !isTransient(error)) throw link.error(error, `append to ${stream}`);
        failure = error;
      }
      // After silence the same publish, under the same id, asks again; else the record at the position tells.
      const found = isTransient(failure) ? undefined : await this.#findAt(stream, expected, body, behind);
      if (found !== undefined) return found;
      if (link.closed || !(await backoff.wait()))
        throw link.error(
          failure ?? new FlockworkError('bus_unreachable', `what stands after ${expected} in ${stream} did not show in time`),
          `append to ${stream}`,
        );
    }
  }

  /** The sequence of these very records at the position; undefined when nothing is there yet; a conflict when others are. */
  async #findAt(stream: string, expected: number, body: Uint8Array, behind: { left: number }): Promise<number | undefined> {
    const last = await lastOf(this.#link, this.#link.names.journal, stream);
    const lastSequence = last?.seq ?? 0;
    if (lastSequence === expected) return undefined;
    if (lastSequence < expected) {
      if (behind.left-- > 0) return undefined;
      throw conflict(stream, String(expected), lastSequence);
    }
    const next =
      last !== undefined && last.header.get(idHeader) === positionId(stream, expected)
        ? last
        : await nextOf(this.#link, this.#link.names.journal, stream, expected);
    if (next === undefined) return undefined;
    if (Buffer.compare(next.data, body) !== 0) throw conflict(stream, String(expected), lastSequence);
    return next.seq;
  }
}

/** The same for every writer at a position. */
function positionId(stream: string, expected: number): string {
  return toHeader(`${stream}:${expected === 0 ? nothingBefore : expected}`);
}

function conflict(stream: string, expected: Position, found: number | undefined): FlockworkError {
  return new FlockworkError('journal_conflict', `another writer was at position ${expected} of ${stream}; stop this cell, the actor has another owner`, {
    details: { stream, expected, ...(found === undefined ? {} : { found }) },
  });
}
