import { isSubject, subjectMatches } from '../../../protocols/subjects.ts';

/** Which index of the journal serves a pattern; what it gives must still match unless it is one stream. */
export type AccessPath =
  | { readonly type: 'stream'; readonly name: string }
  | { readonly type: 'root'; readonly subject: string }
  | { readonly type: 'shard'; readonly shard: number }
  | { readonly type: 'all' };

const shardAt = 3;
const rootLength = 5;

/** Chooses the narrowest index for a pattern of `flock.<tenant>.journal.<shard>.<root>.<actor>`. */
export function accessPath(pattern: string): AccessPath {
  if (isSubject(pattern)) return { type: 'stream', name: pattern };
  const tokens = pattern.split('.');
  if (tokens.length > rootLength && isSubject(tokens.slice(0, rootLength).join('.'))) return { type: 'root', subject: tokens.slice(0, rootLength).join('.') };
  const shard = tokens[shardAt];
  if (shard !== undefined && /^\d+$/.test(shard) && !tokens.slice(0, shardAt).includes('>')) return { type: 'shard', shard: Number(shard) };
  return { type: 'all' };
}

/** `subjectMatches` for one pattern and many subjects of few kinds: remembers at most `rememberedMax` answers. */
export function matcherOf(pattern: string, rememberedMax = 1_000): (subject: string) => boolean {
  if (isSubject(pattern)) return (subject) => subject === pattern;
  const remembered = new Map<string, boolean>();
  return (subject) => {
    const known = remembered.get(subject);
    if (known !== undefined) return known;
    const matches = subjectMatches(pattern, subject);
    if (remembered.size >= rememberedMax) remembered.clear();
    remembered.set(subject, matches);
    return matches;
  };
}
