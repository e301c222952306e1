/** @needs nats-server */
import { afterEach, describe, expect, test } from 'vitest';
import { findNatsServer, NatsServer } from '../../../scripts/services/nats.ts';
import { additions, counterKey, counterScript } from '../../faults/counter-script.ts';
import { startTestNode, type TestNode } from './test-node.ts';

const agents = 6;
const nodes: TestNode[] = [];
let server: NatsServer | undefined;
afterEach(async () => {
  for (const node of nodes.splice(0)) await node.close();
  await server?.stop();
  server = undefined;
});

describe.skipIf(findNatsServer() === undefined)('a memory shared over NATS', () => {
  test('agents of two nodes add to one counter, and none of it is lost', async () => {
    server = await NatsServer.start();
    const settings = {
      'bus.kind': 'nats',
      'bus.natsUrl': [server.url],
      'worker.concurrency': agents / 2,
      'profiles.sharing': { tools: ['memory.get', 'memory.set', 'agent.tell'] },
    };
    for (let index = 0; index < 2; index += 1) nodes.push(await startTestNode({ script: counterScript, settings }));
    const client = nodes[0]?.node().client();
    if (client === undefined) throw new Error('no node came up');
    const items = Array.from({ length: agents }, (_, index) => `item ${index}`);
    const { id } = await client.submit({
      goal: 'count together',
      strategy: 'map-reduce',
      profile: 'sharing',
      agents,
      inputs: [{ kind: 'items', items }],
      quota: { maxTicks: 90 },
    });
    const workers = new Set<unknown>();
    for await (const item of client.watch(id)) if (item.kind === 'event' && item.event.type === 'task.started') workers.add(item.event.data['node']);
    expect(workers.size).toBe(2);
    expect(await client.get(id)).toMatchObject({ status: 'completed' });
    expect(await client.memoryValue(id, counterKey)).toMatchObject({ value: agents * additions, version: agents * (additions + 1) });
    expect((await client.replay(id)).problems).toEqual([]);
    await client.close();
  });
});
