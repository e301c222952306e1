import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { FlockworkError } from '../../../protocols/errors/error.ts';
import { commitRequestsMax, waitingRequestsMax } from './bounds.ts';
import { endsTransaction, storeError } from './store-error.ts';

/** Someone who adds to each transaction or waits for its end. */
export interface CommitParticipant {
  /** Inside the transaction, after all requests; a throw fails the whole transaction. */
  beforeCommit?(): void;
  /** The transaction is durable; the answers have been given, their followers run after this. */
  afterCommit?(): void;
  /** Nothing of the transaction was kept. */
  afterFailure?(error: FlockworkError): void;
}

interface Request {
  /** Runs in the transaction, undone when it throws; answers what to tell the asker once the transaction is durable. */
  readonly run: () => () => void;
  readonly reject: (error: unknown) => void;
  readonly doing: string;
}

/**
 * The one writer of the store. All that is asked for within one turn of the event loop shares one transaction, and so one
 * fsync; each request still succeeds or fails on its own. Only when the transaction fails do all of them.
 */
export class GroupCommit {
  readonly #database: DatabaseSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #rollback: StatementSync;
  readonly #savepoint: StatementSync;
  readonly #release: StatementSync;
  readonly #undo: StatementSync;
  readonly #changes: StatementSync;
  readonly #participants: CommitParticipant[] = [];
  readonly #onCommit: ((requests: number) => void) | undefined;
  #waiting: Request[] = [];
  #turn: NodeJS.Immediate | undefined;
  #closed = false;
  #changed: number;
  #commits = 0;

  constructor(database: DatabaseSync, onCommit?: (requests: number) => void) {
    this.#database = database;
    this.#onCommit = onCommit;
    this.#begin = database.prepare('BEGIN IMMEDIATE');
    this.#commit = database.prepare('COMMIT');
    this.#rollback = database.prepare('ROLLBACK');
    this.#savepoint = database.prepare('SAVEPOINT request');
    this.#release = database.prepare('RELEASE request');
    this.#undo = database.prepare('ROLLBACK TO request');
    this.#changes = database.prepare('SELECT total_changes() AS changes');
    this.#changed = this.#totalChanges();
  }

  /** Transactions that changed something: with `sync` full, each was one fsync of the log. */
  get commits(): number {
    return this.#commits;
  }

  join(participant: CommitParticipant): void {
    this.#participants.push(participant);
  }

  /**
   * Runs `work` in the transaction of this turn and answers its result once that is durable. What `work` throws undoes this
   * request alone. `doing` completes "could not …".
   */
  run<T>(doing: string, work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#closed) throw new FlockworkError('closed', `could not ${doing}: the bus was closed; open it again`);
      if (this.#waiting.length >= waitingRequestsMax) {
        throw new FlockworkError(
          'too_many_requests',
          `could not ${doing}: ${waitingRequestsMax} requests wait for the store (waitingRequestsMax); try again later`,
          {
            details: { waitingRequestsMax },
          },
        );
      }
      const run = (): (() => void) => {
        const value = work();
        return () => resolve(value);
      };
      this.#waiting.push({ run, reject, doing });
      this.wake();
    });
  }

  /** Asks for a transaction in this turn, for participants that have something to add. */
  wake(): void {
    if (this.#closed || this.#turn !== undefined) return;
    this.#turn = setImmediate(() => {
      this.#turn = undefined;
      this.#flush();
    });
  }

  /** Commits what waits, then refuses all that comes. */
  close(): void {
    if (this.#turn !== undefined) clearImmediate(this.#turn);
    this.#turn = undefined;
    while (this.#waiting.length > 0) this.#flush();
    this.#closed = true;
  }

  #flush(): void {
    const requests = this.#waiting.splice(0, commitRequestsMax);
    if (this.#waiting.length > 0) this.wake();
    const answers: (() => void)[] = [];
    try {
      this.#begin.run();
      const [only] = requests;
      if (only !== undefined && requests.length === 1) answers.push(this.#attemptAlone(only));
      else for (const request of requests) answers.push(this.#attempt(request));
      for (const participant of this.#participants) participant.beforeCommit?.();
      this.#commit.run();
    } catch (error) {
      this.#fail(requests, error);
      return;
    }
    this.#count(requests.length);
    for (const answer of answers) answer();
    for (const participant of this.#participants) participant.afterCommit?.();
  }

  /** A transaction of one request needs no savepoint: when it throws, all that was written is its own. */
  #attemptAlone(request: Request): () => void {
    try {
      return request.run();
    } catch (error) {
      if (endsTransaction(error) || !this.#database.isTransaction) throw error;
      this.#rollback.run();
      this.#begin.run();
      const failure = storeError(error, request.doing);
      return () => request.reject(failure);
    }
  }

  #attempt(request: Request): () => void {
    this.#savepoint.run();
    try {
      const answer = request.run();
      this.#release.run();
      return answer;
    } catch (error) {
      if (endsTransaction(error) || !this.#database.isTransaction) throw error;
      this.#undo.run();
      this.#release.run();
      const failure = storeError(error, request.doing);
      return () => request.reject(failure);
    }
  }

  #fail(requests: readonly Request[], error: unknown): void {
    // SQLite has already rolled back after some failures, such as a full disk.
    if (this.#database.isTransaction) this.#rollback.run();
    this.#changed = this.#totalChanges();
    for (const request of requests) request.reject(storeError(error, request.doing));
    const failure = storeError(error, 'write to the store');
    for (const participant of this.#participants) participant.afterFailure?.(failure);
  }

  #count(requests: number): void {
    const changes = this.#totalChanges();
    if (changes === this.#changed) return;
    this.#changed = changes;
    this.#commits++;
    this.#onCommit?.(requests);
  }

  #totalChanges(): number {
    return Number(this.#changes.get()?.['changes']);
  }
}
