import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { type BenchResult, median, resultOf } from './result.ts';

const rounds = 11;
/** The figure is taken when what the start set in motion has settled. Milliseconds. */
const settleMs = 500;
const checkout = join(import.meta.dirname, '..', '..');

interface Start {
  readonly readyMs: number;
  /** At `ready`, and a little later. */
  readonly rssMb: number;
}

/** `flockwork start` from the built `dist`, on a data folder of its own, until its line `ready`; beside a bare Node that prints one. */
export async function serviceStart(): Promise<BenchResult[]> {
  await promisify(execFile)(process.execPath, [join(checkout, 'scripts', 'build.ts')], { cwd: checkout });
  const ours: Start[] = [];
  const bare: Start[] = [];
  for (let round = 0; round <= rounds; round++) {
    const folder = await mkdtemp(join(tmpdir(), 'flockwork-bench-'));
    const ourStart = await started([join(checkout, 'bin', 'flockwork.cjs'), 'start', '--http-port', '0', '--data-dir', folder], folder);
    const bareStart = await started(['-e', 'console.log("ready"); setInterval(() => {}, 1000)'], folder);
    await rm(folder, { recursive: true, force: true });
    // The first one fills the page cache and the cache of compiled code.
    if (round === 0) continue;
    ours.push(ourStart);
    bare.push(bareStart);
  }
  const of = (starts: readonly Start[], kind: keyof Start): number => median(starts.map((start) => start[kind]));
  const note = 'dist built by the bench, all roles, embedded bus, an empty data folder each time, the code cache warm from one start before';
  return [
    resultOf({
      name: 'start to ready',
      figure: of(ours, 'readyMs'),
      unit: 'ms wall',
      demand: 400,
      yardstick: { what: 'a bare Node that prints one line', figure: of(bare, 'readyMs') },
      runs: rounds,
      note,
    }),
    resultOf({
      name: 'memory at ready',
      figure: of(ours, 'rssMb'),
      unit: 'MB RSS',
      demand: 110,
      yardstick: { what: 'the same bare Node', figure: of(bare, 'rssMb') },
      runs: rounds,
      note: `${note}; the larger of VmRSS at ready and ${settleMs} ms later`,
    }),
  ];
}

async function started(args: readonly string[], cwd: string): Promise<Start> {
  const began = performance.now();
  const child = spawn(process.execPath, args, { cwd, env: { PATH: process.env['PATH'] ?? '', HOME: cwd }, stdio: ['ignore', 'pipe', 'ignore'] });
  const exited = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout })) if (line.startsWith('ready')) break;
  const readyMs = performance.now() - began;
  const atReady = residentMb(child.pid);
  await new Promise((resolve) => setTimeout(resolve, settleMs));
  const rssMb = Math.max(atReady, residentMb(child.pid));
  child.kill('SIGTERM');
  await exited;
  return { readyMs, rssMb };
}

/** Of a process on Linux. */
function residentMb(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1]) / 1_024;
}
