import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { FlockworkError } from '../../../protocols/errors/error.ts';
import { localReadyMs, localStopMs } from './bounds.ts';

const program = 'nats-server';
/** Where systems put servers that the PATH of a plain user leaves out. */
const morePlaces = ['/usr/local/sbin', '/usr/sbin', '/usr/local/bin'];
const pollMs = 10;
/** What it says goes into a file: a pipe would break with the node, and the server end at its next word. */
const logFile = 'nats-server.log';
const saidCharactersMax = 4_096;

/** A nats-server beside this node, on the loopback, with its store in the data folder. */
export interface LocalServer {
  readonly url: string;
  readonly pid: number;
  /** Ends it; its store stays. */
  stop(): Promise<void>;
}

/**
 * Starts the nats-server found on PATH, or takes over the one that a killed node of this folder left running.
 * Throws `bus_unreachable` when there is none, or when it does not come up within `localReadyMs`.
 */
export async function startLocalServer(folder: string, places: readonly string[] = searched()): Promise<LocalServer> {
  mkdirSync(folder, { recursive: true });
  const left = runningIn(folder);
  if (left !== undefined) return { ...left, stop: () => endProcess(left.pid) };
  const command = places.map((place) => join(place, program)).find(mayRun);
  if (command === undefined) {
    throw new FlockworkError(
      'bus_unreachable',
      `--nats local needs ${program}, which is not on PATH; install it (on Debian: apt-get install nats-server) or name a server with --nats nats://host:4222`,
    );
  }
  // A free port, told in a file: nobody else can take it between looking and listening.
  const log = openSync(join(folder, logFile), 'w', 0o600);
  const child = spawn(command, ['-a', '127.0.0.1', '-p', '-1', '-js', '-sd', join(folder, 'store'), '--ports_file_dir', folder], {
    stdio: ['ignore', 'ignore', log],
    // Of its own group: a Ctrl-C of the terminal is the node's to answer, which still needs its bus for that.
    detached: true,
  });
  closeSync(log);
  await started(child, folder);
  const up = runningIn(folder);
  if (up === undefined) throw new FlockworkError('bus_unreachable', `${program} ended as soon as it was up: ${said(folder)}`);
  child.unref();
  return {
    ...up,
    async stop() {
      const gone = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
      await endProcess(up.pid);
      await gone;
    },
  };
}

function searched(): readonly string[] {
  return [...(process.env['PATH'] ?? '').split(delimiter), ...morePlaces];
}

function mayRun(path: string): boolean {
  if (!existsSync(path)) return false;
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch (error) {
    if (error instanceof Error) return false;
    throw error;
  }
}

/** The end of its log. */
function said(folder: string): string {
  return readFileSync(join(folder, logFile), 'utf8').slice(-saidCharactersMax);
}

async function started(child: ChildProcess, folder: string): Promise<void> {
  const failed = once(child, 'error').then(([error]) => {
    throw new FlockworkError('bus_unreachable', `${program} could not be started: ${String(error)}`, { cause: error });
  });
  const up = async (): Promise<void> => {
    for (const deadline = performance.now() + localReadyMs; performance.now() < deadline; await pause(pollMs)) {
      if (child.exitCode !== null) throw new FlockworkError('bus_unreachable', `${program} ended with code ${child.exitCode}: ${said(folder)}`);
      if (runningIn(folder) !== undefined) return;
    }
    child.kill('SIGKILL');
    throw new FlockworkError('bus_unreachable', `${program} was not up within ${localReadyMs} ms: ${said(folder)}`);
  };
  await Promise.race([up(), failed]);
}

interface PortsFile {
  readonly nats?: readonly string[];
}

/** The server whose ports file lies in the folder and whose process lives; files of dead ones are removed. */
function runningIn(folder: string): { readonly url: string; readonly pid: number } | undefined {
  for (const name of readdirSync(folder)) {
    const pid = Number(/_(\d+)\.ports$/.exec(name)?.[1]);
    if (!Number.isInteger(pid)) continue;
    if (!isServer(pid)) {
      rmSync(join(folder, name), { force: true });
      continue;
    }
    const text = readFileSync(join(folder, name), 'utf8');
    // The file appears before it is written.
    const url = text === '' ? undefined : (JSON.parse(text) as PortsFile).nats?.[0];
    if (url !== undefined) return { url, pid };
  }
  return undefined;
}

/** Lives, and is no other program that was given the number since. */
function isServer(pid: number): boolean {
  if (!lives(pid)) return false;
  const commandFile = `/proc/${pid}/cmdline`;
  return !existsSync(commandFile) || readFileSync(commandFile, 'utf8').includes(program);
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

async function endProcess(pid: number): Promise<void> {
  if (!isServer(pid)) return;
  process.kill(pid, 'SIGTERM');
  for (const deadline = performance.now() + localStopMs; performance.now() < deadline; await pause(pollMs)) if (!isServer(pid)) return;
  if (isServer(pid)) process.kill(pid, 'SIGKILL');
}
