import { setTimeout as pause } from 'node:timers/promises';
import { type BenchNode, startBenchNode } from './bench-node.ts';
import { withInstantModel } from './instant-model.ts';
import { type BenchResult, resultOf } from './result.ts';

const openCells = 1_000;
const sleepers = 10_000;
const submittedAtOnce = 64;
const idleMs = 2_000;
/** Longest wait for all cells to be let go. Milliseconds. */
const passivationMaxMs = 60_000;

/** Goals whose first call is above their quota: each is paused, its coordinator waits for a goal.resume that does not come. */
async function pausedGoals(bench: BenchNode, count: number): Promise<void> {
  let next = 0;
  const submitter = async (): Promise<void> => {
    while (next++ < count) await bench.run({ goal: 'Wait for me.', strategy: 'single', quota: { maxTokens: 1 } }, 'paused');
  };
  await Promise.all(Array.from({ length: submittedAtOnce }, submitter));
}

function collect(): void {
  if (globalThis.gc === undefined) throw new Error('this bench needs node --expose-gc');
  for (let time = 0; time < 3; time++) globalThis.gc();
}

/** What an actor costs that waits: open with its state in memory, and passivated. */
export async function idleActors(): Promise<BenchResult[]> {
  return [await openCell(), await passivated()];
}

async function openCell(): Promise<BenchResult> {
  const bench = await startBenchNode({ sync: 'off', wrap: withInstantModel });
  try {
    await pausedGoals(bench, submittedAtOnce);
    collect();
    const before = process.memoryUsage().heapUsed;
    await pausedGoals(bench, openCells);
    collect();
    const figure = (process.memoryUsage().heapUsed - before) / openCells / 1_024;
    return resultOf({
      name: 'heap of an idle cell',
      figure,
      unit: 'KB',
      demand: 8,
      yardstick: { what: 'a plain object with the same submission', figure: plainKb() },
      runs: openCells,
      note: `heap after minus before, forced collections: ${openCells} goals paused by their quota, each with the open cell of its coordinator and what the node keeps of it`,
    });
  } finally {
    await bench.close();
  }
}

async function passivated(): Promise<BenchResult> {
  const bench = await startBenchNode({ sync: 'off', wrap: withInstantModel, settings: { 'cell.idleMs': idleMs } });
  try {
    collect();
    const before = process.memoryUsage.rss() / 1_048_576;
    await pausedGoals(bench, sleepers);
    const peak = process.memoryUsage.rss() / 1_048_576;
    const deadline = Date.now() + passivationMaxMs;
    while ((await bench.openCells()) > 0 && Date.now() < deadline) await pause(100);
    const left = await bench.openCells();
    if (left > 0) throw new Error(`${left} cells are still open`);
    collect();
    return resultOf({
      name: `${sleepers} idle agents, passivated`,
      figure: process.memoryUsage.rss() / 1_048_576,
      unit: 'MB RSS',
      demand: 250,
      yardstick: { what: 'the same node before', figure: before },
      runs: 1,
      note: `${sleepers} goals paused by their quota on one node, their coordinators let go after cell.idleMs = ${idleMs} and a forced collection; before it at most ${peak.toFixed(0)} MB; run from TypeScript sources, with the submitting client in the same process`,
    });
  } finally {
    await bench.close();
  }
}

function plainKb(): number {
  collect();
  const before = process.memoryUsage().heapUsed;
  const kept = Array.from({ length: openCells }, (_, index) => ({ id: `g-${index}`.padEnd(26, '0'), goal: 'Wait for me.', strategy: 'single', quota: { maxTokens: 1 } }));
  collect();
  return (process.memoryUsage().heapUsed - before) / kept.length / 1_024;
}
