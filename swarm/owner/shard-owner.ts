import { Cell } from '../../actors/cell/cell.ts';
import type { CellEnd, CellOptions, Perform } from '../../actors/cell/cell-options.ts';
import type { JournalEntry, Subscription } from '../../actors/ports/journal.ts';
import { Supervisor } from '../../actors/supervisor/supervisor.ts';
import { type Failure, failureOf } from '../../protocols/errors/error.ts';
import { coordinatorActor } from '../../protocols/goals/task.ts';
import { journalPattern, journalSubject, parseJournalSubject, rootPattern, shardCount, shardOf } from '../../protocols/subjects.ts';
import { coordinatorEffects } from '../effects/coordinator-effects.ts';
import { type ActiveRoot, activeKey, activePrefix } from '../goals/goal-index.ts';
import type { SwarmHost } from '../swarm-host.ts';
import type { Adoption } from './adoption.ts';
import { agentEndOf } from './agent-end.ts';
import { idleMs as idleMsDefault, openingsAtOnceMax } from './bounds.ts';
import { InboxPump } from './inbox-pump.ts';
import type { OpenCells } from './open-cells.ts';

export interface ShardOwnerOptions {
  readonly host: SwarmHost;
  readonly cells: OpenCells;
  readonly adoption: Adoption;
  readonly idleMs?: number;
  /** The local ownership deadline of a shard, asked before each effect. Default: it is ours until it is dropped. */
  readonly mayStart?: (shard: number) => boolean;
}

/** Every shard: what a node on the embedded bus takes. */
export const allShards: readonly number[] = Array.from({ length: shardCount }, (_, shard) => shard);

/**
 * Hosts the coordinators of its shards: follows their journals, opens the active roots, drains their inboxes,
 * and tells each coordinator what its agents answered.
 */
export class ShardOwner {
  readonly #host: SwarmHost;
  readonly #cells: OpenCells;
  readonly #adoption: Adoption;
  readonly #shards = new Map<number, InboxPump>();
  readonly #idleMs: number;
  readonly #mayStart: (shard: number) => boolean;
  readonly #perform: Perform;
  readonly #supervisor: Supervisor;
  readonly #opening = new Map<string, Promise<Cell | undefined>>();
  /** By shard: stops its cells, those that are still being opened among them. */
  readonly #halts = new Map<number, AbortController>();
  readonly #lastActive = new Map<string, number>();
  readonly #wakers = new Map<string, () => void>();
  #follow: Subscription | undefined;
  #disarmSweep: (() => void) | undefined;
  #stopped = false;

