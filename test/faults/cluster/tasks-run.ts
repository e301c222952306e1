import { connect } from '../../../src/client/index.ts';
import type { MockScript } from '../../../src/testing/mock-model/index.ts';
import { Cluster, type ClusterBus } from './cluster.ts';
import { Ledger } from './ledger.ts';
import { submitMany, untilEnded } from './load.ts';

export interface TasksPlan {
  readonly tasks: number;
  readonly workers: number;
  /** Default: one nats-server of its own. */
  readonly bus?: ClusterBus;
  /** Kills a worker and never starts it again. */
  readonly killWorker: boolean;
  /** Hits the bus in the middle of the work; resolves when it is there again. */
  readonly hitBus?: () => Promise<void>;
  readonly waitMs: number;
}

/** What was counted from outside. */
export interface TasksRun {
  readonly tasks: number;
  readonly ended: number;
  readonly completed: number;
  /** Tasks without a result, and those with more than one. */
  readonly lost: number;
  readonly doubled: number;
  readonly broken: readonly string[];
  readonly notCompletedGoals: readonly string[];
  /** Agents that were opened again, and model calls that were asked again. */
  readonly reopened: number;
  readonly repeatedCalls: number;
  readonly answersAskedAgain: number;
  readonly wallMs: number;
}

/** Tasks of one goal; several goals spread over the shards. */
const tasksPerGoalMax = 100;

const script: MockScript = () => ({ text: 'done' });

/** Runs tasks over worker processes beside two that coordinate, kills one worker at a third and hits the bus at half of the work. */
export async function runTasks({ tasks, workers, bus, killWorker, hitBus, waitMs }: TasksPlan): Promise<TasksRun> {
  const cluster = await Cluster.start(0, { script, ...(bus === undefined ? {} : { bus }) });
  let ledger: Ledger | undefined;
  try {
    const gateway = await cluster.join({ roles: ['gateway', 'coordinator'] });
    await cluster.join({ roles: ['coordinator'] });
    for (let at = 0; at < workers; at += 1) await cluster.join({ roles: ['worker'] });
    const seen = await Ledger.open(cluster.bus.urls, cluster.bus.replicas);
    ledger = seen;
    const client = await connect(gateway.url, { limits: { reconnectAttemptsMax: 200 } });
    const goals = Math.ceil(tasks / tasksPerGoalMax);
    const items = (index: number): string[] =>
      Array.from({ length: Math.min(tasksPerGoalMax, tasks - index * tasksPerGoalMax) }, (_, item) => `item ${index}-${item}`);
    const began = Date.now();
    const ids = await submitMany(client, goals, (index) => ({
      goal: `work ${index}`,
      strategy: 'map-reduce',
      agents: 16,
      inputs: [{ kind: 'items', items: items(index) }],
      quota: { maxTokens: 1_000_000_000, maxSeconds: 3_600 },
      idempotencyKey: `k${index}`,
    }));
    const until = async (share: number): Promise<void> => {
      for (const deadline = Date.now() + waitMs; seen.completed.size < tasks * share && Date.now() < deadline; )
        await new Promise((resolve) => setTimeout(resolve, 10));
    };
    await until(1 / 3);
    if (killWorker) await cluster.kill(cluster.node(2));
    await until(1 / 2);
    await hitBus?.();
    await untilEnded(seen, cluster, ids.length, waitMs);
    const wallMs = Date.now() - began;
    const stored = await seen.reread();
    await client.close();
    const results = [...stored.completed.values()];
    const created = [...stored.actors.values()].reduce((sum, { facts }) => sum + (facts.get('task.created') ?? 0), 0);
    const { calls } = cluster.model;
    return {
      tasks: created,
      ended: stored.ended.size,
      completed: results.length,
      lost: created - results.length,
      doubled: results.filter((count) => count > 1).length,
      broken: [...seen.broken, ...stored.broken],
      notCompletedGoals: [...stored.ended].flatMap(([id, { how }]) => (how === 'goal.completed' ? [] : [`${id} ${how}`])),
      reopened: stored.reopenedAgents,
      repeatedCalls: calls.length - new Set(calls.map(({ key }) => key)).size,
      answersAskedAgain: calls.filter(({ key, start }) => (stored.replies.get(key)?.[0] ?? Number.POSITIVE_INFINITY) < start).length,
      wallMs,
    };
  } finally {
    await ledger?.close();
    await cluster.close();
  }
}
