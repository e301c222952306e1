import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { failureOf } from '../../protocols/errors/error.ts';
import { NatsServer } from '../../scripts/services/nats.ts';
import { findClusterServer, NatsCluster } from '../../scripts/services/nats-cluster.ts';
import { openNatsBus } from '../../src/bus/nats/index.ts';
import { goalIndex } from '../../swarm/goals/goal-index.ts';
import { runFailover } from './cluster/failover-run.ts';
import { runTasks, type TasksRun } from './cluster/tasks-run.ts';
import { runHistories } from './history/histories.ts';

const help = `npm run faults -- history  [--seeds 200] [--from 1] [--network auto|gates|namespaces]
npm run faults -- tasks    [--tasks 10000] [--server kill|pause|none] [--replicas 1|3]
npm run faults -- failover [--goals 300] [--lease-ms 10000]

history   Seeded schedules of kills, pauses, cuts and restarts of processes and of their nats-server; what each process asked and was told is held
          against the model. A seed that breaks something tells its faults and the operations around. Cuts are made by network namespaces where
          that may be (root and iproute2), else by forwarders in this process.
tasks     Tasks over four worker processes beside two that coordinate; a worker is killed at a third, the server (with --replicas 3 the leader of the
          stream of tasks) at half of the work, or stopped for ten seconds. Three replicas need nats-server 2.10: FLOCKWORK_NATS_SERVER names one.
failover  Goals in flight over three nodes, one of which is killed.
Each prints what was counted and exits 1 when a promise was broken.
`;

/** How long the leader stands still. Milliseconds. */
const pauseMs = 10_000;
/** How long three servers may take to elect their first leader. Milliseconds. */
const electedMs = 60_000;
const leaseMsDefault = '10000';

async function main(): Promise<void> {
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { seeds: text, from: text, network: text, tasks: text, server: text, replicas: text, goals: text, 'lease-ms': text, help: { type: 'boolean' } },
  });
  const [what = 'history'] = positionals;
  if (values.help === true) process.stdout.write(help);
  else if (what === 'history')
    tell(await runHistories(Number(values.seeds ?? 200), Number(values.from ?? 1), values.network ?? 'auto'), ({ broken }) => broken > 0);
  else if (what === 'tasks')
    tell(await tasksUnderFaults(Number(values.tasks ?? 10_000), values.server ?? 'kill', values.replicas === '3' ? 3 : 1), lostSomething);
  else if (what === 'failover') {
    const leaseMs = Number(values['lease-ms'] ?? leaseMsDefault);
    const run = await runFailover({ goals: Number(values.goals ?? 300), leaseMs, waitMs: 300_000 });
    tell(
      run,
      ({ completed, goals, broken, answersAskedAgain, firstResumedMs }) =>
        completed < goals || broken.length + answersAskedAgain > 0 || firstResumedMs > leaseMs + 2_000,
    );
  } else {
    process.stderr.write(`there is no '${what}'\n${help}`);
    process.exitCode = 2;
  }
}

function tell<Run>(run: Run, isBroken: (run: Run) => boolean): void {
  process.stdout.write(`${JSON.stringify(run)}\n`);
  if (isBroken(run)) process.exitCode = 1;
}

const lostSomething = ({ lost, doubled, broken, notCompletedGoals, answersAskedAgain }: TasksRun): boolean =>
  lost + doubled + broken.length + notCompletedGoals.length + answersAskedAgain > 0;

async function tasksUnderFaults(tasks: number, server: string, replicas: 1 | 3): Promise<TasksRun> {
  const servers = replicas === 3 ? await cluster() : await single();
  const hitBus = async (): Promise<void> => {
    if (server === 'none') return;
    const hit = await servers.leader();
    if (server === 'kill') {
      await hit.kill();
      return hit.restart();
    }
    const { pid } = hit;
    if (pid === undefined) return;
    process.kill(pid, 'SIGSTOP');
    await pause(pauseMs);
    process.kill(pid, 'SIGCONT');
  };
  const bus = { urls: servers.urls, replicas, stop: () => servers.stop() };
  return runTasks({ tasks, workers: 4, bus, killWorker: true, hitBus, waitMs: 120_000 + tasks * 100 });
}

interface Servers {
  readonly urls: readonly string[];
  leader(): Promise<NatsServer>;
  stop(): Promise<void>;
}

async function single(): Promise<Servers> {
  const server = await NatsServer.start();
  return { urls: [server.url], leader: async () => server, stop: () => server.stop() };
}

async function cluster(): Promise<Servers> {
  const command = findClusterServer();
  if (command === undefined) throw new Error('three replicas need nats-server 2.10 or newer on PATH, or named by FLOCKWORK_NATS_SERVER');
  const servers = await NatsCluster.start(command, 1);
  await untilElected(servers.urls(0));
  return { urls: servers.urls(0), leader: () => servers.leaderOf(0, 'FLOCK_TASKS'), stop: () => servers.stop() };
}

/** A node that starts before the servers have a leader ends with `bus_unreachable`. */
async function untilElected(servers: readonly string[]): Promise<void> {
  for (const deadline = Date.now() + electedMs; ; await pause(200)) {
    try {
      const bus = await openNatsBus({ servers, replicas: 3, projector: goalIndex });
      return await bus.close();
    } catch (error) {
      if (!failureOf(error).retryable || Date.now() > deadline) throw error;
    }
  }
}

await main();
