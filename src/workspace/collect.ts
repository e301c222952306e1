import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { FlockworkError } from '../../protocols/errors/error.ts';
import type { Artifact, Manifest } from '../../protocols/goals/goal.ts';
import { byCodeUnit, neverTravels, walkFiles } from './walk.ts';

export interface CollectOptions {
  readonly tree: string;
  readonly manifest: Manifest;
  readonly task: string;
  readonly put: (bytes: Uint8Array) => Promise<string>;
  /** A changed file above this many bytes is listed with its size and without its bytes. */
  readonly artifactBytesMax: number;
  readonly artifactsMax: number;
}

/**
 * Compares a task's tree with the manifest it began with, by content. Links and special files that appeared are left out, and so is what
 * never travels (.git, node_modules, .flockwork); a file that became one of them counts as deleted. Changes of permissions are not changes.
 */
export async function collectArtifacts({ tree, manifest, task, put, artifactBytesMax, artifactsMax }: CollectOptions): Promise<Artifact[]> {
  const before = new Map(manifest.files.map((file) => [file.path, file]));
  const artifacts: Artifact[] = [];
  for await (const entry of walkFiles(tree)) {
    if (entry.type === 'skipped') continue;
    const { path, size } = entry;
    const old = before.get(path);
    before.delete(path);
    const change = old === undefined ? 'added' : 'modified';
    if (size > artifactBytesMax) {
      if (old?.size === size && old.sha256 === (await hashFile(join(tree, path)))) continue;
      artifacts.push({ path, change, size, task });
    } else {
      const bytes = await readRegular(join(tree, path));
      if (old !== undefined && old.size === bytes.length && old.sha256 === createHash('sha256').update(bytes).digest('hex')) continue;
      artifacts.push({ path, change, sha256: await put(bytes), size: bytes.length, task });
    }
    if (artifacts.length > artifactsMax) {
      throw new FlockworkError(
        'tool_failed',
        `Task ${task} changed more than ${artifactsMax} files; its changes were not collected. Let it keep scratch files in /tmp`,
        {
          details: { task, artifactsMax },
        },
      );
    }
  }
  for (const path of before.keys()) {
    if (!path.split('/').some((part) => neverTravels.has(part.toLowerCase()))) artifacts.push({ path, change: 'deleted', task });
  }
  return artifacts.sort((a, b) => byCodeUnit(a.path, b.path));
}

async function readRegular(file: string): Promise<Uint8Array> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

async function hashFile(file: string): Promise<string> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const hash = createHash('sha256');
  for await (const chunk of handle.createReadStream()) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