  constructor({ host, cells, adoption, idleMs = idleMsDefault, mayStart = () => true }: ShardOwnerOptions) {
    this.#host = host;
    this.#cells = cells;
    this.#adoption = adoption;
    adoption.onAdopt((tenant, root) => void this.#wake(tenant, root));
    this.#idleMs = idleMs;
    this.#mayStart = mayStart;
    this.#perform = coordinatorEffects(host);
    this.#supervisor = new Supervisor({
      clock: host.clock,
      onEscalate: (stream, failure) =>
        host.note(`${stream} is left alone after too many failures: ${failure.message} (${failure.code}); its journal is whole, restart the node to try again`),
    });
  }

  /** The shards that this node owns. */
  get shards(): readonly number[] {
    return [...this.#shards.keys()];
  }

  /** Begins to follow the journals. Nothing is opened before a shard is taken. */
  async start(): Promise<void> {
    this.#follow = await this.#host.bus.journal.follow(journalPattern, (entry) => this.#onEntry(entry));
    this.#armSweep();
  }

  /** Opens the active roots of shards that have become ours, then drains their inboxes. Following came first, so nothing falls between. */
  async take(shards: readonly number[]): Promise<void> {
    const host = this.#host;
    const fresh = shards.filter((shard) => !this.#shards.has(shard));
    const pumps = new Map<number, InboxPump>();
    for (const shard of fresh) {
      this.#halts.set(shard, new AbortController());
      pumps.set(shard, new InboxPump({ host, cells: this.#cells, adoption: this.#adoption, shard, wake: (tenant, root) => this.#wake(tenant, root) }));
    }
    for (const [shard, pump] of pumps) this.#shards.set(shard, pump);
    const active = (await Promise.all(fresh.map((shard) => this.#activeRoots(shard)))).flat();
    for (let at = 0; at < active.length && !this.#stopped; at += openingsAtOnceMax) {
      await Promise.all(active.slice(at, at + openingsAtOnceMax).map((root) => this.#openOrSleep(root)));
    }
    // Dropped meanwhile, it is not ours to drain any more, or drained by who took it after that.
    for (const [shard, pump] of pumps) if (this.#shards.get(shard) === pump) pump.start();
  }

  /** Lets go of shards at once: their cells stop and their effects are aborted; the journals go on with the next owner. */
  async drop(shards: readonly number[]): Promise<void> {
    const pumps = shards.flatMap((shard) => this.#shards.get(shard) ?? []);
    for (const shard of shards) {
      this.#shards.delete(shard);
      this.#halts.get(shard)?.abort();
      this.#halts.delete(shard);
    }
    for (const name of this.#supervisor.children) {
      const shard = parseJournalSubject(name)?.shard;
      if (shard !== undefined && !this.#shards.has(shard)) this.#supervisor.stop(name);
    }
    for (const [stream, disarm] of this.#wakers) {
      const shard = parseJournalSubject(stream)?.shard;
      if (shard === undefined || this.#shards.has(shard)) continue;
      disarm();
      this.#wakers.delete(stream);
    }
    await Promise.all(pumps.map((pump) => pump.stop()));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#disarmSweep?.();
    await this.#follow?.stop();
    await this.drop(this.shards);
    await Promise.allSettled(this.#opening.values());
    this.#supervisor.stopAll();
  }

  async #activeRoots(shard: number): Promise<ActiveRoot[]> {
    const found: ActiveRoot[] = [];
    const prefix = activePrefix(shard);
    for (let after: string | undefined; ; ) {
      const rows = await this.#host.bus.index.scan({ prefix, limit: 500, ...(after === undefined ? {} : { after }) });
      for (const { value } of rows) found.push(JSON.parse(value) as ActiveRoot);
      const last = rows.at(-1);
      if (last === undefined || rows.length < 500) return found;
      after = last.key;
    }
  }

  async #openOrSleep({ tenant, root, sleepsUntil }: ActiveRoot): Promise<void> {
    if (sleepsUntil === undefined) await this.#wake(tenant, root);
    else this.#armWaker(tenant, root, sleepsUntil);
  }

  /** Must never throw: it runs for every record of every actor. */
  #onEntry(entry: JournalEntry): void {
    const address = parseJournalSubject(entry.stream);
    if (address === undefined || this.#stopped || !this.#shards.has(address.shard)) return;
    const { tenant, root, actor } = address;
    if (actor === coordinatorActor) {
      this.#lastActive.set(entry.stream, this.#host.clock.now());
      if (this.#cells.get(entry.stream) === undefined && entry.records[0]?.includes('"type":"goal.accept"')) {
        // Adopting wakes it, unless all roots are taken up anyway.
        if (this.#adoption.has(tenant, root)) void this.#wake(tenant, root);
        else this.#adoption.add(tenant, root);
      }
      return;
    }
    const end = agentEndOf(entry);
    if (end !== undefined) void this.#tellEnd(end);
  }

  async #tellEnd(end: NonNullable<ReturnType<typeof agentEndOf>>): Promise<void> {
    const stream = journalSubject({ tenant: end.tenant, root: end.root, actor: coordinatorActor });
    const cell = this.#cells.get(stream) ?? (await this.#wake(end.tenant, end.root));
    if (cell !== undefined) await this.#settle(cell, end.input);
  }

  async #settle(cell: Cell, input: NonNullable<ReturnType<typeof agentEndOf>>['input']): Promise<void> {
    const key = cell.keyOf(`${input.task}-${input.attempt}`);
    try {
      await cell.settle(key === undefined ? { ...input } : { ...input, key });
    } catch (error) {
      // The cell stopped before it was stored. Whoever opens it next reads the root and finds this end again.
      this.#host.note(`${cell.stream}: the end of ${input.agent} will be read again (${failureOf(error).code})`);
    }
  }

  /** The open cell of a root's coordinator, opened if need be; undefined for one that is over or not ours. */
  #wake(tenant: string, root: string): Promise<Cell | undefined> {
    const stream = journalSubject({ tenant, root, actor: coordinatorActor });
    const open = this.#cells.get(stream);
    if (open !== undefined) return Promise.resolve(open);
    const opening = this.#opening.get(stream);
    if (opening !== undefined) return opening;
    if (this.#stopped || !this.#shards.has(shardOf(root)) || !this.#adoption.has(tenant, root)) return Promise.resolve(undefined);
    this.#wakers.get(stream)?.();
    this.#wakers.delete(stream);
    const started = this.#open(tenant, root, stream).finally(() => this.#opening.delete(stream));
    this.#opening.set(stream, started);
    return started;
  }

  async #open(tenant: string, root: string, stream: string): Promise<Cell | undefined> {
    let opened: Cell | undefined;
    await this.#supervisor.start(stream, async (restarts) => {
      const cell = await Cell.open(this.#cellOptions(tenant, root, stream, restarts));
      if (cell === undefined || cell.end !== undefined) return undefined;
      opened = cell;
      this.#cells.add(cell);
      this.#lastActive.set(stream, this.#host.clock.now());
      try {
        await this.#readEnds(cell, tenant, root);
      } catch (error) {
        // The supervisor opens another one: this one must not go on beside it.
        cell.stop();
        throw error;
      }
      return { stop: () => cell.stop(), whenStopped: () => cell.whenStopped().then((end) => ({ ...this.#restartReason(end, stream) })) };
    });
    return opened;
  }

  /** A cell that failed is opened again; so is one that an owner of before overtook, as long as the shard is ours. */
  #restartReason(end: CellEnd, stream: string): { failure?: Failure } {
    if (end.reason === 'failed') return { failure: end.failure };
    const shard = parseJournalSubject(stream)?.shard;
    if (end.reason !== 'conflict' || shard === undefined || !this.#shards.has(shard)) return {};
    return { failure: { code: 'journal_conflict', message: 'another owner wrote to the journal of a shard that is ours', retryable: true } };
  }

  /** Agents that ended while nobody owned this root. Only a coordinator that has pushed tasks can have missed any. */
  async #readEnds(cell: Cell, tenant: string, root: string): Promise<void> {
    if (cell.n <= 2) return;
    for await (const entry of this.#host.bus.journal.read(rootPattern(tenant, root))) {
      const end = agentEndOf(entry);
      if (end !== undefined) await this.#settle(cell, end.input);
    }
  }

  #cellOptions(tenant: string, root: string, stream: string, restarts: number): CellOptions {
    const { bus, clock, ids, kinds, node, cellBounds, onDead, observe } = this.#host;
    const shard = shardOf(root);
    const signal = this.#halts.get(shard)?.signal;
    return {
      address: { tenant, root, actor: coordinatorActor },
      stream,
      kinds,
      node,
      ports: { journal: bus.journal, blobs: bus.blobs, clock, ids },
      perform: this.#perform,
      bounds: cellBounds,
      mayStart: () => this.#shards.has(shard) && this.#mayStart(shard),
      onDead,
      ...(signal === undefined ? {} : { signal }),
      restarts,
      ...(observe === undefined ? {} : { observe }),
    };
  }

  /** Lets go of coordinators that have been idle; a sleeping one is woken by a message, an agent's end, or its next timer. */
  #armSweep(): void {
    if (this.#stopped) return;
    this.#disarmSweep = this.#host.clock.timer(Math.max(10, this.#idleMs / 2), () => {
      const now = this.#host.clock.now();
      for (const cell of this.#cells.all()) {
        if (cell.address.actor !== coordinatorActor || now - (this.#lastActive.get(cell.stream) ?? now) < this.#idleMs) continue;
        const { tenant, root } = cell.address;
        const due = cell.nextDue ?? null;
        const { ended } = cell;
        if (!cell.passivate()) continue;
        this.#lastActive.delete(cell.stream);
        if (!ended) {
          this.#armWaker(tenant, root, due);
          const value = JSON.stringify({ tenant, root, sleepsUntil: due } satisfies ActiveRoot);
          this.#host.bus.index
            .put({ key: activeKey(tenant, root), value })
            .catch((error: unknown) =>
              this.#host.note(`${cell.stream} sleeps, but the index does not say so (${failureOf(error).message}): it will be opened with its shard`),
            );
        }
      }
      this.#armSweep();
    });
  }

  #armWaker(tenant: string, root: string, due: number | null): void {
    if (due === null) return;
    const stream = journalSubject({ tenant, root, actor: coordinatorActor });
    this.#wakers.set(
      stream,
      this.#host.clock.timer(Math.max(0, due - this.#host.clock.now()), () => void this.#wake(tenant, root)),
    );
  }
}
