import { hash } from 'node:crypto';

/**
 * Ids of traces and spans are derived from what they stand for, so that every node, and a node after a crash, gives the same span the
 * same id and the same parent without asking anybody.
 */
function hexOf(kind: string, parts: readonly string[], chars: number): string {
  const hex = hash('sha256', `flockwork ${kind}\u0000${parts.join('\u0000')}`).slice(0, chars);
  // An id of zeros alone is no id (W3C Trace Context, 3.2.2.3).
  return /^0+$/.test(hex) ? `${hex.slice(0, -1)}1` : hex;
}

/** 32 hex characters: the trace of a goal. */
export function traceIdOf(tenant: string, goal: string): string {
  return hexOf('trace', [tenant, goal], 32);
}

/** 16 hex characters: the span of a part of a goal; no part is the goal itself. */
export function spanIdOf(tenant: string, goal: string, ...path: readonly string[]): string {
  return hexOf('span', [tenant, goal, ...path], 16);
}
