import { Chance } from '../../histories/random.ts';

/** Processes of one schedule, and how long they are at work before everything is healed. */
export const peersCount = 3;
export const activeMs = 1_500;

export const faultKinds = ['kill', 'pause', 'cut', 'half-open', 'slow', 'server-kill', 'server-pause'] as const;
export type FaultKind = (typeof faultKinds)[number];

/** One fault: when it begins, how long it lasts, in milliseconds, and whom it hits. */
export interface Fault {
  readonly kind: FaultKind;
  readonly peer: number;
  readonly atMs: number;
  readonly forMs: number;
}

/** Longer than a lease and a claim of a schedule about half of the time. Milliseconds. */
const shortest = 80;
const longest = 1_200;

/** The faults of a seed, in order of time. The same seed, the same faults; seeds in a row have each kind at the front in turn. */
export function scheduleOf(seed: number): readonly Fault[] {
  const chance = new Chance(seed);
  const count = 2 + chance.below(3);
  return Array.from({ length: count }, (_, index): Fault => {
    const kind = index === 0 ? faultKinds[Math.abs(seed) % faultKinds.length] : undefined;
    return {
      kind: kind ?? chance.pick(faultKinds),
      peer: chance.below(peersCount),
      atMs: 100 + chance.below(activeMs - 200),
      forMs: shortest + chance.below(longest - shortest),
    };
  }).sort((one, two) => one.atMs - two.atMs);
}
