import type { Msg } from '@nats-io/transport-node';
import type { DeadLetter, Delivery, PullOptions, Queue, QueueMessage } from '../../../actors/ports/queue.ts';
import { FlockworkError, failureOf } from '../../../protocols/errors/error.ts';
import { isToken } from '../../../protocols/subjects.ts';
import { Claims } from './claims.ts';
import { DeadLetters } from './dead-letters.ts';
import { type DeliveryParts, NatsDelivery } from './delivery.ts';
import type { Link } from './link.ts';
import { type QueueKind, wrong } from './patterns.ts';
import { checkSize, publishStored, toHeader } from './publish.ts';
import { Pull, type PullEnd, parseDelivery, pullAtOnce } from './pull.ts';
import { ensureConsumer } from './streams.ts';

/** Nothing is there, or nothing came in time. */
const quietStatuses: ReadonlySet<number> = new Set([404, 408]);

/** The tokens of a subject up to its topic. */
const topicTokens = 4;

type Lane = ReturnType<QueueKind['lanes']>[number];

export interface QueueParts {
  readonly kind: QueueKind;
  readonly stream: string;
  readonly ackWaitMs: number;
}

/**
 * A work-queue stream with a durable pull consumer per topic, or per topic and priority. What was given back, and what a
 * delay holds, counts as claimed until it is delivered again. A server keeps an acknowledgement in memory for a moment
 * (measured: under half a second on 2.9.10): killed within it, it delivers the message again.
 */
export class NatsQueue implements Queue {
  readonly ackWaitMs: number;
  readonly #link: Link;
  readonly #kind: QueueKind;
  readonly #stream: string;
  readonly #dead: DeadLetters;
  readonly #delivery: DeliveryParts;
  readonly #topics = new Map<string, Promise<readonly Lane[]>>();

  constructor(link: Link, { kind, stream, ackWaitMs }: QueueParts) {
    this.ackWaitMs = ackWaitMs;
    this.#link = link;
    this.#kind = kind;
    this.#stream = stream;
    this.#dead = new DeadLetters(link, kind.name);
    this.#delivery = { link, claims: new Claims(), dead: this.#dead, ackWaitMs };
  }

