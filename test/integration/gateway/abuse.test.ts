import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loudGoal, neverOpen, neverRead, sendGarbage } from '../../../scripts/bench/abuse-peers.ts';
import { AbusedNode } from '../../../scripts/bench/abused.ts';
import { connect, type FlockworkClient } from '../../../src/client/index.ts';
import { describeQuic } from '../quic/native.ts';

/** What a second round of the same abuse may add to the memory of the node, MiB. */
const keptMiBMax = 32;
/** How long the streams stay unread, ms; longer than any answer takes. */
const unreadMs = 1_000;

describeQuic('a node in its own process, under abuse', () => {
  let node: AbusedNode;
  let clients: readonly FlockworkClient[];
  beforeAll(async () => {
    node = await AbusedNode.start();
    clients = await Promise.all([connect(node.addresses.ws), connect(node.addresses.quic)]);
  });
  afterAll(async () => {
    await Promise.all((clients ?? []).map((client) => client.close()));
    await node?.stop();
  });

  /** Those who were there and those who come are served all along, over both transports, and every question about health has its answer. */
  async function servesOthersDuring<T>(abuse: Promise<T>): Promise<T> {
    await node.health();
    const over = new AbortController();
    const done = abuse.finally(() => over.abort());
    let served = 0;
    do {
      await Promise.all(clients.map((client) => client.ping()));
      for (const address of [node.addresses.ws, node.addresses.quic]) {
        const late = await connect(address);
        await late.submit({ goal: 'Say hello' });
        await late.close();
        served++;
      }
    } while (!over.signal.aborted);
    const result = await done;
    const { tookMs, failed } = await node.health();
    expect(failed).toBe(0);
    expect(tookMs.length).toBeGreaterThan(10);
    expect(served).toBeGreaterThan(1);
    expect(node.alive).toBe(true);
    return result;
  }

  const udpPort = (): number => Number(/\/udp\/(\d+)\//.exec(node.addresses.quic)?.[1]);

  test('20,000 datagrams of garbage', () => servesOthersDuring(sendGarbage(udpPort(), 20_000)));

  test('1,500 connections that never open, more than there may be, are all taken, and all ended by the node', async () => {
    expect(await servesOthersDuring(neverOpen(node.addresses.ws, 1_500))).toEqual({ upgraded: 1_500, ended: 1_500 });
  });

  test('64 streams that never read', async () => {
    const goalId = await loudGoal(node.addresses.ws);
    const unread = async (): Promise<void> => {
      const letGo = await neverRead(node.addresses.quic, goalId, 64);
      await pause(unreadMs);
      letGo();
    };
    await servesOthersDuring(unread());
    // What they made the node hold goes with them: a second round finds the memory of the first again.
    const first = await node.held();
    await servesOthersDuring(unread());
    await servesOthersDuring(neverOpen(node.addresses.ws, 300));
    const second = await node.held();
    expect((second.heap - first.heap) / 1_048_576).toBeLessThan(keptMiBMax);
  });
});
