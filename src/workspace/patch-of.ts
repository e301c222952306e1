import type { Artifact, Manifest } from '../../protocols/goals/goal.ts';
import { mergeArtifacts } from './merged.ts';
import { formatFilePatch } from './patch.ts';

export interface PatchOptions {
  readonly artifacts: readonly Artifact[];
  /** What the goal began with; undefined = nothing. */
  readonly manifest: Manifest | undefined;
  /** The bytes of a blob. */
  readonly read: (sha256: string) => Promise<Uint8Array>;
}

/**
 * One git-style patch of all text changes, as `git apply` and `patch -p1` take it; '' when nothing changed. What cannot stand in it (binary files,
 * files above the size bound, files that tasks changed differently) is named in lines that begin with `# ` before the first diff.
 */
export async function patchOf({ artifacts, manifest, read }: PatchOptions): Promise<string> {
  const before = new Map(manifest?.files.map((file) => [file.path, file.sha256]));
  const merged = mergeArtifacts(artifacts);
  const notes: string[] = [];
  const parts: string[] = [];
  for (const [path, tasks] of merged.conflicts) notes.push(`# not in this patch: ${JSON.stringify(path)} was changed differently by ${tasks.join(', ')}`);
  for (const { path, change, sha256, size } of merged.artifacts) {
    const oldHash = before.get(path);
    if (change !== 'deleted' && sha256 === undefined) {
      notes.push(`# not in this patch: ${JSON.stringify(path)} ${change}, ${size ?? 0} bytes, above the bound for artifacts`);
      continue;
    }
    const from = oldHash === undefined ? undefined : textOf(await read(oldHash));
    const to = change === 'deleted' || sha256 === undefined ? undefined : textOf(await read(sha256));
    if (from === null || to === null) notes.push(`# not in this patch: ${JSON.stringify(path)} ${change}, binary`);
    else if (from !== to) parts.push(formatFilePatch(path, from, to));
  }
  return [...notes.map((note) => `${note}\n`), ...parts].join('');
}

/** The text of the bytes, null when they are not text: not UTF-8, or with a NUL. */
function textOf(bytes: Uint8Array): string | null {
  if (bytes.includes(0)) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}
