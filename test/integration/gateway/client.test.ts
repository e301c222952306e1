import { randomBytes } from 'node:crypto';
import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GoalEvent } from '../../../protocols/wire/methods.ts';
import { connect, createClient, type FlockworkClient, type WatchItem } from '../../../src/client/index.ts';
import type { LocalTransport } from '../../../src/gateway/index.ts';
import { type Fixture, startFixture, until } from './fixture.ts';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture.stop());

/** The client may not import the gateway; what one answers is what the other reads. */
type ShapesAgree = LocalTransport extends Parameters<typeof createClient>[0] ? true : never;
const shapesAgree: ShapesAgree = true;

const brisk = { reconnectWaitMs: 5, reconnectWaitMaxMs: 20, reconnectAttemptsMax: 200 };

async function collect(items: AsyncIterable<WatchItem>, into: GoalEvent[] = []): Promise<GoalEvent[]> {
  for await (const item of items) if (item.kind === 'event') into.push(item.event);
  return into;
}

const kinds: [string, () => Promise<FlockworkClient>][] = [
  ['WebSocket', () => connect(fixture.gateway.wsUrl)],
  ['HTTP', () => connect(fixture.gateway.httpUrl)],
  ['the process itself', async () => createClient(fixture.gateway.connectLocal('default'))],
];

describe.each(kinds)('over %s', (_name, open) => {
  test('what came out of a goal that changed thousands of files', async () => {
    const client = await open();
    const { id } = await client.submit({ goal: 'many files' });
    const before = fixture.host.changes;
    fixture.host.changes = Array.from({ length: 5_000 }, (_, at) => ({
      path: `src/${'deep/'.repeat(30)}file-${String(at).padStart(4, '0')}.ts`,
      change: 'modified' as const,
      sha256: 'a'.repeat(64),
      size: 10,
      task: 't0',
    }));
    try {
      const sizes: number[] = [];
      for await (const { items } of client.artifactPages(id)) sizes.push(items.length);
      expect(sizes.length).toBeGreaterThan(1);
      expect((await client.artifacts(id)).items).toEqual(fixture.host.changes);
      for await (const { items, next } of client.artifactPages(id, { limit: 3 })) {
        expect(items).toHaveLength(3);
        expect(next).not.toBeNull();
        break;
      }
    } finally {
      fixture.host.changes = before;
      await client.close();
    }
  });

  test('every method', async () => {
    expect(shapesAgree).toBe(true);
    const client = await open();
    const { id } = await client.submit({ goal: 'one', idempotencyKey: `every-${_name.replaceAll(' ', '-')}` });
    expect(await client.get(id)).toMatchObject({ id, status: 'running' });
    expect((await client.list({ limit: 500 })).items.map((goal) => goal.id)).toContain(id);
    expect(await client.artifacts(id)).toMatchObject({ patch: null });
    expect(await client.verify(id)).toMatchObject({ ok: true });
    expect(await client.replay(id)).toMatchObject({ ok: true });
    expect(await client.sendMessage(id, 'hello')).toEqual({ id: 'm1' });
    expect(await client.nodes()).toMatchObject([{ id: 'node-1' }]);
    expect(await client.config()).toMatchObject({ hash: 'h' });
    await client.ping();
    await expect(client.resume(id)).rejects.toMatchObject({ name: 'FlockworkError', code: 'goal_not_paused', retryable: false });
    await client.cancel(id, 'enough');
    await expect(client.cancel(id)).rejects.toMatchObject({ code: 'goal_ended' });
    await expect(client.get('nope')).rejects.toMatchObject({ code: 'goal_unknown', details: { goalId: 'nope' } });
    await expect(client.submit({ goal: '' })).rejects.toMatchObject({ code: 'invalid_request', details: { issues: [{ path: 'goal' }] } });
    await client.close();
    await expect(client.ping()).rejects.toMatchObject({ name: 'FlockworkError' });
  });

  test('blobs of every size, free when known', async () => {
    const client = await open();
    for (const size of [0, 1, 524_288, 524_289, 1_700_000]) {
      const bytes = randomBytes(size);
      const sha256 = await client.putBlob(bytes);
      expect(Buffer.from(await client.getBlob(sha256)).equals(bytes)).toBe(true);
      expect(await client.putBlob(bytes)).toBe(sha256);
    }
    await expect(client.getBlob('c'.repeat(64))).rejects.toMatchObject({ code: 'blob_unknown' });
    await client.close();
  });

  test('a watch to its end, from a cursor, with deltas, and one that is left', async () => {
    const client = await open();
    const { id } = await client.submit({ goal: 'watched' });
    const items: WatchItem[] = [];
    const watching = (async () => {
      for await (const item of client.watch(id, { deltas: true })) items.push(item);
    })();
    await until('a delta came', () => {
      fixture.writer.delta(id, 'agent-t0-1', { call: 'c', epoch: 1, offset: 0, text: 'hi' });
      return items.some(({ kind }) => kind === 'delta');
    });
    for (let at = 0; at < 50; at++)
      await fixture.writer.write(id, 'agent-t0-1', [
        ['model.called', { at }],
        ['model.replied', { at }],
      ]);
    await fixture.host.end(id, 'completed');
    await watching;
    const events = items.flatMap((item) => (item.kind === 'event' ? [item.event] : []));
    expect(events).toHaveLength(102);
    expect(events.at(-1)?.type).toBe('goal.completed');
    expect(await collect(client.watch(id, { after: events[40]?.cursor ?? '' }))).toEqual(events.slice(41));
    expect(await collect(client.watch(id, { after: events.at(-1)?.cursor ?? '' }))).toEqual([]);

    const { id: running } = await client.submit({ goal: 'left' });
    const leaving = client.watch(running)[Symbol.asyncIterator]();
    await leaving.next();
    await leaving.return?.();
    const abort = new AbortController();
    const left = collect(client.watch(running, { signal: abort.signal }));
    await until('it watches', () => fixture.gateway.dispatcher.parts.counters.watches === 1);
    abort.abort();
    expect((await left).length).toBeLessThanOrEqual(1);
    await until('nothing is left', () => fixture.gateway.dispatcher.parts.counters.watches === 0);
    await expect(collect(client.watch('nope'))).rejects.toMatchObject({ code: 'goal_unknown' });
    await expect(collect(client.watch(id, { after: 'other-1-1' }))).rejects.toMatchObject({ code: 'cursor_unknown' });
    await client.close();
  });
});

