import type { DatabaseSync } from 'node:sqlite';
import type { DeadLetter, Delivery, PullOptions, Queue, QueueMessage } from '../../../actors/ports/queue.ts';
import { FlockworkError } from '../../../protocols/errors/error.ts';
import { ackWaitMs, messageBytesMax, waitingPullsMax } from './bounds.ts';
import { DeadLetters } from './dead-letters.ts';
import type { DedupeWindow } from './dedupe-window.ts';
import type { CommitParticipant, GroupCommit } from './group-commit.ts';
import { type ClaimedMessage, MessageTable } from './message-table.ts';
import { PullWaiter, PullWaiters } from './pull-waiters.ts';
import type { QueueKind } from './queue-subjects.ts';
import { reading } from './store-error.ts';

export interface QueueParts {
  readonly commits: GroupCommit;
  readonly dedupe: DedupeWindow;
  readonly now: () => number;
  readonly ackWaitMs?: number;
  readonly deadLettersMax?: number;
}

function checkMessage({ id, body, subject }: QueueMessage): void {
  if (id === '' || !id.isWellFormed() || !body.isWellFormed()) {
    throw new FlockworkError('invalid_request', `a message for ${subject} has no id or is not well-formed text`, { details: { subject, id } });
  }
  const bytes = Buffer.byteLength(body);
  if (bytes > messageBytesMax) {
    throw new FlockworkError(
      'frame_too_large',
      `message ${id} for ${subject} has ${bytes} bytes, the bound is ${messageBytesMax}; store large values as blobs`,
      {
        details: { subject, id, bytes, messageBytesMax },
      },
    );
  }
}

/**
 * A durable queue as rows. Waiting pulls are served inside the transaction that made their message ready, so a push and the
 * claim it leads to share one fsync.
 */
export class EmbeddedQueue implements Queue, CommitParticipant {
  readonly ackWaitMs: number;
  readonly #kind: QueueKind;
  readonly #commits: GroupCommit;
  readonly #dedupe: DedupeWindow;
  readonly #now: () => number;
  readonly #messages: MessageTable;
  readonly #dead: DeadLetters;
  readonly #waiters = new PullWaiters();
  /** Topics in which something may have become ready since the last transaction, and who was served in the running one. */
  readonly #touched = new Set<string>();
  #served: PullWaiter[] = [];
  #expiry: { readonly due: number; readonly timer: NodeJS.Timeout } | undefined;
  #closed = false;

  constructor(database: DatabaseSync, kind: QueueKind, parts: QueueParts) {
    this.ackWaitMs = parts.ackWaitMs ?? ackWaitMs;
    this.#kind = kind;
    this.#commits = parts.commits;
    this.#dedupe = parts.dedupe;
    this.#now = parts.now;
    this.#messages = new MessageTable(database, kind.name);
    this.#dead = new DeadLetters(database, kind.name, parts.deadLettersMax);
  }

  get deadLettersDropped(): number {
    return this.#dead.dropped;
  }

