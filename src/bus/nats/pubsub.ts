import { headers, type Msg, type Subscription as NatsSubscription } from '@nats-io/transport-node';
import type { Subscription } from '../../../actors/ports/journal.ts';
import type { LiveMessage, Pubsub } from '../../../actors/ports/pubsub.ts';
import { isErrorCode } from '../../../protocols/errors/catalogue.ts';
import { errorOf, FlockworkError, failureOf } from '../../../protocols/errors/error.ts';
import { isSubject } from '../../../protocols/subjects.ts';
import { messageOverheadBytes } from './bounds.ts';
import { isNoResponder, isTimeout } from './errors.ts';
import type { Link } from './link.ts';
import { plainSubject, wireSubject } from './names.ts';
import { checkPattern, wrong } from './patterns.ts';

/** Marks an answer whose body is a failure. */
const failureHeader = 'Flock-Failure';
/** All servers of a subject share it, so one of them is picked. */
const serverGroup = 'flock-serve';
/** What streams store is no live message, though the server shows it to wide patterns. */
const stored = /^(?:flock\.[^.]+\.(?:journal|task|inbox)\.|tail\.|dead\.|blobs\.|\$|_INBOX[._])/;

/** Live messages and requests over core NATS: at most once, in order per publisher. */
export class NatsPubsub implements Pubsub {
  readonly #link: Link;

  constructor(link: Link) {
    this.#link = link;
  }

  publish(subject: string, body: string): void {
    this.#check(subject, body);
    try {
      this.#link.nc.publish(wireSubject(this.#link.names, subject), body);
    } catch (error) {
      throw this.#link.error(error, `publish to ${subject}`);
    }
  }

  async subscribe(pattern: string, onMessage: (message: LiveMessage) => void): Promise<Subscription> {
    checkPattern(pattern);
    return this.#open(pattern, undefined, (message) => {
      if (!stored.test(message.subject)) onMessage({ subject: plainSubject(this.#link.names, message.subject), body: message.string() });
    });
  }

  async request(subject: string, body: string, { timeoutMs }: { timeoutMs: number }): Promise<string> {
    this.#check(subject, body);
    let answer: Msg;
    try {
      answer = await this.#link.nc.request(wireSubject(this.#link.names, subject), body, { timeout: timeoutMs });
    } catch (error) {
      if (isNoResponder(error)) throw new FlockworkError('no_responder', `nobody serves ${subject}`, { cause: error, details: { subject } });
      if (isTimeout(error))
        throw new FlockworkError('request_timeout', `${subject} gave no answer within ${timeoutMs} ms`, { cause: error, details: { subject, timeoutMs } });
      throw this.#link.error(error, `ask ${subject}`);
    }
    if (answer.headers?.has(failureHeader) === true) throw failureIn(answer.string(), subject);
    return answer.string();
  }

  async serve(subject: string, answer: (body: string) => Promise<string>): Promise<Subscription> {
    if (!isSubject(subject)) throw wrong(subject, 'tokens joined by dots, without wildcards');
    return this.#open(subject, serverGroup, (message) => {
      this.#answer(message, answer).catch((error: unknown) => this.#link.fault(error));
    });
  }

  async #answer(message: Msg, answer: (body: string) => Promise<string>): Promise<void> {
    let body: string;
    try {
      body = await answer(message.string());
      this.#check(message.subject, body);
    } catch (error) {
      const own = headers();
      own.set(failureHeader, '1');
      message.respond(JSON.stringify(failureOf(error)), { headers: own });
      return;
    }
    message.respond(body);
  }

  /** Resolves once the server knows of it. */
  async #open(pattern: string, queue: string | undefined, onMessage: (message: Msg) => void): Promise<Subscription> {
    let stopped = false;
    let subscription: NatsSubscription;
    let refused: unknown;
    try {
      subscription = this.#link.nc.subscribe(wireSubject(this.#link.names, pattern), {
        ...(queue === undefined ? {} : { queue }),
        callback: (error, message) => {
          if (error !== null) refused = error;
          else if (!stopped) this.#link.guard(() => onMessage(message));
        },
      });
      await this.#link.nc.flush();
      if (refused !== undefined) throw refused;
    } catch (error) {
      throw this.#link.error(error, `subscribe to ${pattern}`);
    }
    return {
      stop: async () => {
        stopped = true;
        if (this.#link.closed || subscription.isClosed()) return;
        subscription.unsubscribe();
        await this.#link.nc.flush();
      },
    };
  }

  #check(subject: string, body: string): void {
    if (!isSubject(subject) || stored.test(subject))
      throw wrong(subject, 'a live subject: tokens joined by dots, without wildcards, none of a journal or queue');
    const bytesMax = this.#link.messageBytesMax - messageOverheadBytes;
    if (body.length * 3 <= bytesMax) return;
    const bytes = Buffer.byteLength(body);
    if (bytes > bytesMax)
      throw new FlockworkError('frame_too_large', `a message of ${bytes} bytes to ${subject} is above the ${bytesMax} that the NATS server takes`, {
        details: { subject, bytes, bytesMax },
      });
  }
}

function failureIn(body: string, subject: string): FlockworkError {
  const unreadable = new FlockworkError('internal', `the server of ${subject} answered with a failure that cannot be read`, { details: { subject } });
  try {
    const failure: unknown = JSON.parse(body);
    if (typeof failure !== 'object' || failure === null || !('code' in failure) || !('message' in failure)) return unreadable;
    const { code, message } = failure;
    if (typeof code !== 'string' || !isErrorCode(code) || typeof message !== 'string') return unreadable;
    return errorOf({
      code,
      message,
      ...('retryable' in failure && typeof failure.retryable === 'boolean' ? { retryable: failure.retryable } : {}),
      ...('details' in failure ? { details: failure.details } : {}),
    });
  } catch (cause) {
    return new FlockworkError('internal', unreadable.message, { cause, details: { subject } });
  }
}
