import { Fold, type FoldState } from '../../../actors/cell/fold.ts';
import type { Input } from '../../../actors/cell/kind.ts';
import type { Kinds } from '../../../actors/cell/kinds.ts';
import type { Journal } from '../../../actors/ports/journal.ts';
import { FlockworkError, failureOf } from '../../../protocols/errors/error.ts';
import type { Fact } from '../../../protocols/journal/facts.ts';
import { splitRecord } from '../../../protocols/journal/record.ts';
import { parseJournalSubject, rootPattern } from '../../../protocols/subjects.ts';
import type { PastBounds } from '../bounds.ts';
import { type PastActor, PastIndex } from './past-index.ts';

export interface PastPorts {
  readonly journal: Journal;
  readonly kinds: Kinds;
  /** As the cells have it: what a fold remembers of messages that it has seen. */
  readonly seenMax: number;
}

interface Body {
  readonly n: number;
  readonly at: number;
  readonly input: Input;
  readonly facts: readonly Fact[];
}

interface Saved {
  readonly n: number;
  readonly sequence: number;
  readonly json: string;
}

const bodyOf = (line: string): Body => JSON.parse(splitRecord(line).body) as Body;

/** The state of one actor as it was after one of its records. */
export interface ActorThen {
  readonly fold: Fold;
  readonly facts: readonly Fact[];
}

/**
 * The journals of one goal, folded once in the order of the store by the machines that wrote them. Kept of it: what each record came to, in
 * columns, and of actors with many records a snapshot for each segment of `segmentRecords`, so that any moment is at most one segment away.
 */
export class GoalPast {
  readonly index = new PastIndex();
  readonly #ports: PastPorts;
  readonly #bounds: PastBounds;
  readonly #pattern: string;
  readonly #folds = new Map<string, Fold>();
  readonly #saved = new Map<string, Saved[]>();
  #savedBytes = 0;
  #segmentRecords: number;
  #sequence = 0;
  #reading: Promise<void> | undefined;
  #failure: unknown;

  constructor(ports: PastPorts, bounds: PastBounds, tenant: string, root: string) {
    this.#ports = ports;
    this.#bounds = bounds;
    this.#pattern = rootPattern(tenant, root);
    this.#segmentRecords = bounds.segmentRecords;
  }

