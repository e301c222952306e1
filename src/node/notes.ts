import type { Clock } from '../../actors/ports/clock.ts';

/** A line that says what another has said is held back for so long. Milliseconds. */
export const noteRepeatMs = 30_000;
/** Different lines that are remembered; above it the oldest are told anew. */
export const noteKindsMax = 256;

interface Kind {
  readonly toldAt: number;
  heldBack: number;
}

/**
 * Notes for an operator without the flood: what differs from a line told within `noteRepeatMs` only in its numbers is counted, and told
 * with the next one of its kind. A full disk is one line for every thirty seconds, not one for every shard, pool and try.
 */
export function createNotes(write: (line: string) => void, clock: Pick<Clock, 'now'>): (line: string) => void {
  const kinds = new Map<string, Kind>();
  return (line) => {
    const key = line.replace(/\d+/g, '#');
    const known = kinds.get(key);
    const now = clock.now();
    if (known !== undefined && now - known.toldAt < noteRepeatMs) {
      known.heldBack += 1;
      return;
    }
    kinds.delete(key);
    kinds.set(key, { toldAt: now, heldBack: 0 });
    for (const oldest of kinds.keys()) {
      if (kinds.size <= noteKindsMax) break;
      kinds.delete(oldest);
    }
    write(known === undefined || known.heldBack === 0 ? line : `${line} (and ${known.heldBack} times more since)`);
  };
}
