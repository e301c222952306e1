import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Registry, RegistryEntry } from '../../actors/ports/registry.ts';
import { FlockworkError } from '../../protocols/errors/error.ts';
import { shardCount } from '../../protocols/subjects.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { ShardLeases } from './shard-leases.ts';

const leaseMs = 10_000;

/** Keys with a ttl, on a clock that the test moves; the implementations are held to the same by the conformance suites. */
class Keys implements Registry {
  readonly #clock: VirtualClock;
  readonly #entries = new Map<string, { value: string; revision: number; ttlMs: number | undefined; at: number }>();
  #revision = 0;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  async get(key: string): Promise<RegistryEntry | undefined> {
    const found = this.#live(key);
    return found === undefined ? undefined : { key, value: found.value, revision: found.revision };
  }
  async create(key: string, value: string, { ttlMs }: { ttlMs?: number } = {}): Promise<number> {
    if (this.#live(key) !== undefined) throw new FlockworkError('registry_conflict', 'it exists');
    return this.#write(key, value, ttlMs);
  }
  async update(key: string, value: string, revision: number): Promise<number> {
    const found = this.#live(key);
    if (found?.revision !== revision) throw new FlockworkError('registry_conflict', 'another was first');
    return this.#write(key, value, found.ttlMs);
  }
  async delete(key: string): Promise<void> {
    this.#entries.delete(key);
  }
  async list(prefix: string): Promise<readonly RegistryEntry[]> {
    return [...this.#entries.keys()].sort().flatMap((key) => {
      const found = key.startsWith(prefix) ? this.#live(key) : undefined;
      return found === undefined ? [] : [{ key, value: found.value, revision: found.revision }];
    });
  }

  #live(key: string) {
    const found = this.#entries.get(key);
    return found?.ttlMs !== undefined && this.#clock.now() >= found.at + found.ttlMs ? undefined : found;
  }

  #write(key: string, value: string, ttlMs: number | undefined): number {
    this.#revision += 1;
    this.#entries.set(key, { value, revision: this.#revision, ttlMs, at: this.#clock.now() });
    return this.#revision;
  }
}

function stage() {
  const clock = new VirtualClock(1_000);
  const registry = new Keys(clock);
  const halted = new Set<string>();
  let alive: readonly string[] = [];
  const settle = async (): Promise<void> => {
    for (let round = 0; round < 300; round += 1) await turn();
  };
  /** Lets time pass in small steps, so that every look happens when it is due. */
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 500) {
      clock.advanceBy(500);
      await settle();
    }
  };
  const node = (name: string, open: (shards: readonly number[]) => Promise<void> = async () => undefined) => {
    const taken: (readonly number[])[] = [];
    const lost: number[] = [];
    const notes: string[] = [];
    const leases = new ShardLeases({
      registry,
      // The timers of a process that died do not fire.
      clock: { now: () => clock.now(), timer: (ms, fire) => clock.timer(ms, () => (halted.has(name) ? undefined : fire())) },
      node: name,
      coordinators: async () => alive,
      onTaken: (shards) => {
        taken.push(shards);
        return open(shards);
      },
      onLost: async (shards) => void lost.push(...shards),
      note: (line) => notes.push(line),
      leaseMs,
    });
    return { leases, taken, lost, notes };
  };
  return { clock, node, pass, settle, halt: (name: string) => halted.add(name), live: (...names: string[]) => (alive = names) };
}

describe('the leases of shards', () => {
  test('a node alone takes all of them, and gives half away to one that joins', async () => {
    const { node, pass, live } = stage();
    live('a');
    const a = node('a');
    await a.leases.start();
    expect(a.leases.held).toHaveLength(shardCount);
    live('a', 'b');
    const b = node('b');
    await b.leases.start();
    await pass(leaseMs);
    expect([a.leases.held.length, b.leases.held.length]).toEqual([shardCount / 2, shardCount / 2]);
  });

  test('those of a node that died are taken within the lease and a tenth of it', async () => {
    const { node, pass, live, halt } = stage();
    live('a', 'b');
    const a = node('a');
    const b = node('b');
    await a.leases.start();
    await pass(1_500);
    await b.leases.start();
    // A renewal just before the death is the worst case.
    await pass(11_000);
    halt('a');
    live('b');
    await pass(leaseMs + leaseMs / 10);
    expect(b.leases.held).toHaveLength(shardCount);
  });

  test('renewing goes on while what was taken is still being opened', async () => {
    const { node, pass, settle, live } = stage();
    live('a');
    const opening = Promise.withResolvers<void>();
    const a = node('a', () => opening.promise);
    const started = a.leases.start();
    await settle();
    await pass(leaseMs * 3);
    expect([a.lost, a.leases.held.length, a.leases.holds(0)]).toEqual([[], shardCount, true]);
    opening.resolve();
    await started;
    expect(a.taken).toHaveLength(1);
  });

  test('what could not be opened is given back, and tried again', async () => {
    const { node, pass, live } = stage();
    live('a');
    let attempts = 0;
    const a = node('a', async () => {
      attempts += 1;
      if (attempts === 1) throw new FlockworkError('bus_unreachable', 'the index is away');
    });
    await a.leases.start();
    expect([a.leases.held.length, a.lost.length, a.notes.length]).toEqual([0, shardCount, 1]);
    await pass(leaseMs / 10);
    expect([a.leases.held.length, attempts]).toEqual([shardCount, 2]);
  });

  test('a node that stood still longer than its leases owns nothing when it wakes, before it has asked anybody', async () => {
    const { clock, node, pass, settle, live } = stage();
    live('a');
    const a = node('a');
    await a.leases.start();
    await pass(leaseMs);
    // The clock jumps: its timers come late, as after SIGCONT.
    clock.advanceBy(leaseMs * 2);
    expect(a.leases.holds(0)).toBe(false);
    await settle();
    expect(a.lost).toHaveLength(shardCount);
  });
});
