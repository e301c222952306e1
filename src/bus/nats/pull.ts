import { createInbox, type Msg, nanos } from '@nats-io/transport-node';
import * as bounds from './bounds.ts';
import type { Link } from './link.ts';

/** One request for messages of a pull consumer. It is one-shot: it ends with what is there, and waits only while nothing is. */
export interface PullRequest {
  readonly stream: string;
  readonly consumer: string;
  readonly batch: number;
  readonly bytesMax?: number;
  /** How long the server keeps it when there is nothing; 0 = it answers at once. */
  readonly waitMs: number;
}

/** Why a request ended: it was filled, the server said so with a status, or the time was over. */
export type PullEnd = { readonly type: 'filled' } | { readonly type: 'status'; readonly status: number };

export interface PullHandlers {
  onMessage(message: Msg): void;
  /** Each request ends once. */
  onEnd(at: number, end: PullEnd): void;
}

/** What the server says in the reply subject of a message: where an acknowledgement goes. */
export interface DeliveryInfo {
  readonly consumer: string;
  readonly deliveries: number;
  readonly sequence: number;
  /** Counts what the consumer has delivered, without a gap. */
  readonly consumerSequence: number;
  /** When the message was stored, milliseconds since 1970. */
  readonly storedAt: number;
  readonly pending: number;
}

/**
 * `$JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<nanoseconds>.<pending>`, or the longer form that begins
 * with domain and account hash (ADR-15).
 */
export function parseDelivery(reply: string | undefined): DeliveryInfo | undefined {
  const tokens = reply?.split('.') ?? [];
  if (tokens[0] !== '$JS' || tokens[1] !== 'ACK' || tokens.length < 9) return undefined;
  const [, consumer = '', deliveries, sequence, consumerSequence, time, pending] = tokens.length === 9 ? tokens.slice(2) : tokens.slice(4);
  return {
    consumer,
    deliveries: Number(deliveries),
    sequence: Number(sequence),
    consumerSequence: Number(consumerSequence),
    storedAt: Number((time ?? '0').slice(0, -6)),
    pending: Number(pending),
  };
}

/**
 * Sends pull requests and hands over what comes. The client's own `fetch` waits a second at least and cannot be left
 * without losing sight of messages under way; this one can.
 */
export class Pull {
  readonly #link: Link;
  readonly #requests: readonly PullRequest[];
  readonly #handlers: PullHandlers;
  readonly #received = new Map<string, number>();
  readonly #inbox: string;
  readonly #subscription;

  constructor(link: Link, requests: readonly PullRequest[], handlers: PullHandlers) {
    this.#link = link;
    this.#requests = requests;
    this.#handlers = handlers;
    this.#inbox = createInbox(link.inboxPrefix);
    this.#subscription = link.nc.subscribe(`${this.#inbox}.*`, { callback: (error, message) => (error === null ? this.#take(message) : link.fault(error)) });
    for (const [at, request] of requests.entries()) {
      const body = {
        batch: request.batch,
        no_wait: true,
        ...(request.waitMs > 0 ? { expires: nanos(request.waitMs) } : {}),
        ...(request.bytesMax === undefined ? {} : { max_bytes: request.bytesMax }),
      };
      link.nc.publish(`${link.apiPrefix}.CONSUMER.MSG.NEXT.${request.stream}.${request.consumer}`, JSON.stringify(body), { reply: `${this.#inbox}.${at}` });
    }
  }

  /** Withdraws the requests; resolves when nothing can come any more. What was under way is still handed over. */
  async stop(): Promise<void> {
    if (this.#link.closed || this.#subscription.isClosed()) return;
    let timer: NodeJS.Timeout | undefined;
    const bound = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, bounds.pullDrainMs);
    });
    await Promise.race([this.#subscription.drain(), bound]).finally(() => clearTimeout(timer));
  }

  /** Withdraws the requests when the server has nothing under way: all of them have ended. */
  unsubscribe(): void {
    if (!this.#subscription.isClosed()) this.#subscription.unsubscribe();
  }

  #take(message: Msg): void {
    const info = parseDelivery(message.reply);
    if (info === undefined) {
      const at = Number(message.subject.slice(this.#inbox.length + 1));
      return this.#handlers.onEnd(at, { type: 'status', status: message.headers?.code ?? 0 });
    }
    const received = (this.#received.get(info.consumer) ?? 0) + 1;
    this.#received.set(info.consumer, received);
    this.#handlers.onMessage(message);
    const at = this.#requests.findIndex((request) => request.consumer === info.consumer);
    if (received === this.#requests[at]?.batch) this.#handlers.onEnd(at, { type: 'filled' });
  }
}

/** One request whose answer is at hand; `ended` undefined when the server was silent for `requestTimeoutMs`. */
export async function pullAtOnce(link: Link, request: Omit<PullRequest, 'waitMs'>): Promise<{ messages: Msg[]; ended: PullEnd | undefined }> {
  const messages: Msg[] = [];
  const { promise, resolve } = Promise.withResolvers<PullEnd | undefined>();
  const timer = setTimeout(() => resolve(undefined), link.requestTimeoutMs);
  const pull = new Pull(link, [{ ...request, waitMs: 0 }], { onMessage: (message) => messages.push(message), onEnd: (_at, end) => resolve(end) });
  const ended = await promise.finally(() => clearTimeout(timer));
  if (ended === undefined) await pull.stop();
  else pull.unsubscribe();
  return { messages, ended };
}
