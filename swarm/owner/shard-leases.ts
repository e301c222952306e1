import type { Clock } from '../../actors/ports/clock.ts';
import type { Registry } from '../../actors/ports/registry.ts';
import { failureOf } from '../../protocols/errors/error.ts';
import { shardCount } from '../../protocols/subjects.ts';
import { shareOf } from './balance.ts';

/** How long a shard stays with an owner that does not renew. Above the election time of a bus, so that losing its leader does not move shards. Milliseconds. */
export const shardLeaseMs = 10_000;
/** The share of it, counted from before the question, for which the owner itself believes in it. */
const deadlineShare = 0.8;
/** How often in the time of a lease it is renewed, and how often it is looked whether there are shards to take: what an owner's death costs beyond the lease. */
const renewalsPerLease = 4;
const looksPerLease = 10;
/** Shards that one look gives away at most, so that a joining node does not stop the world. */
const resignAtOnceMax = 16;

export interface ShardLeasesOptions {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly node: string;
  /** The nodes alive that may own shards, this one included. */
  readonly coordinators: () => Promise<readonly string[]>;
  /** Opens what they hold. Not waited for by the renewals; rejects when it could not, and the shards are given back. */
  readonly onTaken: (shards: readonly number[]) => Promise<void>;
  /** Lets go of them at once, those that are still being opened among them. */
  readonly onLost: (shards: readonly number[]) => Promise<void>;
  readonly note: (line: string) => void;
  readonly leaseMs?: number;
}

interface Held {
  revision: number;
  /** The local deadline. Milliseconds since 1970. */
  until: number;
}

const shardKey = (shard: number): string => `shard.${String(shard).padStart(2, '0')}`;

/**
 * Which shards this node owns, by leases in the registry: an even share among the coordinators that are alive. A lease only says who tries;
 * what keeps two owners apart is the journal's own condition. A shard is given away by writing an empty owner, and taken by an update of it.
 */
export class ShardLeases {
  readonly #options: ShardLeasesOptions;
  readonly #leaseMs: number;
  readonly #held = new Map<number, Held>();
  #disarm: (() => void) | undefined;
  #ticking: Promise<void> = Promise.resolve();
  #opening: Promise<void> = Promise.resolve();
  /** When the leases are to be renewed. Milliseconds since 1970. */
  #renewAt = 0;
  #stopped = false;

  constructor(options: ShardLeasesOptions) {
    this.#options = options;
    this.#leaseMs = options.leaseMs ?? shardLeaseMs;
  }

  get held(): readonly number[] {
    return [...this.#held.keys()];
  }

  /** The local ownership deadline of this shard has not passed. */
  holds(shard: number): boolean {
    const held = this.#held.get(shard);
    return held !== undefined && this.#options.clock.now() < held.until;
  }

  async start(): Promise<void> {
    await this.#tick();
    this.#arm();
    await this.#opening;
  }

  /** Gives all shards away, so that others need not wait for the leases to end. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#disarm?.();
    await this.#ticking;
    const shards = this.held;
    await this.#options.onLost(shards);
    await this.#opening;
    await this.#resign(shards);
  }

  #arm(): void {
    if (this.#stopped) return;
    this.#disarm = this.#options.clock.timer(this.#leaseMs / looksPerLease, () => {
      this.#ticking = this.#tick().finally(() => this.#arm());
    });
  }

  async #tick(): Promise<void> {
    try {
      if (this.#options.clock.now() >= this.#renewAt) {
        this.#renewAt = this.#options.clock.now() + this.#leaseMs / renewalsPerLease;
        await this.#renew();
      }
      const share = shareOf(await this.#options.coordinators(), this.#options.node, shardCount);
      if (this.#held.size > share) {
        const extra = this.held.slice(share).slice(0, resignAtOnceMax);
        await this.#options.onLost(extra);
        await this.#resign(extra);
      } else if (this.#held.size < share) {
        await this.#takeFree(share - this.#held.size);
      }
    } catch (error) {
      this.#options.note(`shard leases could not be looked after: ${failureOf(error).message}`);
    }
    await this.#dropExpired();
  }

  async #renew(): Promise<void> {
    const lost: number[] = [];
    await Promise.all(
      [...this.#held].map(async ([shard, held]) => {
        const before = this.#options.clock.now();
        try {
          held.revision = await this.#options.registry.update(shardKey(shard), this.#options.node, held.revision);
          held.until = before + this.#leaseMs * deadlineShare;
        } catch (error) {
          // Out of reach: the deadline decides. Somebody else's: lost at once.
          if (failureOf(error).code === 'registry_conflict') lost.push(shard);
        }
      }),
    );
    await this.#lose(lost);
  }

  async #takeFree(wanted: number): Promise<void> {
    const taken = new Map((await this.#options.registry.list('shard.')).map((entry) => [entry.key, entry]));
    const got = new Map<number, Held>();
    // Each node begins elsewhere, so that two of them seldom try for the same shard.
    const from = this.#options.node.length === 0 ? 0 : this.#options.node.charCodeAt(this.#options.node.length - 1);
    for (let step = 0; step < shardCount && got.size < wanted; step += 1) {
      const shard = (from + step) % shardCount;
      const entry = taken.get(shardKey(shard));
      if (this.#held.has(shard) || (entry !== undefined && entry.value !== '')) continue;
      const before = this.#options.clock.now();
      try {
        const key = shardKey(shard);
        const revision =
          entry === undefined
            ? await this.#options.registry.create(key, this.#options.node, { ttlMs: this.#leaseMs })
            : await this.#options.registry.update(key, this.#options.node, entry.revision);
        const held = { revision, until: before + this.#leaseMs * deadlineShare };
        this.#held.set(shard, held);
        got.set(shard, held);
      } catch (error) {
        if (failureOf(error).code !== 'registry_conflict') throw error;
      }
    }
    // Opening many roots takes longer than a lease: the renewals must go on meanwhile.
    if (got.size > 0) this.#opening = this.#opening.then(() => this.#open(got));
  }

  async #open(taken: ReadonlyMap<number, Held>): Promise<void> {
    const shards = [...taken.keys()].filter((shard) => !this.#stopped && this.#held.get(shard) === taken.get(shard));
    if (shards.length === 0) return;
    try {
      await this.#options.onTaken(shards);
    } catch (error) {
      this.#options.note(`shards ${shards.join(', ')} could not be opened and are given back: ${failureOf(error).message}`);
      const still = shards.filter((shard) => this.#held.get(shard) === taken.get(shard));
      await this.#options.onLost(still);
      await this.#resign(still);
    }
  }

  async #resign(shards: readonly number[]): Promise<void> {
    for (const shard of shards) {
      const held = this.#held.get(shard);
      this.#held.delete(shard);
      if (held === undefined) continue;
      await this.#options.registry
        .update(shardKey(shard), '', held.revision)
        .catch((error: unknown) => this.#options.note(`shard ${shard} was not given away: ${failureOf(error).message}`));
    }
  }

  async #dropExpired(): Promise<void> {
    await this.#lose(this.held.filter((shard) => !this.holds(shard)));
  }

  async #lose(shards: readonly number[]): Promise<void> {
    if (shards.length === 0) return;
    for (const shard of shards) this.#held.delete(shard);
    await this.#options.onLost(shards);
  }
}