  async push(message: QueueMessage): Promise<{ duplicate: boolean }> {
    const place = this.#kind.place(message.subject);
    checkMessage(message);
    return this.#commits.run(`push ${message.id} to ${this.#kind.name}`, () => {
      if (!this.#dedupe.add(this.#kind.name, message.id, this.#now())) return { duplicate: true };
      this.#messages.add(place, message);
      this.#touched.add(place.topic);
      return { duplicate: false };
    });
  }

  async pull(options: PullOptions): Promise<readonly Delivery[]> {
    if (this.#closed) throw new FlockworkError('closed', `could not pull from ${this.#kind.name}: the bus was closed; open it again`);
    if (options.signal?.aborted === true || options.max < 1) return [];
    if (this.#waiters.size >= waitingPullsMax) {
      throw new FlockworkError('too_many_requests', `${waitingPullsMax} pulls of ${this.#kind.name} wait already (waitingPullsMax); try again later`, {
        details: { waitingPullsMax },
      });
    }
    return new Promise((resolve, reject) => {
      this.#waiters.add(new PullWaiter(options, { resolve, reject, onEnd: (waiter) => this.#waiters.remove(waiter) }));
      this.#touched.add(options.topic);
      this.#commits.wake();
    });
  }

  async depth(topic: string): Promise<{ waiting: number; claimed: number }> {
    return reading(`count ${topic} of ${this.#kind.name}`, () => this.#messages.depth(topic, this.#now()));
  }

  async dead(options: { limit?: number } = {}): Promise<readonly DeadLetter[]> {
    return reading(`list the dead letters of ${this.#kind.name}`, () => this.#dead.list(options.limit));
  }

  async buryMessage(message: QueueMessage, reason: string): Promise<void> {
    checkMessage(message);
    return this.#commits.run(`bury ${message.id} of ${this.#kind.name}`, () => this.#dead.add(message, reason, this.#now()));
  }

  async requeue(letter: Pick<QueueMessage, 'subject' | 'id'>, as: string = letter.subject): Promise<number> {
    const place = this.#kind.place(as);
    return this.#commits.run(`requeue ${letter.id} of ${this.#kind.name}`, () => {
      const bodies = this.#dead.take(letter);
      for (const body of bodies) this.#messages.add(place, { subject: as, id: letter.id, body });
      if (bodies.length > 0) this.#touched.add(place.topic);
      return bodies.length;
    });
  }

  /** Makes all claims void, because the lock on the folder proves their holders dead. Runs inside a transaction. */
  releaseAll(): void {
    this.#messages.release();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#expiry?.timer);
    this.#expiry = undefined;
    for (const waiter of this.#waiters.all()) waiter.resolve([]);
  }

  beforeCommit(): void {
    if (this.#touched.size === 0) return;
    const now = this.#now();
    for (const topic of this.#messages.expire(now)) this.#touched.add(topic);
    for (const topic of this.#touched) this.#serve(topic, now + this.ackWaitMs);
  }

  afterCommit(): void {
    // Claims and delays begin where a topic was touched; those that ended meanwhile only make the timer fire for nothing once.
    if (this.#touched.size === 0) return;
    this.#touched.clear();
    for (const waiter of this.#served.splice(0)) {
      const claimed = waiter.claimed;
      if (claimed.length > 0) waiter.resolve(claimed.map((message) => this.#delivery(message)));
      else waiter.foundNothing();
    }
    this.#armExpiry();
  }

  afterFailure(error: FlockworkError): void {
    // Also those that had no look at the store yet: nobody would look for them again.
    const concerned = [...this.#touched].flatMap((topic) => [...this.#waiters.of(topic)]);
    this.#touched.clear();
    this.#served = [];
    for (const waiter of concerned) waiter.reject(error);
  }

  #serve(topic: string, due: number): void {
    let dry = false;
    for (const waiter of this.#waiters.of(topic)) {
      waiter.claimed = dry ? [] : this.#messages.claim(topic, waiter.max, due);
      dry = waiter.claimed.length < waiter.max;
      this.#served.push(waiter);
    }
  }

  /** One timer, for the earliest claim or delay that ends, as long as somebody waits. */
  #armExpiry(): void {
    const due = this.#waiters.size === 0 ? undefined : this.#messages.nextDue();
    if (due === this.#expiry?.due) return;
    clearTimeout(this.#expiry?.timer);
    this.#expiry = undefined;
    if (due === undefined) return;
    const timer = setTimeout(() => this.#onDue(), Math.max(0, due - this.#now()));
    // The wait of the pull keeps the process alive where anything has to.
    timer.unref();
    this.#expiry = { due, timer };
  }

  #onDue(): void {
    this.#expiry = undefined;
    for (const waiter of this.#waiters.all()) this.#touched.add(waiter.topic);
    this.#commits.wake();
  }

  #delivery(message: ClaimedMessage): Delivery {
    const { subject, id, body, deliveries } = message;
    const settle = (doing: string, change: () => boolean): Promise<void> =>
      this.#commits.run(`${doing} ${id} of ${this.#kind.name}`, () => {
        if (change()) return;
        throw new FlockworkError(
          'closed',
          `could not ${doing} ${id} of ${this.#kind.name}: the claim of delivery ${deliveries} was lost or settled before; drop the work`,
          {
            details: { id, subject, deliveries },
          },
        );
      });
    return {
      subject,
      id,
      body,
      deliveries,
      ack: () => settle('acknowledge', () => this.#messages.remove(message)),
      nak: (delayMs = 0) =>
        settle('give back', () => {
          this.#touched.add(this.#kind.place(subject).topic);
          return this.#messages.giveBack(message, delayMs > 0 ? this.#now() + delayMs : undefined);
        }),
      working: () => settle('keep', () => this.#messages.extend(message, this.#now() + this.ackWaitMs)),
      bury: (reason) =>
        settle('bury', () => {
          if (!this.#messages.remove(message)) return false;
          this.#dead.add(message, reason, this.#now());
          return true;
        }),
    };
  }
}
