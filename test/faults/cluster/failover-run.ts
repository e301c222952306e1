import { setTimeout as pause } from 'node:timers/promises';
import { connect } from '../../../src/client/index.ts';
import type { MockScript } from '../../../src/testing/mock-model/index.ts';
import { Cluster } from './cluster.ts';
import { Ledger } from './ledger.ts';
import { submitMany, untilEnded } from './load.ts';

export interface FailoverPlan {
  readonly goals: number;
  readonly leaseMs: number;
  readonly waitMs: number;
}

/** What was counted from outside. Times in milliseconds after the kill. */
export interface FailoverRun {
  readonly goals: number;
  readonly completed: number;
  /** Goals that had not ended and whose coordinator was open on the node that was killed. */
  readonly orphans: number;
  readonly firstResumedMs: number;
  readonly lastResumedMs: number;
  readonly leaseMs: number;
  readonly broken: readonly string[];
  /** Calls that began after their answer had been journaled. */
  readonly answersAskedAgain: number;
  readonly answeredTwice: number;
  readonly reopenedAgents: number;
  readonly repeatedCalls: number;
  readonly calls: number;
}

/** How long the nodes may take to share the shards, and to begin. Milliseconds. */
const beginWaitMs = 60_000;
const callsBeforeKill = 20;

/** One tool, then the answer; slow enough that the goals are all there when the node dies. */
const script: MockScript = ({ toolResults }) =>
  toolResults.length === 0 ? { toolCalls: [{ name: 'counter.read', input: { name: 'a' } }], latencyMs: 300 } : { text: 'done', latencyMs: 300 };

/** Kills one of three nodes while goals are in flight, and waits until all have ended. */
export async function runFailover({ goals, leaseMs, waitMs }: FailoverPlan): Promise<FailoverRun> {
  const cluster = await Cluster.start(3, { script, node: { leaseMs } });
  let ledger: Ledger | undefined;
  try {
    const seen = await Ledger.open(cluster.bus.urls);
    ledger = seen;
    const client = await connect(cluster.node(0).url);
    await until(
      'the shards are shared',
      async () =>
        (await client.nodes())
          .map(({ shards }) => shards)
          .sort()
          .join() === '21,21,22',
    );
    await submitMany(client, goals, (index) => ({ goal: `count ${index}`, strategy: 'single', idempotencyKey: `k${index}` }));
    await until('the work has begun', async () => cluster.model.calls.length > callsBeforeKill);
    const victim = cluster.node(1);
    const endedBefore = new Set(seen.ended.keys());
    const killedAt = await cluster.kill(victim);
    await untilEnded(seen, cluster, goals, waitMs);
    await client.close();

    const stored = await seen.reread();
    const orphans = [...stored.actors.values()].filter(
      ({ actor, root, openings }) =>
        actor === 'coordinator' && !endedBefore.has(root) && openings.filter(({ at }) => at <= killedAt).at(-1)?.node === victim.id,
    );
    const resumed = orphans.flatMap(({ openings }) => openings.filter(({ at, node }) => at > killedAt && node !== victim.id).map(({ at }) => at - killedAt));
    const { calls } = cluster.model;
    return {
      goals,
      completed: [...stored.ended.values()].filter(({ how }) => how === 'goal.completed').length,
      orphans: orphans.length,
      firstResumedMs: Math.min(...resumed),
      lastResumedMs: Math.max(...resumed),
      leaseMs,
      broken: [...seen.broken, ...stored.broken, ...unheard(seen, stored)],
      answersAskedAgain: calls.filter(({ key, start }) => (stored.replies.get(key)?.[0] ?? Number.POSITIVE_INFINITY) < start).length,
      answeredTwice: [...stored.replies.values()].filter((times) => times.length > 1).length,
      reopenedAgents: stored.reopenedAgents,
      repeatedCalls: calls.length - new Set(calls.map(({ key }) => key)).size,
      calls: calls.length,
    };
  } finally {
    await ledger?.close();
    await cluster.close();
  }
}

/** What the follower was handed must be what is stored. */
function unheard(seen: Ledger, stored: Ledger): string[] {
  return [...stored.actors].flatMap(([stream, { n }]) =>
    seen.actors.get(stream)?.n === n ? [] : [`${stream}: ${n} records stored, ${seen.actors.get(stream)?.n ?? 0} handed over`],
  );
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + beginWaitMs; !(await condition()); await pause(20))
    if (Date.now() > deadline) throw new Error(`waited ${beginWaitMs} ms in vain until ${what}`);
}
