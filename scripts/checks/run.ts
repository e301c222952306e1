import { spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { servicePath } from '../services/services.ts';

/** The checkout. */
export const root = join(import.meta.dirname, '..', '..');

const outputBytesMax = 256 * 1024 * 1024;

export interface Finished {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function environment(extra: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const own = join(root, 'node_modules', '.bin');
  return { ...process.env, PATH: `${own}${delimiter}${servicePath()}`, ...extra };
}

/** Runs a program of the checkout or the machine and keeps what it printed. */
export function run(command: string, args: readonly string[], extra: Readonly<Record<string, string>> = {}, cwd: string = root): Finished {
  const done = spawnSync(command, args, { cwd, env: environment(extra), encoding: 'utf8', maxBuffer: outputBytesMax, stdio: ['ignore', 'pipe', 'pipe'] });
  if (done.error !== undefined) throw new Error(`could not run ${command}: ${done.error.message}`, { cause: done.error });
  return { status: done.status ?? 1, stdout: done.stdout, stderr: done.stderr };
}

/** Runs a program with its output going straight to ours; answers the exit code. */
export function show(command: string, args: readonly string[], extra: Readonly<Record<string, string>> = {}): number {
  const done = spawnSync(command, args, { cwd: root, env: environment(extra), stdio: ['ignore', 'inherit', 'inherit'] });
  if (done.error !== undefined) throw new Error(`could not run ${command}: ${done.error.message}`, { cause: done.error });
  return done.status ?? 1;
}
