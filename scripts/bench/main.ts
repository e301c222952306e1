/**
 * `npm run bench [-- name…]`: every bench in a process of its own, one after the other; prints one JSON document with
 * the figures, each beside what is demanded and a bare yardstick of the same run. Exits 1 when a demand is not met.
 * `npm run bench -- --list` says which there are.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpus, loadavg } from 'node:os';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { abuseBench } from './abuse.ts';
import { chatTurn } from './chat-turn.ts';
import { clusterBench } from './cluster.ts';
import { coordinatorEvents } from './coordinator-events.ts';
import { fanOut } from './fan-out.ts';
import { idleCells } from './idle-actors.ts';
import { inspectorBench } from './inspector.ts';
import { largeGoal } from './large-goal.ts';
import { mapReduce } from './map-reduce.ts';
import { quicBench } from './quic.ts';
import type { BenchResult } from './result.ts';
import { serviceStart } from './service-start.ts';
import { sleepingActors } from './sleeping-actors.ts';
import { stepOverhead } from './step-overhead.ts';
import { tracing } from './tracing.ts';
import { watchOpening } from './watch-opening.ts';

interface Bench {
  /** What it measures, one line. */
  readonly about: string;
  readonly run: () => Promise<readonly BenchResult[]>;
}

const benches: Readonly<Record<string, Bench>> = {
  step: { about: 'a think-act step of a whole node above a bare fetch loop', run: stepOverhead },
  chat: { about: 'a warm chat turn, one small goal from submission to answer through the whole service, above the model alone', run: chatTurn },
  tracing: { about: 'CPU of one span, over the step bench without traces', run: tracing },
  'map-reduce': { about: 'a goal of many parts, beside as many bare calls of the model', run: mapReduce },
  'coordinator-events': { about: 'CPU of one event of a coordinator with 10,000 tasks, stored nowhere', run: coordinatorEvents },
  start: { about: 'the service until it is ready, and its memory', run: serviceStart },
  idle: { about: 'memory of open cells that do nothing', run: idleCells },
  sleeping: { about: 'actors that sleep, and what waking them costs', run: sleepingActors },
  'large-goal': { about: 'a goal of thousands of parts', run: largeGoal },
  'fan-out': { about: 'CPU of one event delivered to one of many WebSocket clients, beside bare ws', run: fanOut },
  watchers: { about: 'an append while 500 watchers open at once on a store of 100,000 actors', run: watchOpening },
  inspector: {
    about: 'the page and its feed with 10,000 live actors, a step that nobody looks at, and a goal of 100,000 records looked back at',
    run: inspectorBench,
  },
  quic: { about: 'submit to accepted over QUIC, TCP and WebSocket; handshake and memory of a connection beside bare libp2p', run: quicBench },
  cluster: { about: 'tasks per second over 1, 2 and 4 worker processes on NATS beside a bare script, writes per task, failover', run: clusterBench },
  abuse: { about: 'health and memory of a node under garbage, connections that never open and streams that never read', run: abuseBench },
};

const help = `npm run bench [-- name…] | --list
Runs every bench, or those that are named, one after the other, and prints one JSON document: each figure beside what is demanded
and a bare yardstick of the same run. Exits 1 when a demand is not met. Best on a machine that does nothing else.

${Object.entries(benches)
  .map(([name, { about }]) => `  ${name.padEnd(20)}${about}`)
  .join('\n')}
`;

async function main(): Promise<void> {
  const [first, ...names] = process.argv.slice(2);
  if (first === '--list' || first === '--help') {
    process.stdout.write(help);
    return;
  }
  if (first === '--here') {
    const bench = benches[names[0] ?? ''];
    if (bench === undefined) throw new Error(`there is no bench '${names[0]}'; there are ${Object.keys(benches).join(', ')}`);
    process.stdout.write(`${JSON.stringify(await bench.run())}\n`);
    return;
  }
  const asked = first === undefined ? Object.keys(benches) : [first, ...names];
  const unknown = asked.filter((name) => !(name in benches));
  if (unknown.length > 0) {
    process.stderr.write(`there is no bench '${unknown.join("', '")}'; there are ${Object.keys(benches).join(', ')}\n`);
    process.exitCode = 2;
    return;
  }
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
