import { randomUUID } from 'node:crypto';
import { AckPolicy, DeliverPolicy } from '@nats-io/jetstream';
import { type Msg, type MsgHdrs, nanos } from '@nats-io/transport-node';
import { FlockworkError } from '../../../protocols/errors/error.ts';
import * as bounds from './bounds.ts';
import { isTransient } from './errors.ts';
import type { Link } from './link.ts';
import { Backoff } from './publish.ts';
import { parseDelivery, pullAtOnce } from './pull.ts';

export interface StreamRead {
  readonly stream: string;
  /** A subject or pattern within the subjects of the stream. */
  readonly filter: string;
  /** Only messages with a larger sequence. */
  readonly after: number;
  /** None with a larger sequence. */
  readonly head: number;
  readonly headersOnly?: boolean;
}

export interface ReadMessage {
  readonly sequence: number;
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers: MsgHdrs | undefined;
  /** Milliseconds since 1970 by the server's clock. */
  readonly storedAt: number;
}

/**
 * What a stream holds for a filter, in order of sequence, through a consumer that lives as long as the reading. Batches are
 * asked for one at a time, so a slow reader holds back the server. A gap in the consumer's own count, or silence, makes
 * another consumer begin after the last message handed over.
 */
export async function* readStream(link: Link, read: StreamRead): AsyncGenerator<ReadMessage, void, undefined> {
  let after = read.after;
  for (let restarts = 0; after < read.head; restarts++) {
    if (restarts > bounds.readerRestartsMax)
      throw new FlockworkError('bus_unreachable', `a reader of ${read.stream} got no answer ${restarts} times in a row; is the server overloaded?`);
    const consumer = await addConsumer(link, { ...read, after });
    try {
      if (consumer.pending === 0) return;
      for (let count = 0, ended = false; !ended; ) {
        const { messages, ended: end } = await pullAtOnce(link, {
          stream: read.stream,
          consumer: consumer.name,
          batch: bounds.readBatchMessagesMax,
          bytesMax: bounds.readBatchBytesMax,
        });
        let pending = -1;
        for (const message of messages) {
          const info = parseDelivery(message.reply);
          if (info === undefined || info.consumerSequence !== count + 1) break;
          if (info.sequence > read.head) return;
          count++;
          pending = info.pending;
          after = info.sequence;
          restarts = 0;
          yield messageOf(message, info);
        }
        if (pending === 0 || (messages.length === 0 && end?.type === 'status' && end.status === 404)) return;
        ended = pending < 0 || end === undefined;
      }
    } finally {
      // Nobody waits for this; a consumer that stays behind ends by itself after readerIdleMs.
      if (!link.closed) link.jsm.consumers.delete(read.stream, consumer.name).catch((error: unknown) => link.closed || isTransient(error) || link.fault(error));
    }
  }
}

async function addConsumer(link: Link, read: StreamRead): Promise<{ name: string; pending: number }> {
  const backoff = new Backoff(link.retryForMs);
  for (;;) {
    try {
      const info = await link.jsm.consumers.add(read.stream, {
        name: `read-${randomUUID()}`,
        filter_subject: read.filter,
        ack_policy: AckPolicy.None,
        deliver_policy: DeliverPolicy.StartSequence,
        opt_start_seq: read.after + 1,
        inactive_threshold: nanos(bounds.readerIdleMs),
        mem_storage: true,
        num_replicas: 1,
        ...(read.headersOnly === true ? { headers_only: true } : {}),
      });
      return { name: info.name, pending: info.num_pending };
    } catch (error) {
      if (!isTransient(error) || link.closed || !(await backoff.wait())) throw link.error(error, `read ${read.filter} of ${read.stream}`);
    }
  }
}

function messageOf(message: Msg, info: { sequence: number; storedAt: number }): ReadMessage {
  return { sequence: info.sequence, subject: message.subject, data: message.data, headers: message.headers, storedAt: info.storedAt };
}
