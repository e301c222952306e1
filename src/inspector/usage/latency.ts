/** Two buckets for each doubling, from 1 ms to about 4 hours: a quantile is right within a third. */
export const latencyBuckets = 48;

/** The bucket of a duration in ms. */
export function bucketOf(ms: number): number {
  return ms <= 1 ? 0 : Math.min(latencyBuckets - 1, Math.round(2 * Math.log2(ms)));
}

/** The duration that a share of all counted ones does not exceed, ms; undefined when none is counted. */
export function quantileOf(counts: ArrayLike<number>, share: number): number | undefined {
  let total = 0;
  for (let at = 0; at < counts.length; at++) total += counts[at] ?? 0;
  if (total === 0) return undefined;
  let left = Math.ceil(total * share);
  for (let at = 0; at < counts.length; at++) {
    left -= counts[at] ?? 0;
    if (left <= 0) return Math.round(2 ** (at / 2));
  }
  return Math.round(2 ** ((counts.length - 1) / 2));
}
