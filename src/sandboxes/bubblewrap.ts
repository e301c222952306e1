import { randomUUID } from 'node:crypto';
import { lstat, readlink } from 'node:fs/promises';
import { FlockworkError } from '../../protocols/errors/error.ts';
import { type ProcessOutcome, runProcess, type SandboxOutcome, type SandboxRun } from './bounded-process.ts';
import { findPidsParent, makePidsCgroup, removePidsCgroup, sweepPidsCgroups } from './pids-cgroup.ts';
import { findProgram } from './programs.ts';

/** Bounds of one command. Sizes in bytes. */
export interface BubblewrapOptions {
  /** Where bwrap and prlimit are looked for. Default: the PATH of this process, and /usr/sbin. */
  readonly searchPath?: string;
  /** Address space of each process. Default 8 GiB: V8 reserves several before it uses any. */
  readonly memoryBytesMax?: number;
  /** CPU time of each process. Default 60. */
  readonly cpuSecondsMax?: number;
  /** The largest file a process may write. Default 64 MiB. */
  readonly fileBytesMax?: number;
  /** Processes and threads together. Default 256. */
  readonly processesMax?: number;
  readonly openFilesMax?: number;
  /** /tmp inside, in memory. Default 64 MiB. */
  readonly scratchBytesMax?: number;
}

export interface Bubblewrap {
  readonly kind: 'bubblewrap';
  /** Runs one command as a test. Throws `sandbox_unavailable` with what to install or allow. */
  probe(): Promise<void>;
  /** Throws `sandbox_unavailable` when the sandbox cannot be had; then nothing was run. */
  run(run: SandboxRun): Promise<SandboxOutcome>;
}

const probeTimeoutMs = 5_000;
const probeOutputBytesMax = 4_096;
const joinCgroup = 'echo $$ > "$1/cgroup.procs" && shift && exec "$@"';
const advice =
  'Install it (Debian and Ubuntu: apt-get install bubblewrap util-linux). Inside a container, or where AppArmor restricts user namespaces, allow unprivileged user namespaces for bwrap. ' +
  'Only when you accept commands without isolation, name the sandbox "none" in the configuration.';

interface Ready {
  readonly bwrap: string;
  readonly systemMounts: readonly string[];
  readonly pidsParent: string | undefined;
}

/**
 * A sandbox of bubblewrap and prlimit: no network, no host files but /usr read-only, no environment, no capabilities,
 * the run's folder writable at /workspace. A node that runs as root also bounds processes with a pids cgroup where it may make one.
 */
export function createBubblewrap(options: BubblewrapOptions = {}): Bubblewrap {
  const searchPath = options.searchPath ?? `${process.env['PATH'] ?? ''}:/usr/bin:/usr/sbin`;
  const limits = {
    memoryBytesMax: options.memoryBytesMax ?? 8 * 2 ** 30,
    cpuSecondsMax: options.cpuSecondsMax ?? 60,
    fileBytesMax: options.fileBytesMax ?? 64 * 2 ** 20,
    processesMax: options.processesMax ?? 256,
    openFilesMax: options.openFilesMax ?? 256,
    scratchBytesMax: options.scratchBytesMax ?? 64 * 2 ** 20,
  };
  let ready: Promise<Ready> | undefined;

  async function prepare(): Promise<Ready> {
    if (process.platform !== 'linux') throw unavailable(`bubblewrap needs Linux, this is ${process.platform}`);
    const bwrap = await findProgram('bwrap', searchPath);
    if (bwrap === undefined) throw unavailable('bwrap was not found on the search path');
    if ((await findProgram('prlimit', '/usr/bin:/bin')) === undefined) throw unavailable('prlimit was not found in /usr/bin');
    const pidsParent = process.getuid?.() === 0 ? await findPidsParent() : undefined;
    if (pidsParent !== undefined) await sweepPidsCgroups(pidsParent);
    const found: Ready = { bwrap, systemMounts: await systemMounts(), pidsParent };
    const test = await start(found, {
      command: 'echo ready',
      root: '/usr/share',
      timeoutMs: probeTimeoutMs,
      outputBytesMax: probeOutputBytesMax,
      signal: new AbortController().signal,
    });
    if (test.code !== 0) throw unavailable(`a test command ended with ${test.code ?? test.ended}: ${new TextDecoder().decode(test.output).trim()}`);
    return found;
  }

  // What failed once is asked again: a person may have installed it meanwhile.
  function isReady(): Promise<Ready> {
    ready ??= prepare().catch((error: unknown) => {
      ready = undefined;
      throw error;
    });
    return ready;
  }

  async function start({ bwrap, systemMounts: mounts, pidsParent }: Ready, run: SandboxRun): Promise<SandboxOutcome> {
    const inside = [
      ...isolation(limits.scratchBytesMax),
      ...mounts,
      '--bind',
      run.root,
      '/workspace',
      '--chdir',
      '/workspace',
      ...limited(limits),
      '/bin/sh',
      '-c',
      `exec 2>&1\n${run.command}`,
    ];
    const cgroup = pidsParent === undefined ? undefined : await makePidsCgroup(pidsParent, randomUUID(), limits.processesMax);
    try {
      const [file, args] = cgroup === undefined ? [bwrap, inside] : ['/bin/sh', ['-c', joinCgroup, 'sh', cgroup, bwrap, ...inside]];
      return judge(await runProcess({ file, args, env: {}, timeoutMs: run.timeoutMs, outputBytesMax: run.outputBytesMax, signal: run.signal }));
    } finally {
      if (cgroup !== undefined) await removePidsCgroup(cgroup);
    }
  }

  return {
    kind: 'bubblewrap',
    async probe() {
      await isReady();
    },
    async run(run) {
      return start(await isReady(), run);
    },
  };
}

