/**
 * `npm run bench [-- name…]`: every bench in a process of its own, one after the other; prints one JSON document with
 * the figures, each beside what is demanded and a bare yardstick of the same run. Exits 1 when a demand is not met.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpus, loadavg } from 'node:os';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { fanOut } from './fan-out.ts';
import { idleCells } from './idle-actors.ts';
import { largeGoal } from './large-goal.ts';
import { mapReduce } from './map-reduce.ts';
import { quicBench } from './quic.ts';
import type { BenchResult } from './result.ts';
import { serviceStart } from './service-start.ts';
import { sleepingActors } from './sleeping-actors.ts';
import { stepOverhead } from './step-overhead.ts';

const benches: Readonly<Record<string, () => Promise<readonly BenchResult[]>>> = {
  step: stepOverhead,
  'map-reduce': mapReduce,
  start: serviceStart,
  idle: idleCells,
  sleeping: sleepingActors,
  'large-goal': largeGoal,
  'fan-out': fanOut,
  quic: quicBench,
};

async function main(): Promise<void> {
  const [first, ...names] = process.argv.slice(2);
  if (first === '--here') {
    const bench = benches[names[0] ?? ''];
    if (bench === undefined) throw new Error(`there is no bench '${names[0]}'; there are ${Object.keys(benches).join(', ')}`);
    process.stdout.write(`${JSON.stringify(await bench())}\n`);
    return;
  }
  const asked = first === undefined ? Object.keys(benches) : [first, ...names];
  const results: BenchResult[] = [];
  for (const name of asked) {
    process.stderr.write(`bench ${name}\n`);
    try {
      results.push(...(await inOwnProcess(name)));
    } catch (error) {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      process.exitCode = 1;
    }
  }
  const machine = { node: process.version, cpus: cpus().length, model: cpus()[0]?.model ?? '', load: loadavg()[0] };
  process.stdout.write(`${JSON.stringify({ machine, results }, null, 2)}\n`);
  if (results.some(({ met }) => met === false)) process.exitCode = 1;
}

async function inOwnProcess(name: string): Promise<BenchResult[]> {
  const args = ['--expose-gc', fileURLToPath(import.meta.url), '--here', name];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [printed, [code]] = await Promise.all([text(child.stdout), once(child, 'exit') as Promise<[number | null]>]);
  if (code !== 0) throw new Error(`the bench ${name} ended with code ${code}`);
  return JSON.parse(printed) as BenchResult[];
}

await main();
