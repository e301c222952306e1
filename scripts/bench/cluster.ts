import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { connect } from '../../src/client/index.ts';
import { Cluster, type NodeProcess } from '../../test/faults/cluster/cluster.ts';
import { runFailover } from '../../test/faults/cluster/failover-run.ts';
import { Ledger } from '../../test/faults/cluster/ledger.ts';
import { submitMany, untilEnded } from '../../test/faults/cluster/load.ts';
import { freePort, NatsServer } from '../services/nats.ts';
import type { BareOptions } from './bare-queue.ts';
import { usageOf } from './process-usage.ts';
import { type BenchResult, resultOf } from './result.ts';
import { storedMessages } from './stored-messages.ts';

const goals = 10;
const itemsPerGoal = 100;
const atOnce = 16;
const workerCounts = [1, 2, 4] as const;
const waitMs = 300_000;
/** How often the CPU of a process that will end is read. Milliseconds. */
const readingMs = 50;
/** At least 70 % of the bare script's tasks per second. */
const timesBareMax = 1 / 0.7;
const writesPerTaskMax = 6;
const failoverGoals = 300;
const leaseMs = 2_000;
const beyondLeaseMs = 2_000;
/** What the records of such a task have, in bytes; the bare script writes as much. */
const bytes = { task: 1_100, first: 1_400, last: 700, ended: 700 };

interface Measured {
  readonly tasks: number;
  readonly perSecond: number;
  readonly writesPerTask: number;
  readonly writes: string;
  readonly nodes: string;
  readonly cpuMsPerTask: number;
}

/** Tasks through the whole path over 1, 2 and 4 worker processes, beside a bare script with the same writes; and what the death of an owner costs. */
export async function clusterBench(): Promise<BenchResult[]> {
  const ours: Measured[] = [];
  for (const workers of workerCounts) ours.push(await tasksOver(workers));
  const most = ours.at(-1);
  if (most === undefined) throw new Error('nothing was measured');
  const bare = await bareOver(4, most.tasks);
  const failover = await runFailover({ goals: failoverGoals, leaseMs, waitMs });
  return [
    ...ours.map((one, at) =>
      resultOf({
        name: `tasks over ${workerCounts[at]} worker processes`,
        figure: one.perSecond,
        unit: 'tasks per second',
        runs: 1,
        note: `${one.tasks} tasks of ${goals} goals, ${atOnce} agents each, instant model; ${one.cpuMsPerTask.toFixed(2)} ms CPU per task in all nodes; ${one.nodes}`,
      }),
    ),
    resultOf({
      name: 'the whole path beside bare JetStream',
      figure: bare.perSecond / most.perSecond,
      unit: 'x the time of the bare script',
      demand: timesBareMax,
      yardstick: { what: 'a script that pushes, pulls, writes as much and acknowledges, tasks per second', figure: bare.perSecond },
      runs: 1,
      note: `4 worker processes and one that pushes, on one nats-server, all on this machine; ${bare.cpuMsPerTask.toFixed(2)} ms CPU per task in all processes of the script, ${most.cpuMsPerTask.toFixed(2)} in all nodes`,
    }),
    resultOf({ name: 'writes per task', figure: most.writesPerTask, unit: 'messages stored', demand: writesPerTaskMax, runs: 1, note: most.writes }),
    resultOf({
      name: `the first of ${failover.orphans} goals goes on after its owner was killed`,
      figure: failover.firstResumedMs,
      unit: 'ms',
      demand: leaseMs + beyondLeaseMs,
      runs: 1,
      note: `lease ${leaseMs} ms, 3 nodes, ${failoverGoals} goals in flight; the last after ${failover.lastResumedMs} ms; ${failover.repeatedCalls} of ${failover.calls} calls were in flight at the kill and asked again`,
    }),
  ];
}

