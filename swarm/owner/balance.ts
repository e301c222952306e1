/** How many of `count` shards a node should own, when `nodes` share them evenly; the first in order take one more. Pure. */
export function shareOf(nodes: readonly string[], node: string, count: number): number {
  const sorted = [...new Set(nodes)].sort();
  const place = sorted.indexOf(node);
  if (place < 0) return 0;
  return Math.floor(count / sorted.length) + (place < count % sorted.length ? 1 : 0);
}
