import { randomUUID } from 'node:crypto';
import { access, mkdir, readdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Blobs } from '../../actors/ports/blobs.ts';
import type { ToolScope } from '../../actors/ports/tools.ts';
import { FlockworkError } from '../../protocols/errors/error.ts';
import { type Artifact, type Manifest, manifestFilesMax } from '../../protocols/goals/goal.ts';
import { isToken } from '../../protocols/subjects.ts';
import { Bases } from './bases.ts';
import { collectArtifacts } from './collect.ts';
import { checkManifest, copyTree, openTree, removeTree } from './tree.ts';

export interface WorkspacesOptions {
  /** Where the node keeps its trees; made when missing. On one file system, for nobody else. */
  readonly folder: string;
  readonly blobs: Blobs;
  /** Files of one workspace. Default 50,000. */
  readonly filesMax?: number;
  /** Bytes of one workspace as it begins. Default 512 MiB. */
  readonly bytesMax?: number;
  /** Read-only trees kept for the next task. Default 16; those in use are kept beyond it. */
  readonly basesMax?: number;
  /** Default 64 MiB. */
  readonly artifactBytesMax?: number;
  /** Default 10,000. */
  readonly artifactsMax?: number;
  /** Tasks that are open at the same time. Default 4,096. */
  readonly openMax?: number;
  /** A task's tree that nobody released goes at start when it is older. Default 7 days. */
  readonly taskUnusedMs?: number;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** The files of one attempt of a task. */
export interface TaskWorkspace {
  /** Where to read now: the shared read-only tree, or the task's own after its first write. */
  read(): Promise<string>;
  /** The task's own tree, made at the first call; `scratch` is beside it, on the same file system, and never collected. */
  write(): Promise<{ readonly tree: string; readonly scratch: string }>;
}

export interface TaskWorkspaces {
  /** Throws `blob_unknown`, `blob_mismatch`, `invalid_request` or `input_too_large` when the manifest cannot be had; `too_many_requests` above `openMax`. */
  open(scope: ToolScope): Promise<TaskWorkspace>;
  collect(scope: ToolScope): Promise<readonly Artifact[]>;
  /** Removes the task's own tree. Releasing again is free. */
  release(scope: ToolScope): Promise<void>;
  /** Removes the own trees of tasks for which `keep` answers false, and what processes left half-made. */
  sweep(keep: (task: { tenant: string; root: string; task: string; attempt: number }) => boolean | Promise<boolean>): Promise<number>;
}

interface OpenTask {
  readonly folder: string;
  readonly manifest: () => Promise<Manifest>;
  base: Promise<{ folder: string; leave: () => Promise<void> }> | undefined;
  tree: Promise<string> | undefined;
}

const manifestsKept = 16;

/**
 * The workspaces of a node, copy on write by the tree: what a task reads is one read-only tree per manifest, shared; its own writable tree is made
 * at its first write. A task's tree survives the process, so that an attempt which goes on after a crash finds what it wrote; it goes with `release`.
 */
export function createWorkspaces(options: WorkspacesOptions): TaskWorkspaces {
  const { folder, blobs, openMax = 4_096, artifactBytesMax = 64 * 2 ** 20, artifactsMax = 10_000, taskUnusedMs = 7 * 86_400_000, now = Date.now } = options;
  const bounds = { filesMax: options.filesMax ?? manifestFilesMax, bytesMax: options.bytesMax ?? 512 * 2 ** 20 };
  const bases = new Bases({ folder: join(folder, 'bases'), basesMax: options.basesMax ?? 16, read: (tenant, sha256) => blobs.get(tenant, sha256) });
  const tasksFolder = join(folder, 'tasks');
  const openTasks = new Map<string, OpenTask>();
  const manifests = new Map<string, Promise<Manifest>>();
  let started: Promise<unknown> | undefined;

  function start(): Promise<unknown> {
    started ??= sweepTasks(tasksFolder, async (_task, path) => now() - (await stat(path)).mtimeMs < taskUnusedMs);
    return started;
  }

  async function manifestOf({ tenant, manifest }: ToolScope): Promise<Manifest> {
    if (manifest === undefined) return { files: [] };
    if (!('blob' in manifest)) return checkManifest(manifest, bounds);
    const key = `${tenant}.${manifest.blob}`;
    const known = manifests.get(key) ?? blobs.get(tenant, manifest.blob).then((bytes) => checkManifest(parseJson(bytes, manifest.blob), bounds));
    manifests.delete(key);
    manifests.set(key, known);
    for (const oldest of manifests.keys()) {
      if (manifests.size <= manifestsKept) break;
      manifests.delete(oldest);
    }
    return known.catch((error: unknown) => {
      manifests.delete(key);
      throw error;
    });
  }

  async function task(scope: ToolScope): Promise<OpenTask> {
    await start();
    const place = placeOf(scope);
    const known = openTasks.get(place);
    if (known !== undefined) return known;
    if (openTasks.size >= openMax) {
      throw new FlockworkError('too_many_requests', `${openMax} workspaces are open on this node; release some or raise openMax`, { details: { openMax } });
    }
    const path = join(tasksFolder, place);
    let manifest: Promise<Manifest> | undefined;
    const opened: OpenTask = {
      folder: path,
      manifest: () => {
        manifest ??= manifestOf(scope).catch((error: unknown) => {
          manifest = undefined;
          throw error;
        });
        return manifest;
      },
      base: undefined,
      tree: undefined,
    };
    openTasks.set(place, opened);
    if (await exists(join(path, 'tree'))) opened.tree ??= Promise.resolve(join(path, 'tree'));
    return opened;
  }

  function baseOf(scope: ToolScope, opened: OpenTask): Promise<{ folder: string; leave: () => Promise<void> }> {
    opened.base ??= opened
      .manifest()
      .then((manifest) => bases.use(scope.tenant, manifest))
      .catch((error: unknown) => {
        opened.base = undefined;
        throw error;
      });
    return opened.base;
  }

  async function makeTree(scope: ToolScope, opened: OpenTask): Promise<string> {
    const base = await baseOf(scope, opened);
    const making = join(opened.folder, `.making-${randomUUID()}`);
    const tree = join(opened.folder, 'tree');
    await mkdir(making, { recursive: true });
    try {
      await copyTree(base.folder, making, await opened.manifest());
      await rename(making, tree);
    } catch (error) {
      await removeTree(making);
      throw error;
    }
    return tree;
  }

  return {
    async open(scope) {
      const opened = await task(scope);
      return {
        async read() {
          return opened.tree ?? (await baseOf(scope, opened)).folder;
        },
        async write() {
          opened.tree ??= makeTree(scope, opened).catch((error: unknown) => {
            opened.tree = undefined;
            throw error;
          });
          const tree = await opened.tree;
          const scratch = join(opened.folder, 'scratch');
          await mkdir(scratch, { recursive: true });
          return { tree, scratch };
        },
      };
    },

    async collect(scope) {
      const opened = await task(scope);
      if (opened.tree === undefined) return [];
      const tree = await opened.tree;
      const put = (bytes: Uint8Array): Promise<string> => blobs.put(scope.tenant, bytes);
      const from = { tree, manifest: await opened.manifest(), task: scope.task, put, artifactBytesMax, artifactsMax };
      return collectArtifacts(from).catch(async (error: NodeJS.ErrnoException) => {
        // A command may have taken the right to read away from its own files.
        if (error.code !== 'EACCES') throw error;
        await openTree(tree);
        return collectArtifacts(from);
      });
    },

    async release(scope) {
      await start();
      const place = placeOf(scope);
      const opened = openTasks.get(place);
      openTasks.delete(place);
      await opened?.tree?.catch(() => undefined);
      await removeTree(join(tasksFolder, place));
      const base = await opened?.base?.catch(() => undefined);
      await base?.leave();
    },

    async sweep(keep) {
      await start();
      return sweepTasks(tasksFolder, async (found) => openTasks.has(placeOf(found)) || (await keep(found)));
    },
  };
}

type FoundTask = Pick<ToolScope, 'tenant' | 'root' | 'task' | 'attempt'>;

function placeOf({ tenant, root, task, attempt }: FoundTask): string {
  for (const token of [tenant, root, task, String(attempt)]) {
    if (!isToken(token))
      throw new FlockworkError('subject_invalid', `'${token}' cannot name a workspace: use letters, digits, '-' and '_'`, { details: { token } });
  }
  return join(tenant, root, `${task}.${attempt}`);
}

/** Visits the folder of every task; removes those not kept, and half-made trees in the others. Answers how many tasks went. */
async function sweepTasks(folder: string, keep: (task: FoundTask, path: string) => Promise<boolean>): Promise<number> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  let removed = 0;
  for (const tenant of await readdir(folder)) {
    for (const root of await readdir(join(folder, tenant))) {
      for (const name of await readdir(join(folder, tenant, root))) {
        const path = join(folder, tenant, root, name);
        const split = name.lastIndexOf('.');
        if (await keep({ tenant, root, task: name.slice(0, split), attempt: Number(name.slice(split + 1)) }, path)) {
          for (const part of await readdir(path)) if (part.startsWith('.making-')) await removeTree(join(path, part));
        } else {
          await removeTree(path);
          removed++;
        }
      }
    }
  }
  return removed;
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function parseJson(bytes: Uint8Array, blob: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new FlockworkError('invalid_request', `The blob ${blob} that the workspace names as its manifest is not JSON`, { cause, details: { blob } });
  }
}
