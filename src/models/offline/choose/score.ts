import { stem } from '../terms.ts';

/** The ratings of one alternative as a proposal writes them down, by criterion; from 0 to 1. */
export interface Scored {
  readonly name: string;
  readonly shares: ReadonlyMap<string, number>;
}

/** How often the criterion of a voter counts in its proposal and its first ballot. The others count once. */
export const ownWeight = 3;
const scale = 5;

/** The criterion that a voter stands for: the first for p1, the second for p2, and so on, round again. */
export function ownCriterion(criteria: readonly string[], voter: number): string | undefined {
  return voter < 1 ? undefined : criteria[(voter - 1) % criteria.length];
}

/** Points on a scale of 5 for each criterion, the own one counted `ownWeight` times. */
export function pointsOf({ shares }: Scored, criteria: readonly string[], own: string | undefined): number {
  const sum = criteria.reduce((points, criterion) => points + (shares.get(stem(criterion)) ?? 0) * (criterion === own ? ownWeight : 1), 0);
  return Math.round(sum * scale * 10) / 10;
}

export function shownShare({ shares }: Scored, criterion: string): string {
  return String(Math.round((shares.get(stem(criterion)) ?? 0) * scale * 10) / 10);
}

/** The best first; equals in the order given. */
export function byPoints<Item extends Scored>(items: readonly Item[], criteria: readonly string[], own: string | undefined): readonly Item[] {
  return items.toSorted((a, b) => pointsOf(b, criteria, own) - pointsOf(a, criteria, own));
}