describe.each(['wsUrl', 'httpUrl'] as const)('when the node goes away (%s)', (address) => {
  test('a watch goes on without gap or duplicate, again and again', async () => {
    const own = await startFixture();
    const { port } = own.gateway;
    const client = await connect(own.gateway[address], { limits: brisk });
    const { id } = await client.submit({ goal: 'long' });
    const seen: GoalEvent[] = [];
    const watching = collect(client.watch(id), seen);
    let { gateway } = own;
    for (let round = 0; round < 4; round++) {
      for (let at = 0; at < 20; at++)
        await own.writer.write(id, 'agent-t0-1', [
          ['model.called', { round, at }],
          ['model.replied', { round, at }],
        ]);
      await until('some of it came', () => seen.length > round * 40);
      await gateway.stop();
      await own.writer.write(id, 'coordinator', [['task.created', { round }]]);
      gateway = await own.restart({ httpPort: port });
    }
    expect((await client.get(id)).status).toBe('running');
    await own.host.end(id, 'completed');
    await watching;
    expect(seen).toEqual(await collect(createClient(gateway.connectLocal('default')).watch(id)));
    expect(seen).toHaveLength(1 + 4 * 41 + 1);
    await client.close();
    await own.stop();
  });

  test('for good: the attempts are bounded and the failure says so', async () => {
    const own = await startFixture();
    const client = await connect(own.gateway[address], { limits: { ...brisk, reconnectAttemptsMax: 3 } });
    const { id } = await client.submit({ goal: 'long' });
    const watching = collect(client.watch(id));
    await until('it watches', () => own.gateway.dispatcher.parts.counters.watches === 1);
    await Promise.all([own.gateway.stop(), expect(watching).rejects.toMatchObject({ code: 'connection_lost', details: { reconnectAttemptsMax: 3 } })]);
    await expect(client.get(id)).rejects.toMatchObject({ code: address === 'wsUrl' ? 'connection_lost' : 'no_node' });
    await client.close();
    await own.stop();
  });
});

