import type { StoredMsg } from '@nats-io/jetstream';
import { isTransient } from './errors.ts';
import type { Link } from './link.ts';
import { Backoff } from './publish.ts';

/** The last message of a subject or pattern, read from the stream's leader. */
export function lastOf(link: Link, stream: string, subject: string): Promise<StoredMsg | undefined> {
  return get(link, stream, { last_by_subj: subject }, subject);
}

/** The first message of a subject with a larger sequence, read from the stream's leader. */
export function nextOf(link: Link, stream: string, subject: string, after: number): Promise<StoredMsg | undefined> {
  const query = { seq: after + 1, next_by_subj: subject };
  return get(link, stream, query, subject);
}

/** The largest sequence of a stream, also when that message is gone. */
export async function headOf(link: Link, stream: string): Promise<number> {
  return repeated(link, `read the head of ${stream}`, async () => (await link.jsm.streams.info(stream)).state.last_seq);
}

async function get(
  link: Link,
  stream: string,
  query: { last_by_subj: string } | { seq: number; next_by_subj: string },
  subject: string,
): Promise<StoredMsg | undefined> {
  return repeated(link, `read ${subject} of ${stream}`, async () => (await link.jsm.streams.getMessage(stream, query)) ?? undefined);
}

/** Reading again is always safe: repeats while the bus is away. */
async function repeated<T>(link: Link, what: string, read: () => Promise<T>): Promise<T> {
  const backoff = new Backoff(link.retryForMs);
  for (;;) {
    try {
      return await read();
    } catch (error) {
      if (!isTransient(error) || link.closed || !(await backoff.wait())) throw link.error(error, what);
    }
  }
}
