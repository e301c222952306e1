import { failureOf } from '../../protocols/errors/error.ts';
import { appendRecordsMax } from '../../protocols/journal/record.ts';
import type { ActorAddress } from '../../protocols/subjects.ts';
import { nothingBefore, type Position } from '../ports/journal.ts';
import { appendRetryMs } from './bounds.ts';
import type { CellEnd, CellOptions, PostResult } from './cell-options.ts';
import { chainStart } from './chain.ts';
import { Effects } from './effects.ts';
import { closed, type Envelope, isForged, mailboxFull, poison, refusedType, type Stepped } from './envelope.ts';
import { afterThrow, endAfterAppend, foldAgain } from './failures.ts';
import { type Fate, fateOf } from './fate.ts';
import { Fold, type PendingRequest } from './fold.ts';
import type { Input } from './kind.ts';
import { loadFold } from './load.ts';
import { Mailbox } from './mailbox.ts';
import { observationOf } from './observation.ts';
import { Snapshots } from './snapshots.ts';
import { stepBatch } from './step-batch.ts';

/**
 * The host of one durable actor: steps its machine with an input, appends the record, and only after the acknowledgement
 * releases what the machine asked for. One writer: a conflict stops the cell. Follows the rules of docs/journal.md.
 */
export class Cell {
  readonly address: ActorAddress;
  readonly stream: string;
  readonly #options: CellOptions;
  readonly #mailbox: Mailbox<Envelope>;
  readonly #effects: Effects;
  readonly #snapshots: Snapshots;
  #fold: Fold;
  #position: Position;
  #hash: string;
  #live = false;
  #pumping = false;
  #throwsInRow = 0;
  /** True until what was pending at an opening has been started again or told as unknown. */
  #opening = false;
  /** Keys of pending requests whose effect this cell has started, or told as unknown: never started by it again. */
  readonly #begun = new Set<string>();
  #disarm: (() => void) | undefined;
  readonly #onAbort = (): void => this.stop();
  readonly #ends: ((end: CellEnd) => void)[] = [];
  #end: CellEnd | undefined;

  private constructor(options: CellOptions, fold: Fold, position: Position, hash: string, snapshotAt: number) {
    this.address = options.address;
    this.stream = options.stream;
    this.#options = options;
    this.#effects = new Effects(options.perform, (input) => this.#put({ input, outside: false }));
    this.#mailbox = new Mailbox(options.bounds.mailboxMessagesMax, (envelope) => envelope.outside);
    this.#snapshots = new Snapshots(options.ports.blobs, options.bounds.snapshotRecords, snapshotAt, (error) =>
      this.#dead({ type: 'snapshot.failed' }, failureOf(error).message),
    );
    this.#fold = fold;
    this.#position = position;
    this.#hash = hash;
    options.signal?.addEventListener('abort', this.#onAbort);
    if (options.signal?.aborted === true) this.stop();
  }

  /**
   * Makes a new actor with its first input, which carries `{machine, version, node, epoch: 1}`.
   * Throws `journal_conflict` when the journal is not empty.
   */
  static async create(options: CellOptions, first: Input): Promise<Cell> {
    const fold = new Fold(options.kinds.of(first, options.stream), options.stream, options.bounds.inboxSeenMax);
    const cell = new Cell(options, fold, nothingBefore, chainStart(options.stream), 0);
    cell.#live = cell.#end === undefined;
    await cell.#postFirst(first);
    return cell;
  }

