import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, lstat, mkdir, open, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { FlockworkError } from '../../protocols/errors/error.ts';
import { type Artifact, type Manifest, workspacePath } from '../../protocols/goals/goal.ts';
import { mergeArtifacts } from './merged.ts';
import { neverTravels } from './walk.ts';

export interface ApplyOptions {
  readonly artifacts: readonly Artifact[];
  /** What the goal began with; undefined = nothing. */
  readonly manifest: Manifest | undefined;
  /** The folder to change: the one that was snapshotted, or the folder of the single file that was. */
  readonly root: string;
  readonly read: (sha256: string) => Promise<Uint8Array>;
}

/** Paths by what was done. */
export interface Applied {
  readonly written: readonly string[];
  readonly deleted: readonly string[];
  /** Already as the goal left them. */
  readonly unchanged: readonly string[];
}

type Step = { readonly path: string; readonly file: string; readonly mode: number | undefined; readonly sha256: string | undefined };

/**
 * Brings a goal's changes into a folder. First every file is looked at: when one is not as the goal began with it (nor already as it left it), or tasks
 * disagree, it throws `patch_conflict` that names each, and nothing is written. Then all new bytes are stored beside, and each file appears by a rename.
 * Throws `path_not_allowed` for a path that leaves the folder, through a link or into .git, .flockwork or node_modules.
 */
export async function applyArtifacts({ artifacts, manifest, root, read }: ApplyOptions): Promise<Applied> {
  const folder = await realpath(root).catch((cause: unknown) => {
    throw new FlockworkError('input_missing', `The folder ${root} to apply the changes to does not exist`, { cause, details: { path: root } });
  });
  const before = new Map(manifest?.files.map((file) => [file.path, file]));
  const merged = mergeArtifacts(artifacts);
  const conflicts = [...merged.conflicts].map(([path, tasks]) => ({ path, reason: `was changed differently by ${tasks.join(', ')}` }));
  const going = new Set(merged.artifacts.filter((artifact) => artifact.change === 'deleted').map((artifact) => artifact.path));
  const steps: Step[] = [];
  const unchanged: string[] = [];
  for (const { path, change, sha256 } of merged.artifacts) {
    const { file, blockedBy } = await placeOf(folder, path, going);
    const found = await hashOf(file);
    const old = before.get(path);
    if (change !== 'deleted' && sha256 === undefined) conflicts.push({ path, reason: 'is above the bound for artifacts, its bytes were not kept' });
    else if (blockedBy !== undefined) conflicts.push({ path, reason: `needs a folder where ${blockedBy} is a file` });
    else if (change === 'deleted' && found.hash === 'folder') unchanged.push(path);
    else if (found.hash === 'special' || found.hash === 'folder') conflicts.push({ path, reason: 'is a folder, a link or a special file here' });
    else if (found.hash === (change === 'deleted' ? undefined : sha256)) unchanged.push(path);
    else if (found.hash !== old?.sha256)
      conflicts.push({
        path,
        reason: found.hash === undefined ? 'is no longer there' : old === undefined ? 'was added here meanwhile' : 'has changed here meanwhile',
      });
    else steps.push({ path, file, mode: found.mode, sha256: change === 'deleted' ? undefined : sha256 });
  }
  if (conflicts.length > 0) {
    const named = conflicts.map(({ path, reason }) => `${path} ${reason}`).join('; ');
    throw new FlockworkError(
      'patch_conflict',
      `The changes do not fit ${folder} as it is, so nothing was written: ${named}. Write them elsewhere with --output, or put the files back`,
      {
        details: { root: folder, files: conflicts },
      },
    );
  }
  await write(folder, steps, read);
  const [written, deleted] = [steps.filter((step) => step.sha256 !== undefined), steps.filter((step) => step.sha256 === undefined)];
  return { written: written.map((step) => step.path), deleted: deleted.map((step) => step.path), unchanged };
}

async function write(folder: string, steps: readonly Step[], read: ApplyOptions['read']): Promise<void> {
  if (steps.length === 0) return;
  // Within the folder, so that the renames stay on one file system.
  const stage = join(folder, `.flockwork-apply-${randomUUID()}`);
  await mkdir(stage, { mode: 0o700 });
  try {
    for (const [index, { sha256, mode }] of steps.entries()) {
      if (sha256 === undefined) continue;
      const staged = join(stage, String(index));
      await writeFile(staged, await read(sha256), { flag: 'wx', flush: true });
      if (mode !== undefined) await chmod(staged, mode);
    }
    for (const { sha256, file } of steps) if (sha256 === undefined) await rm(file);
    for (const [index, { sha256, file }] of steps.entries()) {
      if (sha256 === undefined) continue;
      await mkdir(dirname(file), { recursive: true });
      await rename(join(stage, String(index)), file);
    }
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
}

/** Where the file stands, and the file that stands where one of its folders must be. Throws `path_not_allowed` unless every folder on the way is a real one inside. */
async function placeOf(folder: string, path: string, going: ReadonlySet<string>): Promise<{ file: string; blockedBy?: string }> {
  const parts = path.split('/');
  if (!workspacePath.safeParse(path).success || parts.some((part) => neverTravels.has(part.toLowerCase())))
    throw notAllowed(path, 'is not a path that changes may be applied to');
  const file = join(folder, ...parts);
  if (!file.startsWith(folder.endsWith(sep) ? folder : folder + sep)) throw notAllowed(path, `leaves ${folder}`);
  for (let depth = 1; depth < parts.length; depth++) {
    const above = parts.slice(0, depth).join('/');
    const stat = await lstat(join(folder, above)).catch(absent);
    if (stat === undefined) break;
    if (stat.isSymbolicLink()) throw notAllowed(path, `goes through the link ${join(folder, above)}`);
    if (!stat.isDirectory()) return going.has(above) ? { file } : { file, blockedBy: above };
  }
  return { file };
}

async function hashOf(file: string): Promise<{ hash: string | undefined; mode?: number }> {
  const stat = await lstat(file).catch(absent);
  if (stat === undefined) return { hash: undefined };
  if (!stat.isFile()) return { hash: stat.isDirectory() ? 'folder' : 'special' };
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const hash = createHash('sha256');
  for await (const chunk of handle.createReadStream()) hash.update(chunk as Buffer);
  return { hash: hash.digest('hex'), mode: stat.mode & 0o777 };
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
  throw error;
}

function notAllowed(path: string, why: string): FlockworkError {
  return new FlockworkError('path_not_allowed', `${path} ${why}; nothing was written`, { details: { path } });
}
