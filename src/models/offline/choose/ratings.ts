import type { Hit } from '../evidence.ts';
import { stem } from '../terms.ts';

/** What a text says of itself under one criterion. */
export interface Rating {
  readonly criterion: string;
  /** From 0 to 1. */
  readonly share: number;
  readonly points: number;
  readonly of: number;
  readonly source: Hit;
}

/** One of several designs, offers, candidates: a text with ratings. */
export interface Alternative {
  readonly name: string;
  readonly path: string;
  readonly ratings: ReadonlyMap<string, Rating>;
}

/** `Cost: 4/5`, `- **Cost:** 4 of 5`, `| cost | 4 / 5 |`. */
const rating = /^[\s>|*_#-]*([\p{L}][\p{L}\p{N} -]{1,40}?)[*_]*\s*[:|][*_\s]*(\d{1,3}(?:\.\d+)?)\s*(?:\/|of|out of)\s*(\d{1,3})(?![\d.]*\d)/iu;
const heading = /^#\s+(\S.*)$/;
/** `by simplicity, cost and robustness` */
const listed = /\b(?:by|criteria:?)\s+(?:(?:its|their|the)\s+)?((?:[\p{L}-]+,\s+)*[\p{L}-]+,?\s+and\s+[\p{L}-]+)/iu;
const choosing = /\b(?:choose|pick|select|recommend|best)\b/i;

/** The criteria by which a goal wants something chosen, in its order; empty when it wants nothing of the kind. */
export function criteriaOf(goal: string): readonly string[] {
  if (!choosing.test(goal)) return [];
  const list = listed.exec(goal)?.[1] ?? '';
  return list
    .split(/,\s*|\s+and\s+/)
    .map((word) => word.trim().toLowerCase())
    .filter((word) => word !== '');
}

/** The ratings that a text states; undefined when it states none. */
export function alternativeIn(path: string, lines: ReadonlyMap<number, string>): Alternative | undefined {
  const ratings = new Map<string, Rating>();
  let name: string | undefined;
  for (const [line, text] of [...lines].toSorted(([a], [b]) => a - b)) {
    name ??= heading.exec(text)?.[1]?.trim();
    const [, criterion, points, of] = rating.exec(text) ?? [];
    if (criterion === undefined || Number(of) <= 0 || Number(points) > Number(of)) continue;
    const key = stem(criterion.trim());
    if (ratings.has(key)) continue;
    ratings.set(key, {
      criterion: criterion.trim().toLowerCase(),
      share: Number(points) / Number(of),
      points: Number(points),
      of: Number(of),
      source: { path, line, text },
    });
  }
  return ratings.size === 0 ? undefined : { name: name ?? path, path, ratings };
}

/** The criteria of the goal that every alternative rates. */
export function sharedCriteria(alternatives: readonly Alternative[], wanted: readonly string[]): readonly string[] {
  return wanted.filter((criterion) => alternatives.every(({ ratings }) => ratings.has(stem(criterion))));
}