describe('connecting', () => {
  test('to nobody, to a wrong address, with a wrong token', async () => {
    for (const address of ['ws://127.0.0.1:1/v1/ws', 'http://127.0.0.1:1'])
      await expect(connect(address)).rejects.toMatchObject({ code: 'no_node', retryable: true });
    for (const address of ['ftp://x', '127.0.0.1:9090', 'http://user:secret@localhost', 'ws://localhost/v1/ws?token=secret']) {
      await expect(connect(address)).rejects.toMatchObject({ code: 'usage', message: expect.not.stringContaining('secret') });
    }
    const own = await startFixture({ auth: { mode: 'token', tokens: [{ tenant: 'alpha', token: 'right' }] } });
    for (const address of [own.gateway.wsUrl, own.gateway.httpUrl]) {
      await expect(connect(address, { token: 'wrong' })).rejects.toMatchObject({ code: 'unauthorized' });
      await expect(connect(address)).rejects.toMatchObject({ code: 'unauthorized' });
      const client = await connect(address, { token: 'right' });
      await client.ping();
      await client.close();
    }
    await own.stop();
  });

  test('a node that has fallen silent is noticed, and the watch goes on through another connection', async () => {
    const { id } = await fixture.host.submit('default', { goal: 'silent' });
    const proxy = await startProxy(fixture.gateway.port);
    const client = await connect(`ws://127.0.0.1:${proxy.port}/v1/ws`, { limits: { ...brisk, silenceMaxMs: 60 } });
    const seen: GoalEvent[] = [];
    const watching = collect(client.watch(id), seen);
    await until('it watches', () => seen.length === 1);
    proxy.silence();
    await fixture.host.end(id, 'completed');
    await watching;
    expect(seen.map(({ type }) => type)).toEqual(['goal.accepted', 'goal.completed']);
    await client.close();
    await proxy.stop();
  });

  test('a consumer that is slow overflows its queue and still gets every event once', async () => {
    const client = await connect(fixture.gateway.wsUrl, { limits: { watchItemsMax: 5 } });
    const { id } = await client.submit({ goal: 'slow consumer' });
    const seen: GoalEvent[] = [];
    let goOn = (): void => undefined;
    const writing = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const watching = (async () => {
      for await (const item of client.watch(id)) {
        if (item.kind === 'event') seen.push(item.event);
        if (seen.length === 1) await writing;
      }
    })();
    for (let at = 0; at < 40; at++) await fixture.writer.write(id, 'agent-t0-1', [['model.called', { at }]]);
    await client.ping();
    goOn();
    await fixture.host.end(id, 'completed');
    await watching;
    expect(seen.filter(({ actor }) => actor === 'agent-t0-1').map(({ seq }) => seq)).toEqual(Array.from({ length: 40 }, (_, at) => at + 1));
    await client.close();
  });
});

/** A proxy that can stop moving bytes without closing anything, as a network that is cut does. New connections work again. */
async function startProxy(target: number): Promise<{ port: number; silence(): void; stop(): Promise<void> }> {
  const pairs: Socket[][] = [];
  const server: Server = createServer((near) => {
    const far = dial(target, '127.0.0.1');
    pairs.push([near, far]);
    near.pipe(far);
    far.pipe(near);
    near.on('error', () => far.destroy());
    far.on('error', () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    silence() {
      for (const [near, far] of pairs.splice(0)) {
        near?.unpipe();
        far?.unpipe();
        near?.pause();
        far?.pause();
        near?.on('close', () => far?.destroy());
      }
    },
    async stop() {
      for (const pair of pairs) for (const socket of pair) socket.destroy();
      server.close();
    },
  };
}
