import type { Msg } from '@nats-io/transport-node';
import { nanos } from '@nats-io/transport-node';
import type { Delivery } from '../../../actors/ports/queue.ts';
import { Claim, type Claims } from './claims.ts';
import type { DeadLetters } from './dead-letters.ts';
import { isTransient } from './errors.ts';
import type { Link } from './link.ts';
import { Backoff, fromHeader } from './publish.ts';
import type { DeliveryInfo } from './pull.ts';
import { deadIdHeader, idHeader } from './queue-headers.ts';

const decoder = new TextDecoder();

export interface DeliveryParts {
  readonly link: Link;
  readonly claims: Claims;
  readonly dead: DeadLetters;
  readonly ackWaitMs: number;
}

/** One claimed message. Every answer to the server is a request, so that it resolves when the server has done it. */
export class NatsDelivery implements Delivery {
  readonly subject: string;
  readonly id: string;
  readonly body: string;
  readonly deliveries: number;
  readonly #parts: DeliveryParts;
  readonly #claim: Claim;
  readonly #sequence: number;
  readonly #reply: string;

  constructor(parts: DeliveryParts, message: Msg, info: DeliveryInfo) {
    this.#parts = parts;
    this.subject = message.subject;
    // What was a dead letter carries its own id beside the one of its second way in.
    this.id = fromHeader(message.headers?.get(deadIdHeader) || message.headers?.get(idHeader) || '');
    this.body = decoder.decode(message.data);
    this.deliveries = info.deliveries;
    this.#sequence = info.sequence;
    this.#reply = message.reply ?? '';
    this.#claim = new Claim(parts.ackWaitMs, `message ${this.id} on ${this.subject}`, performance.now());
    parts.claims.take(info.sequence, this.#claim);
  }

  async ack(): Promise<void> {
    await this.#settle('+ACK', 'acknowledge');
  }

  async nak(delayMs = 0): Promise<void> {
    await this.#settle(delayMs > 0 ? `-NAK ${JSON.stringify({ delay: nanos(delayMs) })}` : '-NAK', 'give back');
  }

  async working(): Promise<void> {
    this.#claim.check();
    const asked = performance.now();
    await this.#say('+WPI', 'renew the claim of');
    this.#claim.renew(asked);
  }

  async bury(reason: string): Promise<void> {
    this.#claim.check();
    await this.#parts.dead.bury(this, reason, this.#sequence);
    // `+TERM` takes no reason before 2.10 and keeps the message then; an acknowledgement takes it off on all versions.
    await this.#settle('+ACK', 'bury');
  }

  async #settle(answer: string, what: string): Promise<void> {
    this.#claim.check();
    await this.#say(answer, what);
    this.#claim.settle();
    this.#parts.claims.drop(this.#sequence, this.#claim);
  }

  /** The same answer again does no harm while the claim lasts. */
  async #say(answer: string, what: string): Promise<void> {
    const { link } = this.#parts;
    const backoff = new Backoff(link.retryForMs);
    for (;;) {
      try {
        await link.nc.request(this.#reply, answer, { timeout: link.requestTimeoutMs });
        return;
      } catch (error) {
        if (!isTransient(error) || link.closed || !(await backoff.wait())) throw link.error(error, `${what} message ${this.id} on ${this.subject}`);
        this.#claim.check();
      }
    }
  }
}
