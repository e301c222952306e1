import type { Clock } from '../../actors/ports/clock.ts';
import type { Registry } from '../../actors/ports/registry.ts';
import { failureOf } from '../../protocols/errors/error.ts';

/** How long a node that has died is still taken for alive. Milliseconds. */
export const nodeLeaseMs = 10_000;

/** The keys of living nodes. */
export const nodePrefix = 'node.';

/** The registry key that a living node holds. */
export function nodeKey(node: string): string {
  return `${nodePrefix}${node}`;
}

/** The ids of the nodes that live. */
export async function nodeIds(registry: Registry): Promise<string[]> {
  return (await registry.list(nodePrefix)).map(({ key }) => key.slice(nodePrefix.length));
}

/** Keeps a node's key in the registry, with what others may know of the node. */
export class NodeLease {
  readonly #registry: Registry;
  readonly #clock: Clock;
  readonly #key: string;
  readonly #describe: () => string;
  readonly #note: (line: string) => void;
  readonly #leaseMs: number;
  #revision = 0;
  #disarm: (() => void) | undefined;
  #stopped = false;

  constructor(options: { registry: Registry; clock: Clock; node: string; describe: () => string; note: (line: string) => void; leaseMs?: number }) {
    this.#registry = options.registry;
    this.#clock = options.clock;
    this.#key = nodeKey(options.node);
    this.#describe = options.describe;
    this.#note = options.note;
    this.#leaseMs = options.leaseMs ?? nodeLeaseMs;
  }

  async start(): Promise<void> {
    await this.#renew();
    this.#arm();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#disarm?.();
    if (this.#revision > 0)
      await this.#registry
        .delete(this.#key, this.#revision)
        .catch((error: unknown) => this.#note(`the node's key was not removed: ${failureOf(error).message}`));
  }

  #arm(): void {
    this.#disarm = this.#clock.timer(this.#leaseMs / 3, () => {
      void this.#renew()
        .catch((error: unknown) => this.#note(`the node's key was not renewed: ${failureOf(error).message}`))
        .finally(() => {
          if (!this.#stopped) this.#arm();
        });
    });
  }

  async #renew(): Promise<void> {
    const value = this.#describe();
    if (this.#revision > 0) {
      try {
        this.#revision = await this.#registry.update(this.#key, value, this.#revision);
        return;
      } catch (error) {
        if (failureOf(error).code !== 'registry_conflict') throw error;
      }
    }
    const present = await this.#registry.get(this.#key);
    this.#revision =
      present === undefined
        ? await this.#registry.create(this.#key, value, { ttlMs: this.#leaseMs })
        : await this.#registry.update(this.#key, value, present.revision);
  }
}
