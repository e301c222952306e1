import type { Bus } from '../../actors/ports/bus.ts';
import type { NodeResult } from '../../protocols/wire/results.ts';
import { ShardLeases } from '../../swarm/owner/shard-leases.ts';
import { allShards, ShardOwner, type ShardOwnerOptions } from '../../swarm/owner/shard-owner.ts';
import { nodePrefix } from '../../swarm/worker/node-lease.ts';

export interface Ownership {
  /** Shards that this node owns now. */
  readonly shards: number;
  /** The same, by number. */
  readonly owned: readonly number[];
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface OwnershipOptions extends Omit<ShardOwnerOptions, 'mayStart'> {
  readonly leaseMs: number;
  /** False: this node gives its shards away, and takes none. */
  readonly mayOwn: () => boolean;
}

/** How this node comes to own shards: all of them where the bus belongs to one process, else by leases, shared with the other coordinators. */
export function createOwnership(bus: Bus, options: OwnershipOptions): Ownership {
  const { host, leaseMs, mayOwn } = options;
  if (bus.kind === 'embedded') {
    const owner = new ShardOwner(options);
    return {
      get shards() {
        return owner.shards.length;
      },
      get owned() {
        return owner.shards;
      },
      async start() {
        await owner.start();
        await owner.take(allShards);
      },
      stop: () => owner.stop(),
    };
  }
  const owner: ShardOwner = new ShardOwner({ ...options, mayStart: (shard) => leases.holds(shard) && mayOwn() });
  const leases = new ShardLeases({
    registry: bus.registry,
    clock: host.clock,
    node: host.node,
    coordinators: async () => (mayOwn() ? aliveCoordinators(bus) : []),
    onTaken: (shards) => owner.take(shards),
    onLost: (shards) => owner.drop(shards),
    note: host.note,
    leaseMs,
  });
  return {
    get shards() {
      return owner.shards.length;
    },
    get owned() {
      return owner.shards;
    },
    async start() {
      await owner.start();
      await leases.start();
    },
    async stop() {
      await leases.stop();
      await owner.stop();
    },
  };
}

async function aliveCoordinators(bus: Bus): Promise<readonly string[]> {
  const nodes = (await bus.registry.list(nodePrefix)).map(({ value }) => JSON.parse(value) as NodeResult);
  return nodes.filter(({ roles, notReady }) => roles.includes('coordinator') && notReady?.includes('clock') !== true).map(({ id }) => id);
}