async function tasksOver(workers: number): Promise<Measured> {
  const monitoring = await freePort();
  const server = await NatsServer.start({ configuration: `http: "127.0.0.1:${monitoring}"` });
  const bus = { urls: [server.url], replicas: 1, stop: () => server.stop() } as const;
  const cluster = await Cluster.start(0, { script: () => ({ text: 'done' }), bus, node: { instantModel: true, leaseMs: 10_000, ackWaitMs: 30_000 } });
  let ledger: Ledger | undefined;
  try {
    const gateway = await cluster.join({ roles: ['gateway', 'coordinator'] });
    for (let at = 0; at < workers; at += 1) await cluster.join({ roles: ['worker'] });
    const client = await connect(gateway.url);
    ledger = await Ledger.open(bus.urls);
    const seen = ledger;
    const run = async (round: string, count: number): Promise<void> => {
      const ended = seen.ended.size;
      await submitMany(client, count, (index) => ({
        goal: `work ${index}`,
        strategy: 'map-reduce',
        agents: atOnce,
        inputs: [{ kind: 'items', items: Array.from({ length: itemsPerGoal }, (_, item) => `item ${item}`) }],
        quota: { maxTokens: 1_000_000_000, maxSeconds: 3_600 },
        idempotencyKey: `${round}-${index}`,
      }));
      await untilEnded(seen, cluster, ended + count, waitMs);
    };
    await run('warm', 2);
    const done = seen.completed.size;
    const before = await storedMessages(`http://127.0.0.1:${monitoring}`);
    const cpu = cluster.nodes.map((node) => cpuOf(node).cpuMs);
    const began = performance.now();
    await run('measured', goals);
    const wallMs = performance.now() - began;
    const tasks = seen.completed.size - done;
    const after = await storedMessages(`http://127.0.0.1:${monitoring}`);
    const usage = cluster.nodes.map((node, at) => ({ id: node.id, cpuMs: cpuOf(node).cpuMs - (cpu[at] ?? 0), rssMb: cpuOf(node).rssMb }));
    // Leases of nodes and shards are renewed whether there are tasks or not.
    const writes = [...after]
      .map(([name, count]) => ({ name, count: count - (before.get(name) ?? 0) }))
      .filter(({ name, count }) => count > 0 && !name.includes('REGISTRY'));
    await client.close();
    return {
      tasks,
      perSecond: (tasks * 1_000) / wallMs,
      writesPerTask: writes.reduce((sum, { count }) => sum + count, 0) / tasks,
      writes: writes.map(({ name, count }) => `${name} ${(count / tasks).toFixed(2)}`).join(', '),
      nodes: usage.map(({ id, cpuMs, rssMb }) => `${id} ${cpuMs.toFixed(0)} ms CPU ${rssMb.toFixed(0)} MB`).join(', '),
      cpuMsPerTask: usage.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / tasks,
    };
  } finally {
    await ledger?.close();
    await cluster.close();
  }
}

function cpuOf({ child }: NodeProcess): ReturnType<typeof usageOf> {
  return usageOf(child.pid ?? 0);
}

async function bareOver(workers: number, tasks: number): Promise<{ perSecond: number; cpuMsPerTask: number }> {
  const server = await NatsServer.start();
  const children: ChildProcess[] = [];
  const start = async (role: BareOptions['role']): Promise<ChildProcess> => {
    const options: BareOptions = { role, servers: [server.url], tasks, goals, atOnce, bytes };
    const child = spawn(process.execPath, [join(import.meta.dirname, 'bare-queue.ts'), JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    await once(child.stdout, 'data');
    return child;
  };
  try {
    for (let at = 0; at < workers; at += 1) await start('work');
    const coordinator = await start('coordinate');
    const began = performance.now();
    const cpuMs = (): number => children.reduce((sum, { pid, exitCode }) => sum + (exitCode === null ? usageOf(pid ?? 0).cpuMs : 0), 0);
    const before = cpuMs();
    let used = before;
    // What it has used cannot be read any more when it has ended.
    const reading = setInterval(() => (used = cpuMs()), readingMs);
    coordinator.once('exit', () => clearInterval(reading));
    const [code] = (await once(coordinator, 'exit')) as [number | null];
    if (code !== 0) throw new Error(`the bare script ended with ${code}`);
    return { perSecond: (tasks * 1_000) / (performance.now() - began), cpuMsPerTask: (used - before) / tasks };
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await server.stop();
  }
}
