import type { Bus } from '../../actors/ports/bus.ts';
import type { NodeResult } from '../../protocols/wire/results.ts';

export interface Readiness {
  /** Why the node takes no work, empty when it does: `draining`, `bus` (cut off from it), `clock` (too far from that of the bus). */
  readonly reasons: () => readonly string[];
  /** The clock is near enough to that of the bus to own shards. */
  readonly clockFits: () => boolean;
  /** The same, for the list of nodes. */
  readonly told: () => Pick<NodeResult, 'notReady' | 'clockOffsetMs'>;
}

export interface ReadinessParts {
  readonly health: Bus['health'];
  readonly clockOffsetMaxMs: number;
  readonly draining: () => boolean;
}

/** Whether a node can take work, as /readyz, the list of nodes and the ownership of shards ask. */
export function createReadiness({ health, clockOffsetMaxMs, draining }: ReadinessParts): Readiness {
  const clockFits = (): boolean => Math.abs(health?.clockOffsetMs ?? 0) <= clockOffsetMaxMs;
  const reasons = (): readonly string[] => [
    ...(draining() ? ['draining'] : []),
    ...(health?.connected === false ? ['bus'] : []),
    ...(clockFits() ? [] : ['clock']),
  ];
  return {
    reasons,
    clockFits,
    told: () => ({ notReady: reasons(), ...(health === undefined ? {} : { clockOffsetMs: Math.round(health.clockOffsetMs) }) }),
  };
}