  /**
   * Takes over an existing journal: folds it, appends `cell.opened`, and after its acknowledgement re-arms timers and starts what is pending.
   * `first` is an input that it takes before that. An ended journal is not opened: the cell answers `ended`.
   * Throws `journal_conflict` when another took it meanwhile; undefined for an empty journal.
   */
  static async open(options: CellOptions, first?: Input): Promise<Cell | undefined> {
    const { ports, kinds, stream, bounds } = options;
    const { fold, position, hash, snapshotAt } = await loadFold(ports, kinds, stream, bounds.inboxSeenMax);
    if (fold === undefined) return undefined;
    const cell = new Cell(options, fold, position, hash, snapshotAt);
    if (fold.ended) {
      cell.#finish({ reason: 'ended' });
      return cell;
    }
    cell.#live = cell.#end === undefined;
    if (fold.kind.boundsOpenings && fold.openings >= bounds.openingsMax) {
      await cell.#postFirst(poison(`opened ${fold.openings} times without progress`));
      return cell;
    }
    cell.#opening = true;
    await cell.#postFirst({ type: 'cell.opened', node: options.node, epoch: fold.epoch + 1 });
    if (first !== undefined) await cell.#postFirst(first);
    cell.#opening = false;
    if (cell.#end === undefined) cell.#resumeEffects();
    return cell;
  }

  get n(): number {
    return this.#fold.n;
  }
  get state(): string {
    return this.#fold.state;
  }
  get table(): unknown {
    return this.#fold.table;
  }
  get context(): Readonly<Record<string, unknown>> {
    return this.#fold.context;
  }
  /** True once no input can lead to another effect. The cell of a coordinator still takes late inputs then. */
  get ended(): boolean {
    return this.#fold.ended;
  }
  get end(): CellEnd | undefined {
    return this.#end;
  }
  get mailboxDepth(): number {
    return this.#mailbox.depth;
  }
  /** The earliest due time of its timers. Milliseconds since 1970. */
  get nextDue(): number | undefined {
    return this.#fold.nextDue;
  }
  /** Nothing is running, waiting or awaited: only a message or a timer can move it. */
  get idle(): boolean {
    return !this.#pumping && this.#mailbox.depth === 0 && this.#effects.size === 0 && this.#fold.pending.size === 0;
  }

  /** The key of the pending request with this ref. */
  keyOf(ref: string): string | undefined {
    return this.#fold.pendingRef(ref)?.key;
  }

  canonical(): string {
    return this.#fold.canonical();
  }

  /** Resolves when the cell has stopped, whatever the reason. */
  whenStopped(): Promise<CellEnd> {
    return this.#end === undefined ? new Promise((resolve) => this.#ends.push(resolve)) : Promise.resolve(this.#end);
  }

  /**
   * Hands over a message from outside. Resolves once it is journaled, or known not to be: `duplicate`, `dropped` (settled, ended).
   * Rejects with `mailbox_full`, or `closed` when the cell stopped before it was stored.
   */
  post(input: Input): Promise<PostResult> {
    if (this.#end !== undefined) return Promise.reject(closed(this.stream));
    if (isForged(input.type)) return Promise.reject(refusedType(input.type));
    return new Promise((done, failed) => {
      if (!this.#put({ input, outside: true, done, failed })) failed(mailboxFull(this.stream, this.#mailbox.messagesMax));
    });
  }

  /** Hands over what settles one of the cell's own requests: it has reserved room. Rejects with `closed` when the cell stopped before it was stored. */
  settle(input: Input): Promise<PostResult> {
    if (this.#end !== undefined) return Promise.reject(closed(this.stream));
    return new Promise((done, failed) => this.#put({ input, outside: false, done, failed }));
  }

  /** Stops the cell and aborts its effects; its journal goes on wherever it is opened next. */
  stop(): void {
    this.#finish({ reason: 'stopped' });
  }

  /** Lets go of an idle cell; false when it is not idle. */
  passivate(): boolean {
    if (!this.idle || this.#end !== undefined) return false;
    this.#finish({ reason: 'passivated' });
    return true;
  }

  async #postFirst(input: Input): Promise<void> {
    if (this.#end !== undefined) throw closed(this.stream);
    const stored = new Promise<PostResult>((done, failed) => this.#put({ input, outside: false, done, failed }));
    await stored;
  }

  #put(envelope: Envelope): boolean {
    if (this.#end !== undefined) {
      envelope.failed?.(closed(this.stream));
      return true;
    }
    if (!this.#mailbox.put(envelope)) return false;
    if (!this.#pumping) void this.#pump();
    return true;
  }

  async #pump(): Promise<void> {
    this.#pumping = true;
    try {
      // Let everything that arrives in this turn go into one append.
      await Promise.resolve();
      while (this.#live && this.#mailbox.depth > 0) await this.#commit(this.#mailbox.take(appendRecordsMax));
    } catch (error) {
      this.#finish({ reason: 'failed', failure: failureOf(error) });
    } finally {
      this.#pumping = false;
      if (this.idle) this.#fold.rest();
    }
  }

  /** Steps a batch, appends it as one entry, releases it. Never steps past an append that is not acknowledged. */
  async #commit(batch: readonly Envelope[]): Promise<void> {
    const { ports } = this.#options;
    const { stepped, hash, thrown, rest } = stepBatch(this.#fold, this.#hash, batch, ports, (envelope, fate) => this.#drop(envelope, fate));
    if (rest.length > 0) this.#mailbox.putBack(rest);
    if (stepped.length > 0) {
      try {
        this.#position = await ports.journal.append(
          this.stream,
          this.#position,
          stepped.map(({ line }) => line),
        );
      } catch (error) {
        const unstored = stepped.map(({ envelope }) => envelope);
        await this.#appendFailed(error, thrown === undefined ? unstored : [...unstored, thrown.envelope]);
        return;
      }
      this.#hash = hash;
      this.#throwsInRow = 0;
      for (const one of stepped) this.#acknowledge(one);
    }
    // A throw has spoilt the instance: what is released, or kept as a snapshot, must be what the journal tells.
    if (thrown !== undefined && !(await this.#foldedAgain([thrown.envelope]))) return;
    if (stepped.length > 0) this.#release(stepped);
    if (thrown !== undefined) await this.#stepThrew(thrown.envelope, thrown.error);
  }

  #drop(envelope: Envelope, fate: Fate): void {
    const { input } = envelope;
    // What an actor asked for with its last step is performed, and nobody waits for the answer.
    const last = this.#fold.ended && input.key !== undefined && this.#begun.delete(input.key) && input.type !== 'effect.failed';
    if (fate.result === 'dropped' && !last) this.#dead(input, fate.reason);
    envelope.done?.(fate.result);
  }

  #dead(input: Input, reason: string, durable = false): void {
    this.#options.onDead({ stream: this.stream, input, reason, at: this.#options.ports.clock.now(), durable });
  }

  async #appendFailed(error: unknown, envelopes: readonly Envelope[]): Promise<void> {
    const end = endAfterAppend(error);
    if (end !== undefined) return this.#giveUp(envelopes, error, end);
    // The answers are kept and appended again after folding anew; they are never asked for again.
    if (!(await this.#foldedAgain(envelopes, appendRetryMs))) return;
    this.#mailbox.putBack(envelopes);
    if (!this.#opening) this.#catchUp();
  }

  #giveUp(envelopes: readonly Envelope[], error: unknown, end: CellEnd | undefined): void {
    for (const envelope of envelopes) envelope.failed?.(error);
    if (end !== undefined) this.#finish(end);
  }

  /** Releases what an append stored whose answer was lost. */
  #catchUp(): void {
    this.#armTimers();
    for (const pending of this.#fold.pending.values()) {
      if (this.#begun.has(pending.key)) continue;
      // Its tool.started is of this cell, which knows that it has not started it yet.
      if (pending.started) this.#start(pending);
      else this.#begin(pending, true);
    }
    if (this.#fold.closed) this.#finish({ reason: 'ended' });
  }

  /**
   * Throws the instance away and folds the journal again, as often as it takes. False when the cell stopped instead,
   * of itself or because no waiting cures the failure: then whoever waits for these envelopes has been told.
   */
  async #foldedAgain(envelopes: readonly Envelope[], firstWaitMs = 0): Promise<boolean> {
    const refolded = await foldAgain(this.#options, this.#fold.epoch, () => this.#live, firstWaitMs);
    if ('error' in refolded) {
      this.#giveUp(envelopes, refolded.error, refolded.end);
      return false;
    }
    const { fold, position, hash } = refolded.loaded;
    this.#fold = fold ?? new Fold(this.#fold.kind, this.stream, this.#options.bounds.inboxSeenMax);
    this.#position = position;
    this.#hash = hash;
    return true;
  }

  /** The input never enters the journal. An answer is replaced once by effect.failed; three throws in a row end the actor. */
  async #stepThrew(envelope: Envelope, error: unknown): Promise<void> {
    const { input } = envelope;
    const failure = failureOf(error, 'input_rejected');
    this.#dead(input, `the machine threw: ${failure.message}`, true);
    this.#throwsInRow += 1;
    if (this.#end !== undefined) return envelope.failed?.(closed(this.stream));
    if (this.#fold.n === 0) {
      envelope.failed?.(error);
      return this.#finish({ reason: 'failed', failure });
    }
    const next = afterThrow(this.#fold, input, failure, this.#throwsInRow, this.#options.bounds.throwsInRowMax);
    if (next !== undefined && 'replacement' in next)
      return this.#mailbox.putBack([{ input: next.replacement, outside: false, ...(envelope.done ? { done: envelope.done } : {}) }]);
    envelope.done?.('dropped');
    if (next !== undefined) await this.#commit([{ input: next.poison, outside: false }]);
  }

  /** Tells observers, and whoever waits for it, that an input is stored. */
  #acknowledge(one: Stepped): void {
    const { key, type } = one.envelope.input;
    if (key !== undefined && type !== 'tool.started') this.#begun.delete(key);
    this.#observe(one);
    one.envelope.done?.('stored');
  }

  /** After the acknowledgement: timers, aborts, effects, in this order. */
  #release(stepped: readonly Stepped[]): void {
    this.#armTimers();
    for (const { step } of stepped) {
      for (const key of step.aborted) {
        this.#begun.delete(key);
        this.#effects.abort(key);
      }
    }
    for (const { step, envelope } of stepped) {
      for (const pending of step.requests) this.#begin(pending, this.#fold.pending.has(pending.key) || this.#fold.ended);
      if (envelope.input.type === 'tool.started' && envelope.input.key !== undefined) {
        const pending = this.#fold.pending.get(envelope.input.key);
        if (pending !== undefined) this.#start(pending);
      }
    }
    this.#snapshots.offer(this.#fold, this.#position, this.#hash);
    if (this.#fold.closed) this.#finish({ reason: 'ended' });
  }

  #observe({ envelope, step, n, at, state, context }: Stepped): void {
    const { observe } = this.#options;
    if (observe === undefined) return;
    const { machine, visibleContext } = this.#fold.kind;
    try {
      const event = envelope.input.type;
      const mailboxDepth = this.#mailbox.depth;
      observe(observationOf(this.#options, { machine, visibleContext, n, at, facts: step.facts, event, state, context, mailboxDepth }));
    } catch (error) {
      this.#dead({ type: 'observation.failed' }, `an observer threw: ${failureOf(error).message}`);
    }
  }

  #armTimers(): void {
    this.#disarm?.();
    this.#disarm = undefined;
    const due = this.nextDue;
    if (due === undefined || this.#end !== undefined) return;
    this.#disarm = this.#options.ports.clock.timer(Math.max(0, due - this.#options.ports.clock.now()), () => {
      const now = this.#options.ports.clock.now();
      for (const [name, timer] of this.#fold.timers) if (timer.due <= now) this.#put({ input: { type: 'timer.fired', name, key: timer.key }, outside: false });
      if (this.#mailbox.depth === 0) this.#armTimers();
    });
  }

  /** On taking over: what was asked for and not answered starts again, but for an unsafe effect that had started: its outcome is unknown. */
  #resumeEffects(): void {
    this.#armTimers();
    for (const pending of this.#fold.pending.values()) {
      if (pending.started) {
        const { key, request } = pending;
        this.#begun.add(key);
        const message = 'the worker died while this was running; whether it took effect is not known';
        this.#put({ input: { type: 'effect.failed', key, ref: request.ref, code: 'outcome_unknown', message, retryable: false }, outside: false });
      } else {
        this.#begin(pending, true);
      }
    }
  }

  #begin(pending: PendingRequest, wanted: boolean): void {
    if (!wanted || this.#end !== undefined || this.#effects.has(pending.key)) return;
    if (pending.request.repeatable === false) this.#put({ input: { type: 'tool.started', key: pending.key, ref: pending.request.ref }, outside: false });
    else this.#start(pending);
  }

  #start(pending: PendingRequest): void {
    if (!this.#options.mayStart()) return this.#finish({ reason: 'ownership_lost' });
    this.#begun.add(pending.key);
    this.#effects.start(pending, { address: this.address, epoch: this.#fold.epoch, table: this.#fold.table });
  }

  #finish(end: CellEnd): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#live = false;
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    this.#disarm?.();
    // What an ended machine asked for last, such as a message to an agent, still goes out.
    if (end.reason !== 'ended') this.#effects.abortAll();
    for (const envelope of this.#mailbox.take(Number.POSITIVE_INFINITY)) {
      if (end.reason === 'ended') this.#drop(envelope, fateOf(this.#fold, envelope.input) ?? { result: 'dropped', reason: 'the actor has ended' });
      else envelope.failed?.(closed(this.stream));
    }
    for (const resolve of this.#ends) resolve(end);
  }
}
