import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { GoalEvent } from '../../../protocols/wire/methods.ts';
import { connect, type FlockworkClient, type WatchItem } from '../../../src/client/index.ts';
import { until } from '../gateway/fixture.ts';
import { RpcPeer, readSse } from '../gateway/rpc-peer.ts';
import { describeEach } from './native.ts';
import { type QuicFixture, startQuicFixture } from './quic-fixture.ts';
import { Libp2pPeer } from './quic-peer.ts';

const brisk = { reconnectWaitMs: 5, reconnectWaitMaxMs: 50, reconnectAttemptsMax: 200 };

async function collect(items: AsyncIterable<WatchItem>, into: GoalEvent[] = []): Promise<GoalEvent[]> {
  for await (const item of items) if (item.kind === 'event') into.push(item.event);
  return into;
}

/** No fact twice, none left out, of any actor. */
function expectGapless(events: readonly GoalEvent[]): void {
  const last = new Map<string, number>();
  for (const { actor, seq } of events) {
    expect(seq).toBe((last.get(actor) ?? 0) + 1);
    last.set(actor, seq);
  }
}

describeEach('a goal on every transport,', (over) => {
  let fixture: QuicFixture;
  const clients: FlockworkClient[] = [];
  beforeAll(async () => {
    fixture = await startQuicFixture({ over });
  });
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await fixture.stop();
  });
  const open = async (address: string): Promise<FlockworkClient> => {
    const client = await connect(address, { limits: brisk });
    clients.push(client);
    return client;
  };

  /** Facts of several actors, written while others watch. */
  async function work(id: string, rounds: number): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      await fixture.writer.write(id, 'coordinator', [['task.created', { task: `t${round}`, text: 'ä'.repeat(round % 50) }]]);
      await fixture.writer.write(
        id,
        `agent-t${round}-1`,
        [['task.started', { task: `t${round}` }]],
        [['model.called'], ['model.replied', { text: 'x'.repeat(round * 7) }]],
      );
    }
  }

  test('every method of a client', async () => {
    const client = await open(fixture.address);
    const { id } = await client.submit({ goal: 'one', idempotencyKey: `every-${over}` });
    expect((await client.submit({ goal: 'one', idempotencyKey: `every-${over}` })).id).toBe(id);
    expect(await client.get(id)).toMatchObject({ id, status: 'running' });
    expect((await client.list({ limit: 500 })).items.map((goal) => goal.id)).toContain(id);
    expect(await client.artifacts(id)).toMatchObject({ patch: null });
    expect(await client.verify(id)).toMatchObject({ ok: true });
    expect(await client.nodes()).toMatchObject([{ id: 'node-1' }]);
    expect(await client.config()).toMatchObject({ hash: 'h' });
    await expect(client.get('nope')).rejects.toMatchObject({ code: 'goal_unknown', details: { goalId: 'nope' } });
    await expect(client.submit({ goal: '' })).rejects.toMatchObject({ code: 'invalid_request', details: { issues: [{ path: 'goal' }] } });
    await expect(client.sendMessage(id, 'x'.repeat(1_100_000))).rejects.toMatchObject({ code: 'frame_too_large' });
    await client.ping();
    for (const size of [0, 1, 524_289, 1_700_000]) {
      const bytes = randomBytes(size);
      expect(Buffer.from(await client.getBlob(await client.putBlob(bytes))).equals(bytes)).toBe(true);
    }
    await client.cancel(id, 'enough');
  });

  test('one goal watched over it, WebSocket and SSE at once: the transcripts are the same, and gapless', async () => {
    const quic = await open(fixture.address);
    const webSocket = await open(fixture.gateway.wsUrl);
    const { id } = await quic.submit({ goal: 'watched by three' });
    const watching = Promise.all([collect(quic.watch(id)), collect(webSocket.watch(id)), readSse(`${fixture.gateway.httpUrl}/v1/goals/${id}/events`)]);
    await work(id, 120);
    await fixture.host.end(id, 'completed');
    const [overQuic, overWebSocket, overSse] = await watching;
    expect(overQuic).toHaveLength(1 + 120 * 4 + 1);
    expectGapless(overQuic);
    expect(overWebSocket).toEqual(overQuic);
    expect(overSse.map(({ data }) => data)).toEqual(overQuic);
    expect(overSse.map(({ id: cursor }) => cursor)).toEqual(overQuic.map(({ cursor }) => cursor));
  });

  test('a watcher over it is killed; WebSocket, SSE and a new one go on from its cursor without a gap', async () => {
    const { id } = await (await open(fixture.address)).submit({ goal: 'handed over' });
    const killed = await Libp2pPeer.dial(fixture.address);
    const peer = await killed.opened();
    await peer.call('goal.watch', { goalId: id });
    await work(id, 10);
    await until('the first events are there', () => peer.notifications('goal.event').length >= 15);
    peer.stream.abort(new Error('killed'));
    await killed.stop();
    const seen = peer.notifications('goal.event') as unknown as GoalEvent[];
    await work(id, 10);
    await fixture.host.end(id, 'completed');
    const after = seen.at(-1)?.cursor ?? '';
    const whole = await collect((await open(fixture.gateway.wsUrl)).watch(id));
    expectGapless(whole);
    for (const address of [fixture.gateway.wsUrl, fixture.address, fixture.gateway.httpUrl]) {
      const rest = await collect((await open(address)).watch(id, { after }));
      expect([...seen, ...rest]).toEqual(whole);
    }
    const sse = await readSse(`${fixture.gateway.httpUrl}/v1/goals/${id}/events`, { 'last-event-id': after });
    expect([...seen, ...sse.map(({ data }) => data)]).toEqual(whole);
  });

  test('a watcher over WebSocket is killed; one over it goes on from its cursor', async () => {
    const { id } = await (await open(fixture.gateway.wsUrl)).submit({ goal: 'handed over again' });
    const peer = await RpcPeer.open(fixture.gateway.wsUrl);
    await peer.call('goal.watch', { goalId: id });
    await work(id, 5);
    await until('some events are there', () => peer.notifications('goal.event').length >= 9);
    peer.socket.terminate();
    const seen = peer.notifications('goal.event') as unknown as GoalEvent[];
    await work(id, 5);
    await fixture.host.end(id, 'failed');
    const rest = await collect((await open(fixture.address)).watch(id, { after: seen.at(-1)?.cursor ?? '' }));
    expectGapless([...seen, ...rest]);
    expect([...seen, ...rest]).toHaveLength(1 + 2 * 5 * 4 + 1);
  });

  test('the node restarts under a running watch: the same peer comes back and the watch goes on without a gap', async () => {
    const client = await open(fixture.address);
    const { id } = await client.submit({ goal: 'survives' });
    const events: GoalEvent[] = [];
    const watching = collect(client.watch(id), events);
    await work(id, 10);
    await until('the watch runs', () => events.length >= 20);
    const before = fixture.address;
    await fixture.restart();
    expect(fixture.address).toBe(before);
    await work(id, 10);
    await fixture.host.end(id, 'completed');
    await watching;
    expect(events).toHaveLength(1 + 2 * 10 * 4 + 1);
    expectGapless(events);
    // Calls that may be sent again are.
    await client.ping();
  });

  test('a watch that is left ends at the node, and deltas come when asked for', async () => {
    const client = await open(fixture.address);
    const { id } = await client.submit({ goal: 'deltas' });
    let delta: unknown;
    for await (const item of client.watch(id, { deltas: true })) {
      if (item.kind === 'event') fixture.writer.delta(id, 'agent-t0-1', { call: 'c', epoch: 1, offset: 0, text: 'hi' });
      else {
        delta = item.delta;
        break;
      }
    }
    expect(delta).toMatchObject({ goalId: id, text: 'hi' });
    const { counters } = fixture.gateway.dispatcher.parts;
    await until('the node has no watch left', () => counters.watches === 0);
  });

  test('a peer that ends its side after a request still gets the answer', async () => {
    const libp2p = await Libp2pPeer.dial(fixture.address);
    const peer = await libp2p.open();
    peer.request('connection.open', { version: 1 });
    const id = peer.request('goal.submit', { goal: 'said once' });
    await peer.stream.close();
    expect((await peer.answer(id)).result).toMatchObject({ id: expect.any(String) });
    await peer.whenEnded();
    expect(peer.ended).toBe('clean');
    await libp2p.stop();
  });
});
