/** @needs nats-server */
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { findNatsServer } from '../../scripts/services/nats.ts';
import { connect } from '../../src/client/index.ts';
import { Cluster } from './cluster/cluster.ts';
import { mapScript } from './scripts.ts';

const available = findNatsServer() !== undefined;

const inputs = (count: number) => [{ kind: 'items' as const, items: Array.from({ length: count }, (_, index) => `item ${index}`) }];

describe.skipIf(!available)('nodes on one nats-server', () => {
  let cluster: Cluster | undefined;
  afterEach(async () => {
    await cluster?.close();
    cluster = undefined;
  });

  test('goals go on when a node that owns shards and runs agents is killed', async () => {
    cluster = await Cluster.start(3, { script: mapScript });
    const [first, second] = cluster.nodes;
    if (first === undefined || second === undefined) throw new Error('the cluster has no nodes');
    const client = await connect(first.url);
    // Shards have moved to the nodes that joined.
    await expect.poll(async () => (await client.nodes()).map(({ shards }) => shards).sort(), { timeout: 20_000 }).toEqual([21, 21, 22]);
    const goals = await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        client.submit({ goal: `count ${index}`, strategy: 'map-reduce', agents: 4, inputs: inputs(12), idempotencyKey: `k${index}` }),
      ),
    );
    const watched = goals.map(async ({ id }) => {
      const seen = new Map<string, number>();
      for await (const item of client.watch(id)) {
        if (item.kind !== 'event') continue;
        const { actor, seq } = item.event;
        expect(seq, actor).toBe((seen.get(actor) ?? 0) + 1);
        seen.set(actor, seq);
      }
      return client.get(id);
    });
    // In the middle of the work.
    await expect.poll(() => cluster?.model.calls.length ?? 0, { timeout: 20_000 }).toBeGreaterThan(20);
    second.child.kill('SIGKILL');
    await once(second.child, 'exit');
    for (const goal of await Promise.all(watched)) {
      expect(goal.status, `${JSON.stringify(goal.error)} ${cluster.stderr}`).toBe('completed');
      expect(goal.tasks.completed).toBe(goal.tasks.total);
      expect((await client.verify(goal.id)).ok).toBe(true);
      expect((await client.replay(goal.id)).problems).toEqual([]);
    }
    // Counted on the other side: an answered call is not asked again, an unsafe effect happens at most once.
    const calls = new Map<string, number>();
    for (const { key } of cluster.model.calls) calls.set(key, (calls.get(key) ?? 0) + 1);
    const repeated = [...calls.values()].reduce((sum, count) => sum + count - 1, 0);
    expect(repeated).toBeLessThanOrEqual(16);
    const effects = existsSync(cluster.effectsFile)
      ? readFileSync(cluster.effectsFile, 'utf8')
          .split('\n')
          .filter((line) => line !== '')
      : [];
    expect(new Set(effects).size).toBe(effects.length);
    await client.close();
  }, 120_000);

  test('a watcher goes on through another gateway with the same cursor', async () => {
    cluster = await Cluster.start(2, { script: mapScript });
    const [first, second] = cluster.nodes;
    if (first === undefined || second === undefined) throw new Error('the cluster has no nodes');
    const one = await connect(first.url, { limits: { reconnectAttemptsMax: 1 } });
    const { id } = await one.submit({ goal: 'count', strategy: 'map-reduce', agents: 2, inputs: inputs(10) });
    const seen: string[] = [];
    let cursor: string | undefined;
    for await (const item of one.watch(id)) {
      if (item.kind !== 'event') continue;
      seen.push(`${item.event.actor}:${item.event.seq}`);
      cursor = item.event.cursor;
      if (seen.length === 30) break;
    }
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    const other = await connect(second.url);
    for await (const item of other.watch(id, cursor === undefined ? {} : { after: cursor }))
      if (item.kind === 'event') seen.push(`${item.event.actor}:${item.event.seq}`);
    const whole: string[] = [];
    for await (const item of other.watch(id)) if (item.kind === 'event') whole.push(`${item.event.actor}:${item.event.seq}`);
    expect(seen).toEqual(whole);
    expect((await other.get(id)).status).toBe('completed');
    await other.close();
    await one.close();
  }, 120_000);
});
