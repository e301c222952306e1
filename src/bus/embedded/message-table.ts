import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { QueueMessage } from '../../../actors/ports/queue.ts';
import type { QueuePlace } from './queue-subjects.ts';

/** A message taken for someone; `lease` names this claim and no other of this process. */
export interface ClaimedMessage extends QueueMessage {
  readonly sequence: number;
  readonly lease: number;
  readonly deliveries: number;
}

/**
 * The messages of one queue as rows. Those that write run inside transactions only. A claim that expired and went to nobody
 * else keeps its lease, so its holder may still settle it; a new claim has a new lease.
 */
export class MessageTable {
  readonly #queue: string;
  readonly #add: StatementSync;
  readonly #ready: StatementSync;
  readonly #claim: StatementSync;
  readonly #expire: StatementSync;
  readonly #nextDue: StatementSync;
  readonly #remove: StatementSync;
  readonly #giveBack: StatementSync;
  readonly #extend: StatementSync;
  readonly #byState: StatementSync;
  readonly #expired: StatementSync;
  readonly #release: StatementSync;
  #leases = 0;

  constructor(database: DatabaseSync, queue: string) {
    this.#queue = queue;
    this.#add = database.prepare(
      'INSERT INTO messages(queue, topic, priority, state, due, lease, deliveries, subject, id, body) VALUES (?, ?, ?, 0, 0, 0, 0, ?, ?, ?)',
    );
    this.#ready = database.prepare(
      'SELECT sequence, subject, id, body, deliveries FROM messages WHERE queue = ? AND topic = ? AND state = 0 ORDER BY priority, sequence LIMIT ?',
    );
    this.#claim = database.prepare('UPDATE messages SET state = 1, due = ?, lease = ?, deliveries = deliveries + 1 WHERE sequence = ?');
    this.#expire = database.prepare('UPDATE messages SET state = 0, due = 0 WHERE queue = ? AND state > 0 AND due <= ? RETURNING topic');
    this.#nextDue = database.prepare('SELECT min(due) AS due FROM messages WHERE queue = ? AND state > 0');
    this.#remove = database.prepare('DELETE FROM messages WHERE sequence = ? AND lease = ?');
    this.#giveBack = database.prepare('UPDATE messages SET state = ?, due = ?, lease = 0 WHERE sequence = ? AND lease = ?');
    this.#extend = database.prepare('UPDATE messages SET state = 1, due = ? WHERE sequence = ? AND lease = ?');
    this.#byState = database.prepare('SELECT state, count(*) AS count FROM messages WHERE queue = ? AND topic = ? GROUP BY state');
    this.#expired = database.prepare('SELECT count(*) AS count FROM messages WHERE queue = ? AND state > 0 AND due <= ? AND state = 1 AND topic = ?');
    this.#release = database.prepare('UPDATE messages SET state = 0, due = 0, lease = 0 WHERE queue = ? AND state > 0');
  }

  add({ topic, priority }: QueuePlace, { subject, id, body }: QueueMessage): void {
    this.#add.run(this.#queue, topic, priority, subject, id, body);
  }

  /** Takes up to `max` waiting messages of the topic until `due`. */
  claim(topic: string, max: number, due: number): readonly ClaimedMessage[] {
    return this.#ready.all(this.#queue, topic, max).map((row) => {
      const sequence = Number(row['sequence']);
      const lease = ++this.#leases;
      this.#claim.run(due, lease, sequence);
      return { sequence, lease, deliveries: Number(row['deliveries']) + 1, subject: String(row['subject']), id: String(row['id']), body: String(row['body']) };
    });
  }

  /** Makes what is due by `now` wait again; answers the topics of it. */
  expire(now: number): readonly string[] {
    return this.#expire.all(this.#queue, now).map((row) => String(row['topic']));
  }

  /** When the next claim or delay ends, undefined when there is none. */
  nextDue(): number | undefined {
    const due = this.#nextDue.get(this.#queue)?.['due'];
    return typeof due === 'number' ? due : undefined;
  }

  /** False when the claim was lost; the same for the next two. */
  remove({ sequence, lease }: ClaimedMessage): boolean {
    return this.#remove.run(sequence, lease).changes === 1;
  }

  giveBack({ sequence, lease }: ClaimedMessage, due: number | undefined): boolean {
    return this.#giveBack.run(due === undefined ? 0 : 2, due ?? 0, sequence, lease).changes === 1;
  }

  extend({ sequence, lease }: ClaimedMessage, due: number): boolean {
    return this.#extend.run(due, sequence, lease).changes === 1;
  }

  depth(topic: string, now: number): { waiting: number; claimed: number } {
    let waiting = 0;
    let claimed = 0;
    for (const row of this.#byState.all(this.#queue, topic)) {
      if (row['state'] === 1) claimed += Number(row['count']);
      else waiting += Number(row['count']);
    }
    const expired = Number(this.#expired.get(this.#queue, now, topic)?.['count']);
    return { waiting: waiting + expired, claimed: claimed - expired };
  }

  /** Makes all claimed and delayed messages wait again: their holders are dead. */
  release(): void {
    this.#release.run(this.#queue);
  }
}