  /** Snapshots held, and their bytes. */
  get held(): { readonly snapshots: number; readonly bytes: number } {
    let snapshots = 0;
    for (const saved of this.#saved.values()) snapshots += saved.length;
    return { snapshots, bytes: this.#savedBytes };
  }

  /**
   * Takes what was appended since the last call, for at most `answerMs`; true once all of it is taken. What is left is taken meanwhile,
   * so that a goal of any size opens at once. Throws what the reading came to.
   */
  async read(): Promise<boolean> {
    this.#reading ??= this.#take().then(
      () => {
        this.#reading = undefined;
      },
      (error: unknown) => {
        this.#reading = undefined;
        this.#failure = error;
      },
    );
    let timer: NodeJS.Timeout | undefined;
    const waited = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#bounds.answerMs);
    });
    await Promise.race([this.#reading, waited]);
    clearTimeout(timer);
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure;
    return this.#reading === undefined;
  }

  /** The machine of an actor as it was after its `n` records. Throws `machine_unknown`. */
  async stateAt(actor: PastActor, n: number): Promise<ActorThen> {
    const saved = this.#saved.get(actor.actor)?.findLast((one) => one.n < n);
    let fold = saved === undefined ? undefined : new Fold(await this.#kindOf(actor), actor.stream, this.#ports.seenMax, JSON.parse(saved.json) as FoldState);
    let facts: readonly Fact[] = [];
    const after = saved === undefined ? 0 : saved.sequence - 1;
    for await (const { records } of this.#ports.journal.read(actor.stream, { after })) {
      for (const line of records) {
        const body = bodyOf(line);
        if (body.n <= (fold?.n ?? 0)) continue;
        fold ??= new Fold(this.#ports.kinds.of(body.input, actor.stream), actor.stream, this.#ports.seenMax);
        facts = fold.step(body.input, body.at).facts;
        if (fold.n === n) return { fold, facts };
      }
    }
    throw new FlockworkError('not_found', `the journal of ${actor.actor} no longer holds record ${n}; open the goal again`, {
      details: { stream: actor.stream, n },
    });
  }

  async #kindOf(actor: PastActor): Promise<Fold['kind']> {
    const known = this.#folds.get(actor.actor);
    if (known !== undefined) return known.kind;
    for await (const { records } of this.#ports.journal.read(actor.stream, { limit: 1 })) {
      const [line] = records;
      if (line !== undefined) return this.#ports.kinds.of(bodyOf(line).input, actor.stream);
    }
    throw new FlockworkError('not_found', `the journal of ${actor.actor} is gone`, { details: { stream: actor.stream } });
  }

  async #take(): Promise<void> {
    const { sliceMs, recordsMax } = this.#bounds;
    let slice = performance.now();
    for await (const { sequence, stream, records } of this.#ports.journal.read(this.#pattern, { after: this.#sequence })) {
      const name = parseJournalSubject(stream)?.actor ?? stream;
      for (const line of records) {
        if (this.index.total >= recordsMax)
          throw new FlockworkError('too_many_requests', `the goal has more than ${recordsMax} records (recordsMax); use flockwork replay for it`, {
            details: { bound: 'recordsMax', max: recordsMax },
          });
        await this.#step(stream, name, sequence, bodyOf(line));
      }
      this.#sequence = sequence;
      if (performance.now() - slice < sliceMs) continue;
      // The node has more to do than to look back.
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
      slice = performance.now();
    }
  }

  async #step(stream: string, name: string, sequence: number, { n, at, input }: Body): Promise<void> {
    let fold = this.#folds.get(name);
    const actor = this.index.actor(name);
    let state = '';
    let failure = actor?.failure;
    if (failure === undefined) {
      try {
        fold ??= actor === undefined ? new Fold(this.#ports.kinds.of(input, stream), stream, this.#ports.seenMax) : (await this.stateAt(actor, n - 1)).fold;
        fold.step(input, at);
        state = fold.state;
      } catch (error) {
        failure = failureOf(error, 'replay_diverged').code;
        fold = undefined;
        this.#folds.delete(name);
      }
    }
    const machine = fold?.kind.machine ?? String(input['machine'] ?? 'unknown');
    const pushed = this.index.push(stream, name, machine, { n, at, sequence, event: input.type, state });
    pushed.failure = failure;
    if (fold === undefined) return;
    this.#keep(name, fold);
    if (n % this.#segmentRecords === 0) this.#save(name, fold, sequence);
  }

  /** Those that take inputs stay folded; one that has ended, or rested longest, is folded again should it go on. */
  #keep(name: string, fold: Fold): void {
    this.#folds.delete(name);
    if (fold.ended && fold.kind.machine === 'agent') return;
    this.#folds.set(name, fold);
    const [oldest] = this.#folds.keys();
    if (this.#folds.size > this.#bounds.foldsMax && oldest !== undefined) this.#folds.delete(oldest);
  }

  #save(name: string, fold: Fold, sequence: number): void {
    const json = JSON.stringify(fold.toState());
    const saved = this.#saved.get(name) ?? [];
    saved.push({ n: fold.n, sequence, json });
    this.#saved.set(name, saved);
    this.#savedBytes += json.length;
    while (this.#savedBytes > this.#bounds.snapshotBytesMax && this.#halve());
  }

  /** Above their bound every second snapshot goes, and segments become twice as long. */
  #halve(): boolean {
    let dropped = 0;
    for (const [name, saved] of this.#saved) {
      const kept = saved.filter((_, at) => at % 2 === 1);
      dropped += saved.length - kept.length;
      this.#saved.set(name, kept);
    }
    this.#savedBytes = 0;
    for (const saved of this.#saved.values()) for (const { json } of saved) this.#savedBytes += json.length;
    this.#segmentRecords *= 2;
    return dropped > 0;
  }
}
