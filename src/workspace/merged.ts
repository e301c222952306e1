import type { Artifact } from '../../protocols/goals/goal.ts';
import { foldersOf } from './tree.ts';
import { byCodeUnit } from './walk.ts';

export interface Merged {
  /** One per path, by path. */
  readonly artifacts: readonly Artifact[];
  /** Paths that several tasks left in different states, with those tasks. */
  readonly conflicts: ReadonlyMap<string, readonly string[]>;
}

/** The changes of all tasks of a goal as one set. Each task changed its own copy of the same files; equal changes are one. */
export function mergeArtifacts(artifacts: readonly Artifact[]): Merged {
  const byPath = Map.groupBy(artifacts, (artifact) => artifact.path);
  const merged: Artifact[] = [];
  const conflicts = new Map<string, readonly string[]>();
  for (const [path, changes] of byPath) {
    const [first] = changes;
    if (first === undefined) continue;
    if (changes.every((other) => isSame(first, other))) merged.push(first);
    else conflicts.set(path, [...new Set(changes.map((change) => change.task))]);
  }
  // One task's file may be another's folder.
  const present = merged.filter((artifact) => artifact.change !== 'deleted');
  const folders = foldersOf(present);
  for (const { path, task } of present)
    if (folders.has(path)) conflicts.set(path, [task, ...present.filter((other) => other.path.startsWith(`${path}/`)).map((other) => other.task)]);
  return { artifacts: merged.filter((artifact) => !conflicts.has(artifact.path)).sort((a, b) => byCodeUnit(a.path, b.path)), conflicts };
}

function isSame(one: Artifact, other: Artifact): boolean {
  if (one.change === 'deleted' || other.change === 'deleted') return one.change === other.change;
  return one.sha256 !== undefined && one.sha256 === other.sha256 ? true : one === other;
}
