import { randomUUID } from 'node:crypto';
import type { DeadLetter, QueueMessage } from '../../../actors/ports/queue.ts';
import * as bounds from './bounds.ts';
import { apiCode, apiCodes } from './errors.ts';
import type { Link } from './link.ts';
import { checkSize, fromHeader, publishStored, toHeader } from './publish.ts';
import { deadIdHeader, deadReasonHeader, deadSubjectHeader } from './queue-headers.ts';
import { readStream } from './read-stream.ts';
import { headOf } from './stored.ts';

/** The longest reason kept, in characters. */
const reasonCharactersMax = 512;
const decoder = new TextDecoder();

/** The dead letters of one queue. The oldest give way above `deadLettersMax`. */
export class DeadLetters {
  readonly #link: Link;
  readonly #subject: string;

  constructor(link: Link, queue: string) {
    this.#link = link;
    this.#subject = link.names.deadPrefix + queue;
  }

  /** `sequence` names the message in its queue, so that burying it twice stores one letter. */
  async bury(message: QueueMessage, reason: string, sequence?: number): Promise<void> {
    const what = `bury message ${message.id}`;
    checkSize(this.#link, Buffer.byteLength(message.body), what);
    await publishStored(
      this.#link,
      {
        subject: this.#subject,
        body: message.body,
        id: `${this.#subject}:${sequence ?? randomUUID()}`,
        headers: {
          [deadSubjectHeader]: toHeader(message.subject),
          [deadIdHeader]: toHeader(message.id),
          [deadReasonHeader]: toHeader(reason.slice(0, reasonCharactersMax)),
        },
      },
      what,
    );
  }

  /** The oldest first. */
  async list(limit = bounds.deadListedMax): Promise<readonly DeadLetter[]> {
    const letters: DeadLetter[] = [];
    if (limit <= 0) return letters;
    for await (const { sequence: _, ...letter } of this.#read()) if (letters.push(letter) >= limit) break;
    return letters;
  }

  /**
   * Puts the letters of this subject and id back: stored in the queue first, taken off here then. Ended in between, a second asking within the
   * dedupe window stores nothing again.
   */
  async requeue(letter: Pick<QueueMessage, 'subject' | 'id'>, as: string): Promise<number> {
    let count = 0;
    for await (const { sequence, subject, id, body } of this.#read()) {
      if (subject !== letter.subject || id !== letter.id) continue;
      const again = { subject: as, body, id: `${this.#subject}:again:${sequence}`, headers: { [deadIdHeader]: toHeader(id) } };
      await publishStored(this.#link, again, `requeue message ${id}`);
      await this.#remove(sequence, id);
      count += 1;
    }
    return count;
  }

  async #remove(sequence: number, id: string): Promise<void> {
    try {
      await this.#link.jsm.streams.deleteMessage(this.#link.names.dead, sequence, false);
    } catch (error) {
      // Somebody else took it off at the same time; it was stored once.
      if (apiCode(error) !== apiCodes.messageUnknown && apiCode(error) !== apiCodes.messageNotDeleted)
        throw this.#link.error(error, `take message ${id} off the dead letters`);
    }
  }

  async *#read(): AsyncGenerator<DeadLetter & { readonly sequence: number }, void, undefined> {
    const { dead: stream } = this.#link.names;
    const head = await headOf(this.#link, stream);
    for await (const { sequence, headers, data, storedAt } of readStream(this.#link, { stream, filter: this.#subject, after: 0, head })) {
      const header = (name: string): string => fromHeader(headers?.get(name) ?? '');
      yield {
        sequence,
        subject: header(deadSubjectHeader),
        id: header(deadIdHeader),
        body: decoder.decode(data),
        reason: header(deadReasonHeader),
        at: storedAt,
      };
    }
  }
}
