import { setTimeout as pause } from 'node:timers/promises';
import type { JetStreamPublishOptions, PubAck } from '@nats-io/jetstream';
import { headers } from '@nats-io/transport-node';
import { FlockworkError } from '../../../protocols/errors/error.ts';
import * as bounds from './bounds.ts';
import { apiCode, apiCodes, isTransient } from './errors.ts';
import type { Link } from './link.ts';

/** Pauses that double from `retryPauseMs` to `retryPauseMaxMs`, until `forMs` have passed. */
export class Backoff {
  readonly #until: number;
  #next = bounds.retryPauseMs;

  constructor(forMs: number) {
    this.#until = performance.now() + forMs;
  }

  /** False when the time is over. */
  async wait(): Promise<boolean> {
    if (performance.now() + this.#next > this.#until) return false;
    await pause(this.#next);
    this.#next = Math.min(2 * this.#next, bounds.retryPauseMaxMs);
    return true;
  }
}

export interface StoredPublish {
  readonly subject: string;
  readonly body: Uint8Array | string;
  /** The same id again within the dedupe window stores nothing. */
  readonly id?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Publishes into a stream and resolves once the server has stored it. Repeats while the bus is away, under the same id:
 * only for what is safe to store again, or has an id.
 */
export async function publishStored(link: Link, message: StoredPublish, what: string): Promise<PubAck> {
  const backoff = new Backoff(link.retryForMs);
  for (;;) {
    try {
      return await link.js.publish(message.subject, message.body, publishOptions(link, message));
    } catch (error) {
      const again = isTransient(error) || apiCode(error) === apiCodes.duplicateInProcess;
      if (!again || link.closed || !(await backoff.wait())) throw link.error(error, what);
    }
  }
}

/** Fresh headers for each attempt: the client writes into them. */
export function publishOptions(link: Link, message: Pick<StoredPublish, 'id' | 'headers'>): Partial<JetStreamPublishOptions> {
  const own = headers();
  for (const [name, value] of Object.entries(message.headers ?? {})) own.set(name, value);
  return { timeout: link.requestTimeoutMs, headers: own, ...(message.id === undefined ? {} : { msgID: message.id }) };
}

/** Text of any kind as a header value: headers take no line breaks. */
export const toHeader = (text: string): string => encodeURIComponent(text.toWellFormed());
export const fromHeader = (value: string): string => decodeURIComponent(value);

export function checkSize(link: Link, bytes: number, what: string): void {
  const bytesMax = link.messageBytesMax - bounds.messageOverheadBytes;
  if (bytes <= bytesMax) return;
  throw new FlockworkError(
    'record_too_large',
    `could not ${what}: ${bytes} bytes are above the ${bytesMax} that the NATS server takes in one message (max_payload)`,
    {
      details: { bytes, bytesMax },
    },
  );
}
