import type { Artifact } from '../../protocols/goals/goal.ts';
import { artifactsLimitMax } from '../../protocols/wire/methods.ts';
import type { Artifacts } from '../../protocols/wire/results.ts';
import type { GoalArtifacts } from './host.ts';

/** Which page: those behind the item that `after` names. */
export interface ArtifactPageOptions {
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
}

/**
 * As many of a goal's changes as fit `bytesMax` of JSON, and `limit`; at least one, so that a list always comes to its end. Items stand by path and
 * task, and a position is the last pair that was told: it holds while further tasks add theirs.
 */
export function artifactPage(
  { items, base, patch, patchBlob }: GoalArtifacts,
  { after, limit = artifactsLimitMax }: ArtifactPageOptions,
  bytesMax: number,
): Artifacts {
  const sorted = items.map((item) => ({ item, at: positionOf(item) })).sort((a, b) => (a.at < b.at ? -1 : 1));
  const left = after === undefined ? sorted : sorted.filter(({ at }) => at > after);
  const before = new Map(base.files.map((file) => [file.path, file]));
  const first = after === undefined ? { patch, ...(patchBlob === undefined ? {} : { patchBlob }) } : { patch: null };
  const files = new Map<string, (typeof base.files)[number]>();
  const page: Artifact[] = [];
  let bytes = jsonBytes(first);
  let last: string | undefined;
  for (const { item, at } of left) {
    const file = files.has(item.path) ? undefined : before.get(item.path);
    bytes += jsonBytes(item) + (file === undefined ? 0 : jsonBytes(file)) + 2;
    if (page.length > 0 && (bytes > bytesMax || page.length >= limit)) break;
    if (file !== undefined) files.set(item.path, file);
    page.push(item);
    last = at;
  }
  return { items: page, base: { files: [...files.values()] }, ...first, next: page.length < left.length && last !== undefined ? last : null };
}

function positionOf({ path, task }: Artifact): string {
  return `${path}\u0000${task}`;
}

function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