function isolation(scratchBytesMax: number): string[] {
  const namespaces = [
    '--json-status-fd',
    '3',
    '--unshare-all',
    '--unshare-user',
    '--disable-userns',
    '--die-with-parent',
    '--new-session',
    '--cap-drop',
    'ALL',
  ];
  const identity = ['--uid', '65534', '--gid', '65534', '--hostname', 'box', '--clearenv'];
  const environment = ['--setenv', 'PATH', '/usr/local/bin:/usr/bin:/bin', '--setenv', 'HOME', '/tmp', '--setenv', 'LANG', 'C.UTF-8'];
  const own = ['--proc', '/proc', '--dev', '/dev', '--size', String(scratchBytesMax), '--tmpfs', '/tmp'];
  return [...namespaces, ...identity, ...environment, ...own];
}

function limited(limits: Required<Omit<BubblewrapOptions, 'searchPath' | 'scratchBytesMax'>>): string[] {
  const { processesMax, memoryBytesMax, cpuSecondsMax, fileBytesMax, openFilesMax } = limits;
  return [
    'prlimit',
    `--nproc=${processesMax}`,
    `--as=${memoryBytesMax}`,
    `--cpu=${cpuSecondsMax}`,
    `--fsize=${fileBytesMax}`,
    `--nofile=${openFilesMax}`,
    '--core=0',
    '--',
  ];
}

/** /usr read-only; /bin, /lib and the like as this machine has them: links into /usr, or folders of their own. */
async function systemMounts(): Promise<string[]> {
  const mounts = [
    '--ro-bind',
    '/usr',
    '/usr',
    '--ro-bind-try',
    '/etc/alternatives',
    '/etc/alternatives',
    '--ro-bind-try',
    '/etc/ld.so.cache',
    '/etc/ld.so.cache',
  ];
  for (const folder of ['/bin', '/sbin', '/lib', '/lib32', '/lib64']) {
    const stat = await lstat(folder).catch(() => undefined);
    if (stat?.isSymbolicLink()) mounts.push('--symlink', await readlink(folder), folder);
    else if (stat?.isDirectory()) mounts.push('--ro-bind', folder, folder);
  }
  return mounts;
}

/** bwrap reports an exit code only when the command was really run; without one, the sandbox itself failed. */
function judge({ code, ended, output, errors, status }: ProcessOutcome): SandboxOutcome {
  if (ended !== 'exited') return { code: null, ended, output };
  if (!/"exit-code"/.test(status)) throw unavailable(`bwrap could not set up the sandbox (${errors.trim() || `exit code ${code}`})`);
  return { code, ended, output: errors === '' ? output : Buffer.concat([output, Buffer.from(errors)]) };
}

function unavailable(what: string): FlockworkError {
  return new FlockworkError('sandbox_unavailable', `The sandbox bubblewrap cannot be had, so nothing was run: ${what}. ${advice}`, {
    details: { sandbox: 'bubblewrap' },
  });
}
