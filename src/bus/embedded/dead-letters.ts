import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { DeadLetter, QueueMessage } from '../../../actors/ports/queue.ts';
import { deadLettersMax } from './bounds.ts';

/** The messages of one queue that nobody will deliver again, oldest first. `add` runs inside transactions only. */
export class DeadLetters {
  readonly #queue: string;
  readonly #deadLettersMax: number;
  readonly #add: StatementSync;
  readonly #trim: StatementSync;
  readonly #list: StatementSync;
  readonly #take: StatementSync;
  #dropped = 0;

  constructor(database: DatabaseSync, queue: string, max: number = deadLettersMax) {
    this.#queue = queue;
    this.#deadLettersMax = max;
    this.#add = database.prepare('INSERT INTO dead(queue, subject, id, body, reason, at) VALUES (?, ?, ?, ?, ?, ?)');
    this.#trim = database.prepare(
      'DELETE FROM dead WHERE queue = ? AND sequence <= (SELECT sequence FROM dead WHERE queue = ? ORDER BY sequence DESC LIMIT 1 OFFSET ?)',
    );
    this.#list = database.prepare('SELECT subject, id, body, reason, at FROM dead WHERE queue = ? ORDER BY sequence LIMIT ?');
    this.#take = database.prepare('DELETE FROM dead WHERE queue = ? AND subject = ? AND id = ? RETURNING body');
  }

  /** How many were dropped for newer ones since the bus was opened. */
  get dropped(): number {
    return this.#dropped;
  }

  add({ subject, id, body }: QueueMessage, reason: string, at: number): void {
    this.#add.run(this.#queue, subject, id, body, reason, at);
    this.#dropped += Number(this.#trim.run(this.#queue, this.#queue, this.#deadLettersMax).changes);
  }

  /** Takes the letters of this subject and id off; answers their bodies. */
  take({ subject, id }: Pick<QueueMessage, 'subject' | 'id'>): readonly string[] {
    return this.#take.all(this.#queue, subject, id).map((row) => String(row['body']));
  }

  list(limit: number = this.#deadLettersMax): readonly DeadLetter[] {
    return this.#list.all(this.#queue, limit).map((row) => ({
      subject: String(row['subject']),
      id: String(row['id']),
      body: String(row['body']),
      reason: String(row['reason']),
      at: Number(row['at']),
    }));
  }
}
