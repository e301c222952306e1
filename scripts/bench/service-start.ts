import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type BenchResult, median, resultOf } from './result.ts';
import { buildDist, type Service, startProcess, startService } from './service.ts';

const rounds = 11;
/** Memory is read again when what the start set in motion has settled. Milliseconds. */
const settleMs = 500;

interface Start {
  readonly readyMs: number;
  /** The larger of what it has at `ready` and a little later. */
  readonly rssMb: number;
}

/** `flockwork start` from the built `dist`, on an empty data folder, until its line `ready`; beside a bare Node that prints one. */
export async function serviceStart(): Promise<BenchResult[]> {
  await buildDist();
  const ours: Start[] = [];
  const bare: Start[] = [];
  for (let round = 0; round <= rounds; round++) {
    const folder = await mkdtemp(join(tmpdir(), 'flockwork-bench-'));
    const starts = [
      await measured(startService(folder)),
      await measured(startProcess(['-e', 'console.log("ready"); setInterval(() => {}, 1000)'], folder)),
    ] as const;
    await rm(folder, { recursive: true, force: true });
    // The first one fills the page cache.
    if (round === 0) continue;
    ours.push(starts[0]);
    bare.push(starts[1]);
  }
  const of = (starts: readonly Start[], kind: keyof Start): number => median(starts.map((start) => start[kind]));
  const what = 'a bare Node that prints one line';
  const note = 'dist built by the bench, all roles, embedded bus, QUIC on, an empty data folder each time';
  return [
    resultOf({
      name: 'start to ready',
      figure: of(ours, 'readyMs'),
      unit: 'ms wall',
      demand: 400,
      yardstick: { what, figure: of(bare, 'readyMs') },
      runs: rounds,
      note,
    }),
    resultOf({
      name: 'memory at ready',
      figure: of(ours, 'rssMb'),
      unit: 'MB RSS',
      demand: 110,
      yardstick: { what, figure: of(bare, 'rssMb') },
      runs: rounds,
      note: `${note}; the larger of VmRSS at ready and ${settleMs} ms later`,
    }),
  ];
}

async function measured(starting: Promise<Service>): Promise<Start> {
  const service = await starting;
  const atReady = service.rssMb();
  await pause(settleMs);
  const rssMb = Math.max(atReady, service.rssMb());
  await service.stop();
  return { readyMs: service.readyMs, rssMb };
}
