/** @needs nats-server */
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { failureOf } from '../../../protocols/errors/error.ts';
import { findNatsServer } from '../../../scripts/services/nats.ts';
import { connect } from '../../../src/client/index.ts';
import type { MockScript } from '../../../src/testing/mock-model/index.ts';
import { Cluster, type NodeProcess } from './cluster.ts';
import { Ledger } from './ledger.ts';
import { untilEnded } from './load.ts';

const endWaitMs = 60_000;
/** Load between two submissions. Milliseconds. */
const submitEveryMs = 40;
/** Goals that are submitted while one node is replaced. */
const goalsPerNode = 15;

const script: MockScript = ({ toolResults, user }) => {
  if (user.includes('long')) return { text: 'done', latencyMs: 3_000 };
  return toolResults.length === 0 ? { toolCalls: [{ name: 'counter.add', input: { name: 'a' } }], latencyMs: 40 } : { text: 'done', latencyMs: 40 };
};

describe.skipIf(findNatsServer() === undefined)('nodes that are asked to end', () => {
  let cluster: Cluster | undefined;
  let ledger: Ledger | undefined;
  afterEach(async () => {
    await ledger?.close();
    await cluster?.close();
    ledger = undefined;
    cluster = undefined;
  });

  /** Submits through any node that runs, as a client behind a balancer does; the key makes trying again harmless. */
  async function submit(nodes: readonly NodeProcess[], goal: string, idempotencyKey: string): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      const running = nodes.filter(({ child }) => child.exitCode === null);
      const node = running[attempt % running.length];
      if (node === undefined) throw new Error('no node runs');
      try {
        const client = await connect(node.url, { limits: { reconnectAttemptsMax: 1 } });
        await client.submit({ goal, strategy: 'single', idempotencyKey });
        await client.close();
        return;
      } catch (error) {
        if (attempt > 20) throw failureOf(error);
        await pause(20);
      }
    }
  }

  test('one after the other are replaced under load: every goal completes, no call is made twice, nobody is a dead letter', async () => {
    cluster = await Cluster.start(3, { script, node: { drainMs: 20_000 } });
    ledger = await Ledger.open(cluster.bus.urls);
    let submitted = 0;
    for (let at = 0; at < 3; at += 1) {
      const old = cluster.node(at);
      const load = (async () => {
        for (let index = 0; index < goalsPerNode; index += 1) {
          submitted += 1;
          await submit(cluster?.nodes ?? [], `count ${submitted}`, `k${submitted}`);
          await pause(submitEveryMs);
        }
      })();
      old.child.kill('SIGTERM');
      expect(await old.ended, cluster.stderr).toBe(0);
      await cluster.join();
      await load;
    }
    await untilEnded(ledger, cluster, submitted, endWaitMs);
    expect([...ledger.ended.values()].filter(({ how }) => how !== 'goal.completed')).toEqual([]);
    const stored = await ledger.reread();
    expect(stored.broken).toEqual([]);
    // A drained agent ends where it began, and no answered call is asked again.
    expect(stored.reopenedAgents).toBe(0);
    expect(cluster.model.calls.length).toBe(new Set(cluster.model.calls.map(({ key }) => key)).size);
    expect([...(await ledger.bus.tasks.dead()), ...(await ledger.bus.inbox.dead())]).toEqual([]);
  }, 120_000);

  test('what does not end within the grace period is handed over, with its journal', async () => {
    // A worker that waited for the claim to expire would wait for a minute.
    cluster = await Cluster.start(0, { script, node: { drainMs: 200, ackWaitMs: 60_000 } });
    const gateway = await cluster.join({ roles: ['gateway', 'coordinator'] });
    const first = await cluster.join({ roles: ['worker'] });
    const { model } = cluster;
    ledger = await Ledger.open(cluster.bus.urls);
    await submit([gateway], 'a long one', 'k');
    await expect.poll(() => model.calls.length, { timeout: 20_000 }).toBe(1);
    const second = await cluster.join({ roles: ['worker'] });
    first.child.kill('SIGTERM');
    expect(await first.ended, cluster.stderr).toBe(0);
    await untilEnded(ledger, cluster, 1, 30_000);
    expect([...ledger.ended.values()].map(({ how }) => how)).toEqual(['goal.completed']);
    const agent = [...ledger.actors.values()].find(({ actor }) => actor.startsWith('agent-'));
    expect(agent?.openings.map(({ node }) => node)).toEqual([first.id, second.id]);
    expect((await ledger.reread()).broken).toEqual([]);
  }, 120_000);
});