  async push(message: QueueMessage): Promise<{ duplicate: boolean }> {
    if (this.#kind.topicOf(message.subject) === undefined) throw wrong(message.subject, `a subject of the queue ${this.#kind.name}`);
    const what = `push message ${message.id} to ${message.subject}`;
    checkSize(this.#link, Buffer.byteLength(message.body), what);
    const answer = await publishStored(this.#link, { subject: message.subject, body: message.body, id: toHeader(message.id) }, what);
    return { duplicate: answer.duplicate };
  }

  async pull({ topic, max, waitMs, signal }: PullOptions): Promise<readonly Delivery[]> {
    if (signal?.aborted === true || max < 1) return [];
    const deadline = performance.now() + waitMs;
    const lanes = await this.#lanes(topic);
    try {
      if (lanes.length > 1) {
        const there = await this.#sweep(lanes, max);
        if (there.length > 0 || performance.now() >= deadline) return there;
      }
      return await this.#wait(lanes, { max, waitMs: Math.max(0, deadline - performance.now()), ...(signal === undefined ? {} : { signal }) });
    } catch (error) {
      // The consumers may be gone: look again at the next pull.
      this.#topics.delete(topic);
      throw this.#link.error(error, `pull from topic ${topic} of ${this.#stream}`);
    }
  }

  async depth(topic: string): Promise<{ waiting: number; claimed: number }> {
    let lanes: readonly Lane[];
    try {
      lanes = await this.#lanes(topic);
    } catch (error) {
      // Who may not make the consumers counts what there is to consume; nobody has pulled any of it.
      if (failureOf(error).code === 'bus_refused') return { waiting: await this.#stored(topic), claimed: 0 };
      throw error;
    }
    try {
      const infos = await Promise.all(lanes.map((lane) => this.#link.jsm.consumers.info(this.#stream, lane.consumer)));
      return { waiting: infos.reduce((sum, info) => sum + info.num_pending, 0), claimed: infos.reduce((sum, info) => sum + info.num_ack_pending, 0) };
    } catch (error) {
      throw this.#link.error(error, `count topic ${topic} of ${this.#stream}`);
    }
  }

  async #stored(topic: string): Promise<number> {
    try {
      const [lane] = this.#kind.lanes(topic);
      const filter = `${lane?.filter.split('.').slice(0, topicTokens).join('.')}.>`;
      const { state } = await this.#link.jsm.streams.info(this.#stream, { subjects_filter: filter });
      return Object.values(state.subjects ?? {}).reduce((sum, count) => sum + count, 0);
    } catch (error) {
      throw this.#link.error(error, `count topic ${topic} of ${this.#stream}`);
    }
  }

  dead(options: { limit?: number } = {}): Promise<readonly DeadLetter[]> {
    return this.#dead.list(options.limit);
  }

  buryMessage(message: QueueMessage, reason: string): Promise<void> {
    return this.#dead.bury(message, reason);
  }

  async requeue(letter: Pick<QueueMessage, 'subject' | 'id'>, as: string = letter.subject): Promise<number> {
    if (this.#kind.topicOf(as) === undefined) throw wrong(as, `a subject of the queue ${this.#kind.name}`);
    return this.#dead.requeue(letter, as);
  }

  #lanes(topic: string): Promise<readonly Lane[]> {
    const known = this.#topics.get(topic);
    if (known !== undefined) return known;
    if (!isToken(topic)) return Promise.reject(wrong(topic, `a topic of the queue ${this.#kind.name}`));
    const lanes = this.#kind.lanes(topic);
    const made = Promise.all(
      lanes.map((lane) => ensureConsumer(this.#link, this.#stream, { name: lane.consumer, filter: lane.filter, ackWaitMs: this.ackWaitMs })),
    ).then(() => lanes);
    this.#topics.set(topic, made);
    made.catch(() => this.#topics.delete(topic));
    return made;
  }

  /** What is there now, lane by lane in their order. */
  async #sweep(lanes: readonly Lane[], max: number): Promise<Delivery[]> {
    const found: Delivery[] = [];
    for (const lane of lanes) {
      if (found.length >= max) break;
      const { messages, ended } = await pullAtOnce(this.#link, { stream: this.#stream, consumer: lane.consumer, batch: max - found.length });
      found.push(...messages.flatMap((message) => this.#deliveryOf(message)));
      if (found.length > 0) continue;
      if (ended === undefined)
        throw new FlockworkError('bus_unreachable', `consumer ${lane.consumer} of ${this.#stream} gave no answer within ${this.#link.requestTimeoutMs} ms`);
      checkEnd(ended, lane.consumer);
    }
    return found;
  }

  /** Waits on all lanes at once; the first message ends it. What came besides and fits is taken along, the rest given back. */
  async #wait(lanes: readonly Lane[], options: { max: number; waitMs: number; signal?: AbortSignal }): Promise<readonly Delivery[]> {
    const { promise, resolve } = Promise.withResolvers<PullEnd | undefined>();
    const messages: Msg[] = [];
    let open = lanes.length;
    const request = { stream: this.#stream, batch: options.max, waitMs: Math.ceil(options.waitMs) };
    const pull = new Pull(
      this.#link,
      lanes.map((lane) => ({ ...request, consumer: lane.consumer })),
      {
        onMessage: (message) => {
          messages.push(message);
          // One lane is let finish, its answer ends with what is there; of several the first must not wait for the others.
          if (lanes.length > 1) resolve(undefined);
        },
        onEnd: (_at, end) => {
          open--;
          if (open === 0 || messages.length > 0 || (end.type === 'status' && !quietStatuses.has(end.status))) resolve(end);
        },
      },
    );
    const leave = (): void => resolve(undefined);
    const timer = setTimeout(leave, options.waitMs + this.#link.requestTimeoutMs);
    const forget = this.#link.onReconnect(leave);
    options.signal?.addEventListener('abort', leave, { once: true });
    // It may have been aborted while the consumers were made.
    if (options.signal?.aborted === true) leave();
    const end = await promise.finally(() => {
      clearTimeout(timer);
      forget();
      options.signal?.removeEventListener('abort', leave);
    });
    if (open === 0) pull.unsubscribe();
    else await pull.stop();
    if (messages.length === 0) checkEnd(end, lanes.map((lane) => lane.consumer).join(', '));
    const wanted = options.signal?.aborted === true ? 0 : options.max;
    await Promise.all(messages.slice(wanted).map((message) => this.#giveBack(message)));
    return messages.slice(0, wanted).flatMap((message) => this.#deliveryOf(message));
  }

  #deliveryOf(message: Msg): Delivery[] {
    const info = parseDelivery(message.reply);
    return info === undefined ? [] : [new NatsDelivery(this.#delivery, message, info)];
  }

  async #giveBack(message: Msg): Promise<void> {
    for (const delivery of this.#deliveryOf(message)) await delivery.nak().catch((error: unknown) => this.#link.fault(error));
  }
}

function checkEnd(end: PullEnd | undefined, consumer: string): void {
  if (end?.type !== 'status' || quietStatuses.has(end.status)) return;
  if (end.status === 409)
    throw new FlockworkError('too_many_requests', `consumer ${consumer} has as many waiting pulls as it may, or was removed; pull again later`, {
      details: { consumer },
    });
  throw new FlockworkError('bus_unreachable', `consumer ${consumer} gave no messages (status ${end.status}); is its stream there?`, {
    details: { consumer, status: end.status },
  });
}
