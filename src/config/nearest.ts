/** Levenshtein distance (https://en.wikipedia.org/wiki/Levenshtein_distance), counted without regard to case. */
function distance(from: string, to: string): number {
  const left = from.toLowerCase();
  const right = to.toLowerCase();
  let row = Array.from({ length: right.length + 1 }, (_, at) => at);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      next[j] = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, replaced);
    }
    row = next;
  }
  return row[right.length] ?? 0;
}

/** The candidate that a slip of the finger most likely meant; undefined when none is near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const found = distance(word, candidate);
    if (found < bestDistance) [best, bestDistance] = [candidate, found];
  }
  return best !== undefined && bestDistance <= Math.max(2, Math.ceil(Math.max(word.length, best.length) / 2)) ? best : undefined;
}
