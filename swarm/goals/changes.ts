import type { Artifact, Manifest, ManifestFile } from '../../protocols/goals/goal.ts';

/** A task's changes, in the order of the tasks. */
export interface TaskChanges {
  readonly task: number;
  /** The task whose workspace it went on with. */
  readonly follows: number | null;
  readonly artifacts: readonly Artifact[];
}

/** The files of a manifest with these changes laid over them, in the order of path. A change without its bytes leaves the file as it was. */
export function overlay(manifest: Manifest, changes: Iterable<readonly Artifact[]>): Manifest {
  const files = new Map<string, ManifestFile>(manifest.files.map((file) => [file.path, file]));
  for (const artifacts of changes) {
    for (const { path, change, sha256, size } of artifacts) {
      if (change === 'deleted') files.delete(path);
      else if (sha256 !== undefined && size !== undefined)
        files.set(path, { path, sha256, size, ...(files.get(path)?.executable === true ? { executable: true } : {}) });
    }
  }
  return { files: [...files.values()].sort((a, b) => order(a.path, b.path)) };
}

/** `task` and those whose workspace it goes on with, the first first. */
export function chainOf(follows: (task: number) => number | null, task: number | null): number[] {
  const chain: number[] = [];
  for (let at = task; at !== null; at = follows(at)) chain.unshift(at);
  return chain;
}

/**
 * The changes of all tasks against the files that the goal began with. Where a task went on with another's workspace, only the last
 * state of a path counts; tasks that worked apart each keep theirs, equal ones once.
 */
export function changesOf(manifest: Manifest, tasks: readonly TaskChanges[]): Artifact[] {
  const base = new Map(manifest.files.map((file) => [file.path, file]));
  const byTask = new Map(tasks.map((one) => [one.task, one]));
  const followed = new Set(tasks.map(({ follows }) => follows));
  const changes = new Map<string, Artifact>();
  for (const { task } of tasks) {
    // What a later task went on with is part of that task's changes.
    if (followed.has(task)) continue;
    const last = new Map<string, Artifact>();
    const chain = chainOf((at) => byTask.get(at)?.follows ?? null, task);
    for (const at of chain) for (const artifact of byTask.get(at)?.artifacts ?? []) last.set(artifact.path, artifact);
    for (const artifact of last.values()) {
      const change = chain.length === 1 ? artifact : against(base.get(artifact.path), artifact);
      if (change === undefined) continue;
      const same = `${change.path}\n${change.change === 'deleted' ? change.change : (change.sha256 ?? change.task)}`;
      if (!changes.has(same)) changes.set(same, change);
    }
  }
  return [...changes.values()].sort((a, b) => order(a.path, b.path));
}

function against(file: ManifestFile | undefined, artifact: Artifact): Artifact | undefined {
  if (artifact.change === 'deleted') return file === undefined ? undefined : artifact;
  if (file === undefined) return { ...artifact, change: 'added' };
  return file.sha256 === artifact.sha256 ? undefined : { ...artifact, change: 'modified' };
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
