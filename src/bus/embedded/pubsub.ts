import type { Subscription } from '../../../actors/ports/journal.ts';
import type { LiveMessage, Pubsub } from '../../../actors/ports/pubsub.ts';
import { errorOf, FlockworkError, failureOf } from '../../../protocols/errors/error.ts';
import { isSubject } from '../../../protocols/subjects.ts';
import { pendingMessagesMax } from './bounds.ts';
import type { HandlerErrors } from './handler-errors.ts';
import { matcherOf } from './pattern.ts';

interface Subscriber {
  readonly matches: (subject: string) => boolean;
  readonly onMessage: (message: LiveMessage) => void;
  pending: LiveMessage[];
}

type Server = (body: string) => Promise<string>;

function checkSubject(subject: string): void {
  if (!isSubject(subject))
    throw new FlockworkError('subject_invalid', `'${subject}' is not a subject: tokens joined by dots, no wildcards`, { details: { subject } });
}

function checkPattern(pattern: string): void {
  const tokens = pattern.split('.');
  const last = tokens.pop();
  const plain = tokens.every((token) => token === '*' || isSubject(token)) && last !== undefined && (last === '*' || last === '>' || isSubject(last));
  if (!plain)
    throw new FlockworkError('subject_invalid', `'${pattern}' is not a pattern: tokens joined by dots, '*' for one, a final '>' for the rest`, {
      details: { pattern },
    });
}

/** Live messages within the process, delivered through the event loop so that nobody can rely on sharing a stack. */
export class EmbeddedPubsub implements Pubsub {
  readonly #errors: HandlerErrors;
  readonly #pendingMessagesMax: number;
  readonly #subscribers = new Set<Subscriber>();
  readonly #servers = new Map<string, Server[]>();
  /** Requests that wait for an answer, to be refused when the bus closes. */
  readonly #asking = new Set<(error: FlockworkError) => void>();
  #turn: NodeJS.Immediate | undefined;
  #picked = 0;
  #dropped = 0;
  #closed = false;

  constructor(parts: { errors: HandlerErrors; pendingMessagesMax?: number }) {
    this.#errors = parts.errors;
    this.#pendingMessagesMax = parts.pendingMessagesMax ?? pendingMessagesMax;
  }

  /** Messages dropped because a subscriber had too many waiting. */
  get dropped(): number {
    return this.#dropped;
  }

  publish(subject: string, body: string): void {
    checkSubject(subject);
    this.#checkOpen(`publish on ${subject}`);
    for (const subscriber of this.#subscribers) {
      if (!subscriber.matches(subject)) continue;
      if (subscriber.pending.length >= this.#pendingMessagesMax) {
        subscriber.pending.shift();
        this.#dropped++;
      }
      subscriber.pending.push({ subject, body });
      this.#turn ??= setImmediate(() => this.#deliver());
    }
  }

  async subscribe(pattern: string, onMessage: (message: LiveMessage) => void): Promise<Subscription> {
    checkPattern(pattern);
    this.#checkOpen(`subscribe to ${pattern}`);
    const subscriber: Subscriber = { matches: matcherOf(pattern), onMessage, pending: [] };
    this.#subscribers.add(subscriber);
    return {
      stop: async () => {
        this.#subscribers.delete(subscriber);
        subscriber.pending = [];
      },
    };
  }

  async request(subject: string, body: string, { timeoutMs }: { timeoutMs: number }): Promise<string> {
    checkSubject(subject);
    this.#checkOpen(`ask ${subject}`);
    const servers = this.#servers.get(subject) ?? [];
    const server = servers[this.#picked++ % Math.max(servers.length, 1)];
    if (server === undefined) throw new FlockworkError('no_responder', `nobody serves ${subject}; is the node that does running?`, { details: { subject } });
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const timer = setTimeout(
      () =>
        reject(
          new FlockworkError('request_timeout', `${subject} gave no answer within ${timeoutMs} ms; ask again or wait longer`, {
            details: { subject, timeoutMs },
          }),
        ),
      timeoutMs,
    );
    this.#asking.add(reject);
    setImmediate(() => this.#answer(server, body).then(resolve, reject));
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#asking.delete(reject);
    }
  }

  async serve(subject: string, answer: Server): Promise<Subscription> {
    checkSubject(subject);
    this.#checkOpen(`serve ${subject}`);
    // A wrapper of its own, so that the same function may serve a subject twice and stop once.
    const server: Server = (body) => answer(body);
    this.#servers.set(subject, [...(this.#servers.get(subject) ?? []), server]);
    return {
      stop: async () => {
        const left = (this.#servers.get(subject) ?? []).filter((other) => other !== server);
        if (left.length === 0) this.#servers.delete(subject);
        else this.#servers.set(subject, left);
      },
    };
  }

  close(): void {
    this.#closed = true;
    if (this.#turn !== undefined) clearImmediate(this.#turn);
    this.#subscribers.clear();
    this.#servers.clear();
    for (const reject of this.#asking) reject(new FlockworkError('closed', 'the bus was closed before the answer came'));
  }

  #checkOpen(doing: string): void {
    if (this.#closed) throw new FlockworkError('closed', `could not ${doing}: the bus was closed; open it again`);
  }

  #deliver(): void {
    this.#turn = undefined;
    for (const subscriber of this.#subscribers) {
      const messages = subscriber.pending;
      subscriber.pending = [];
      for (const message of messages) {
        if (!this.#subscribers.has(subscriber)) break;
        this.#errors.guard(() => subscriber.onMessage(message));
      }
    }
  }

  /** What a server throws travels as data, as it would between processes. */
  async #answer(server: Server, body: string): Promise<string> {
    try {
      return await server(body);
    } catch (error) {
      throw errorOf(failureOf(error));
    }
  }
}
