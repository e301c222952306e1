import { setTimeout as pause } from 'node:timers/promises';
import type { Bus } from '../../../actors/ports/bus.ts';
import { nothingBefore } from '../../../actors/ports/journal.ts';
import type { Delivery } from '../../../actors/ports/queue.ts';
import type { RegistryEntry } from '../../../actors/ports/registry.ts';
import { journalSubject, shardOf } from '../../../protocols/subjects.ts';
import type { Chance } from '../../histories/random.ts';
import { type Line, leaseShare } from './operations.ts';
import type { Recorder } from './recorder.ts';

/** What every loop of a process is given. */
export interface LoopParts {
  readonly bus: Bus;
  readonly recorder: Recorder;
  readonly chance: Chance;
  /** Aborted: nothing new is begun. */
  readonly producing: AbortSignal;
  /** Aborted: nothing is done any more. */
  readonly working: AbortSignal;
}

/** A line before it has its place. */
type Written = { readonly kind: 'opened' } | { readonly kind: 'decided'; readonly decision: number } | { readonly kind: 'message'; readonly id: string };

/** The fold of a lane's journal, and where the next record goes. */
interface Page {
  after: string;
  n: number;
  epoch: number;
  decisions: number;
  readonly ids: Set<string>;
}

/** Journals what comes into one lane while the lease on it is held, and decides things; as a cell does, it never goes on after an append that failed. */
export class LaneOwner {
  readonly #parts: LoopParts;
  readonly #lane: string;
  readonly #leaseMs: number;
  readonly #stream: string;
  #revision: number | undefined;
  #heldUntil = 0;
  #page: Page | undefined;

  constructor({ lane, leaseMs, ...parts }: LoopParts & { readonly lane: string; readonly leaseMs: number }) {
    this.#parts = parts;
    this.#lane = lane;
    this.#leaseMs = leaseMs;
    this.#stream = journalSubject({ tenant: 'acme', root: lane, actor: 'lane' });
  }

  async run(): Promise<void> {
    const { working, chance } = this.#parts;
    const leasing = this.#keepLease();
    while (!working.aborted) {
      if (this.#held && this.#page === undefined) await this.#open();
      if (this.#held && this.#page !== undefined) await this.#work();
      await pause(2 + chance.below(6));
    }
    await leasing;
  }

  get #held(): boolean {
    return this.#revision !== undefined && Date.now() < this.#heldUntil;
  }

  async #keepLease(): Promise<void> {
    const { working, chance } = this.#parts;
    while (!working.aborted) {
      if (this.#revision === undefined) await this.#take();
      // A pause between the two questions may have outlasted the lease; renewing it then is an honest try.
      else if (this.#page !== undefined && chance.of(0.02)) await this.#resign(this.#revision);
      else await this.#renew(this.#revision);
      await pause(this.#leaseMs / 4);
    }
  }

  async #take(): Promise<void> {
    const { registry } = this.#parts.bus;
    let found: RegistryEntry | undefined;
    try {
      found = await registry.get(this.#key);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      return;
    }
    if (found !== undefined && found.value !== '') return;
    const entry = found;
    await this.#lease('take', () =>
      entry === undefined
        ? registry.create(this.#key, this.#parts.recorder.peer, { ttlMs: this.#leaseMs })
        : registry.update(this.#key, this.#parts.recorder.peer, entry.revision),
    );
  }

  async #renew(revision: number): Promise<void> {
    await this.#lease('renew', () => this.#parts.bus.registry.update(this.#key, this.#parts.recorder.peer, revision));
  }

  /** As shards are given away: the work stops first, then an empty owner is written. */
  async #resign(revision: number): Promise<void> {
    const asked = { op: 'resign', key: this.#key, ttlMs: this.#leaseMs } as const;
    this.#revision = undefined;
    this.#page = undefined;
    await this.#parts.recorder.did(
      asked,
      () => this.#parts.bus.registry.update(this.#key, '', revision),
      (next) => ({ revision: next }),
    );
  }

  async #lease(op: 'take' | 'renew', work: () => Promise<number>): Promise<void> {
    const before = Date.now();
    const { outcome, result } = await this.#parts.recorder.did({ op, key: this.#key, ttlMs: this.#leaseMs }, work, (revision) => ({ revision }));
    if (result !== undefined) {
      this.#revision = result;
      this.#heldUntil = before + this.#leaseMs * leaseShare;
    } else if (outcome === 'refused' || !this.#held) {
      this.#revision = undefined;
      this.#page = undefined;
    }
  }

  get #key(): string {
    return `lease.${this.#lane}`;
  }

  async #open(): Promise<void> {
    const page: Page = { after: nothingBefore, n: 0, epoch: 0, decisions: 0, ids: new Set() };
    try {
      for await (const { position, records } of this.#parts.bus.journal.read(this.#stream)) {
        page.after = position;
        for (const record of records) apply(page, JSON.parse(record) as Line);
      }
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      return;
    }
    page.epoch += 1;
    this.#page = page;
    // Whoever has not opened it writes nothing else.
    if (!(await this.#append({ kind: 'opened' }))) this.#page = undefined;
  }

  async #work(): Promise<void> {
    const { bus, recorder, chance, producing, working } = this.#parts;
    const topic = String(shardOf(this.#lane));
    const { result = [] } = await recorder.did(
      { op: 'claim', queue: 'inbox', topic },
      () => bus.inbox.pull({ topic, max: 4, waitMs: 40, signal: working }),
      (deliveries) => ({ claimed: deliveries.map(({ id, deliveries: count }) => ({ id, deliveries: count })) }),
    );
    for (const delivery of result) await this.#deliver(delivery);
    if (!producing.aborted && this.#page !== undefined && chance.of(0.5)) await this.#append({ kind: 'decided', decision: this.#page.decisions + 1 });
  }

  /** Journals it, then acknowledges it. */
  async #deliver(delivery: Delivery): Promise<void> {
    const { recorder } = this.#parts;
    const { id } = delivery;
    if (this.#page === undefined) return;
    if (!this.#page.ids.has(id) && !(await this.#append({ kind: 'message', id }))) return;
    await recorder.did(
      { op: 'ack', queue: 'inbox', id },
      () => delivery.ack(),
      () => ({}),
    );
  }

  async #append(written: Written): Promise<boolean> {
    const page = this.#page;
    if (page === undefined || !this.#held) return false;
    const { bus, recorder } = this.#parts;
    const line: Line = { ...written, n: page.n + 1, epoch: page.epoch, by: recorder.peer };
    const asked = { op: 'append', stream: this.#stream, after: page.after, line: JSON.stringify(line) } as const;
    const { result } = await recorder.did(
      asked,
      () => bus.journal.append(asked.stream, asked.after, [asked.line]),
      (position) => ({ position }),
    );
    if (result === undefined) {
      // Another owner, or nobody knows: what is stored decides.
      this.#page = undefined;
      return false;
    }
    page.after = result;
    apply(page, line);
    return true;
  }
}

function apply(page: Page, line: Line): void {
  page.n = line.n;
  if (line.kind === 'opened') page.epoch = line.epoch;
  if (line.kind === 'decided') page.decisions = line.decision;
  if (line.kind === 'message') page.ids.add(line.id);
}
