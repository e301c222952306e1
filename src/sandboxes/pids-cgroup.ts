import { constants } from 'node:fs';
import { access, mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const mount = '/sys/fs/cgroup';
const prefix = 'flockwork-';
const removeTries = 20;
const removeDelayMs = 10;

/**
 * The folder under which this process may make pids cgroups, or undefined. RLIMIT_NPROC does not hold for root, so a
 * node that runs as root needs one. Version 1: below the cgroup of this process; version 2: at the top, when pids is delegated there.
 */
export async function findPidsParent(): Promise<string | undefined> {
  const own = await read('/proc/self/cgroup');
  const path = /^\d+:(?:[^:\n]*,)?pids(?:,[^:\n]*)?:(.*)$/m.exec(own)?.[1];
  for (const parent of path === undefined ? [] : [join(mount, 'pids', path), join(mount, 'pids')]) {
    if (await isWritable(join(parent, 'cgroup.procs'))) return parent;
  }
  const delegated = await read(join(mount, 'cgroup.subtree_control'));
  return delegated.split(/\s+/).includes('pids') && (await isWritable(mount)) ? mount : undefined;
}

/** Makes a cgroup that holds at most `processesMax` processes and threads. */
export async function makePidsCgroup(parent: string, name: string, processesMax: number): Promise<string> {
  const folder = join(parent, `${prefix}${process.pid}-${name}`);
  await mkdir(folder);
  await writeFile(join(folder, 'pids.max'), String(processesMax));
  return folder;
}

/** Removes an empty cgroup; the kernel may need a moment to forget killed processes. False when it is still in use. */
export async function removePidsCgroup(folder: string): Promise<boolean> {
  for (let tries = 0; tries < removeTries; tries++) {
    const removed = await rmdir(folder).then(
      () => true,
      (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
    );
    if (removed) return true;
    await sleep(removeDelayMs);
  }
  return false;
}

/** Removes what nodes that are dead by now left behind. Answers how many. */
export async function sweepPidsCgroups(parent: string): Promise<number> {
  let removed = 0;
  for (const name of await readdir(parent)) {
    const pid = Number(new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1] ?? 'NaN');
    if (Number.isNaN(pid) || (await isWritable(`/proc/${pid}`))) continue;
    if (await removePidsCgroup(join(parent, name))) removed++;
  }
  return removed;
}

function read(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}

function isWritable(path: string): Promise<boolean> {
  return access(path, constants.W_OK).then(
    () => true,
    () => false,
  );
}
