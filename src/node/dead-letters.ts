import { randomUUID } from 'node:crypto';
import type { DeadInput } from '../../actors/cell/dead-letters.ts';
import type { Bus } from '../../actors/ports/bus.ts';
import { FlockworkError, failureOf } from '../../protocols/errors/error.ts';
import { inboxSubject, parseInboxSubject, parseJournalSubject } from '../../protocols/subjects.ts';
import type { DeadLetterResult } from '../../protocols/wire/results.ts';

/** Late answers that are remembered for the list; what a machine refused is durable. */
const droppedMax = 1_000;
/** Dead letters that are looked through for an id: as many as either bus keeps. */
const requeueReadMax = 20_000;

/**
 * Every message that no actor took, with its reason. What a machine threw on is stored beside the dead letters of the queues;
 * late answers to settled requests are only remembered, for nothing is missing without them.
 */
export class DeadLetters {
  readonly #bus: Bus;
  readonly #node: string;
  readonly #note: (line: string) => void;
  readonly #dropped: DeadInput[] = [];
  #count = 0;

  constructor(bus: Bus, node: string, note: (line: string) => void) {
    this.#bus = bus;
    this.#node = node;
    this.#note = note;
  }

  /** Inputs that no actor took since the start. */
  get count(): number {
    return this.#count;
  }

  readonly take = (dead: DeadInput): void => {
    this.#count += 1;
    const address = parseJournalSubject(dead.stream);
    if (dead.durable !== true || address === undefined) {
      this.#dropped.push(dead);
      if (this.#dropped.length > droppedMax) this.#dropped.shift();
      return;
    }
    this.#note(`${dead.stream}: ${dead.input.type} is a dead letter: ${dead.reason}`);
    const message = { subject: inboxSubject(address, this.#node), id: dead.input.id ?? dead.input.key ?? randomUUID(), body: JSON.stringify(dead.input) };
    this.#bus.inbox
      .buryMessage(message, dead.reason)
      .catch((error: unknown) => this.#note(`${dead.stream}: a dead letter could not be stored: ${failureOf(error).message}`));
  };

  /** Puts the messages of that id back into their queues, this node being their sender now; answers how many. Throws `not_found`. */
  async requeue(tenant: string, id: string): Promise<number> {
    let count = 0;
    for (const queue of [this.#bus.tasks, this.#bus.inbox]) {
      const letters = (await queue.dead({ limit: requeueReadMax })).filter((letter) => letter.id === id && letter.subject.startsWith(`flock.${tenant}.`));
      for (const subject of new Set(letters.map((letter) => letter.subject))) {
        const address = parseInboxSubject(subject);
        count += await queue.requeue({ subject, id }, address === undefined ? subject : inboxSubject(address, this.#node));
      }
    }
    if (count > 0) return count;
    throw new FlockworkError('not_found', `no dead letter that is stored has the id ${id}; flockwork dead-letters lists them`, { details: { id } });
  }

  /** The newest last. */
  async list(tenant: string, limit: number): Promise<readonly DeadLetterResult[]> {
    const queued = [...(await this.#bus.tasks.dead({ limit })), ...(await this.#bus.inbox.dead({ limit }))];
    const prefix = `flock.${tenant}.`;
    const stored = queued
      .filter(({ subject }) => subject.startsWith(prefix))
      .map(({ subject, id, reason, at }) => ({ subject, id, reason, at, durable: true }));
    const dropped = this.#dropped
      .filter(({ stream }) => stream.startsWith(prefix))
      .map(({ stream, input, reason, at }) => ({
        subject: stream,
        id: input.id ?? input.key ?? input.type,
        reason: `${input.type}: ${reason}`,
        at,
        durable: false,
      }));
    return [...stored, ...dropped].sort((a, b) => a.at - b.at).slice(-limit);
  }
}
