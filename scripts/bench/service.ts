import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const checkout = join(import.meta.dirname, '..', '..');

/** A process that said `ready`. */
export interface Service {
  readonly readyMs: number;
  /** By name, as it printed them. */
  readonly endpoints: ReadonlyMap<string, string>;
  /** Resident memory now. MB; on Linux. */
  rssMb(): number;
  stop(): Promise<void>;
}

export async function buildDist(): Promise<void> {
  await promisify(execFile)(process.execPath, [join(checkout, 'scripts', 'build.ts')], { cwd: checkout });
}

/** The service as users start it, from `dist`, on free ports. */
export function startService(dataDir: string, env: Readonly<Record<string, string>> = {}): Promise<Service> {
  return startProcess([join(checkout, 'bin', 'flockwork.cjs'), 'start', '--http-port', '0', '--quic-port', '0', '--data-dir', dataDir], dataDir, env);
}

/** Node with these arguments, until its standard output has a line that begins with `ready`. */
export async function startProcess(args: readonly string[], home: string, env: Readonly<Record<string, string>> = {}): Promise<Service> {
  const began = performance.now();
  const child = spawn(process.execPath, args, { env: { PATH: process.env['PATH'] ?? '', HOME: home, ...env }, stdio: ['ignore', 'pipe', 'ignore'] });
  const exited = once(child, 'exit');
  const endpoints = new Map<string, string>();
  let ready = false;
  for await (const line of createInterface({ input: child.stdout })) {
    ready = line.startsWith('ready');
    if (ready) break;
    const [name = '', address = ''] = line.split(/\s+/);
    endpoints.set(name, address);
  }
  if (!ready) throw new Error(`node ${args.join(' ')} ended before it was ready`);
  return {
    readyMs: performance.now() - began,
    endpoints,
    rssMb: () => Number(/^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1_024,
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
