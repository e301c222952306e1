import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { frameBytesMax } from '../../../protocols/wire/frame.ts';
import type { GatewayLimits } from '../../../src/gateway/index.ts';
import { enginesUnderTest } from './engines.ts';
import { type Fixture, startFixture, until } from './fixture.ts';
import { type Message, RpcPeer } from './rpc-peer.ts';

const code = ({ error }: Message): string | undefined => error?.data.code;

/** Bytes on a plain socket, until the other side has ended it. */
async function rawAnswer(port: number, request: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let heard = '';
  socket.on('data', (bytes: Buffer) => {
    heard += bytes.toString('latin1');
  });
  socket.on('error', () => socket.destroy());
  socket.write(request);
  await until('the node ended the socket', () => socket.closed);
  return heard;
}

const upgrade = (headers: string, path = '/v1/ws'): string =>
  `GET ${path} HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${headers}\r\n`;

for (const { engine, missing } of await enginesUnderTest()) {
  const title = `the WebSocket engine ${engine}${missing === undefined ? '' : ` (left out: ${missing})`}`;
  describe.skipIf(missing !== undefined)(`${title}`, () => {
    const start = (limits: Partial<GatewayLimits> = {}, heldBytesMax = 1_048_576): Promise<Fixture> =>
      startFixture({ limits, webSocket: { engine, port: 0, limits: { heldBytesMax } } });
    let fixture: Fixture;
    const extra: (() => Promise<void>)[] = [];
    beforeAll(async () => {
      fixture = await start();
    });
    afterEach(async () => {
      for (const stop of extra.splice(0)) await stop();
    });
    afterAll(() => fixture?.stop());
    const started = async (limits: Partial<GatewayLimits>, heldBytesMax?: number): Promise<Fixture> => {
      const other = await start(limits, heldBytesMax);
      extra.push(() => other.stop());
      return other;
    };

    test('has its port, and the HTTP port serves WebSockets whatever the engine', async () => {
      const { wsUrl, port } = fixture.gateway;
      expect(Number(new URL(wsUrl).port) === port).toBe(engine === 'ws');
      const peer = await RpcPeer.open(`ws://127.0.0.1:${port}/v1/ws`);
      expect((await peer.call('ping')).result).toEqual({});
      await peer.close();
    });

    test('opens, answers, and tells what is wrong by code', async () => {
      const peer = await RpcPeer.connect(fixture.gateway.wsUrl);
      expect(code(await peer.call('ping'))).toBe('not_open');
      expect((await peer.call('connection.open', { version: 1 })).result).toMatchObject({ version: 1, tenant: 'default' });
      expect(code(await peer.call('connection.open', { version: 1 }))).toBe('already_open');
      peer.send('{"jsonrpc":');
      peer.send(Buffer.from('{}'), true);
      expect((await peer.call('goal.submit', { goal: 'Zähle ✓ 🐦' })).result).toMatchObject({ id: expect.any(String) });
      expect(peer.messages.filter(({ id }) => id === null).map(code)).toEqual(['invalid_json', 'invalid_request']);
      await peer.close();
    });

    test('messages of all sizes up to the bound arrive whole, in fragments too; one byte more ends the connection', async () => {
      const peer = await RpcPeer.open(fixture.gateway.wsUrl);
      for (const size of [1, 125, 126, 65_535, 65_536]) {
        const text = 'x'.repeat(size);
        const { result } = await peer.call('goal.submit', { goal: text.slice(0, 65_000), idempotencyKey: `size-${size}` });
        expect((await peer.call('goal.get', { goalId: result?.['id'] })).result).toMatchObject({ goal: text.slice(0, 65_000) });
      }
      const largest = JSON.stringify({ jsonrpc: '2.0', id: 'largest', method: 'ping', params: {} }).padEnd(frameBytesMax, ' ');
      peer.send(largest);
      expect((await peer.answer('largest')).result).toEqual({});
      for (let at = 0; at < 4; at++) peer.socket.send(largest.slice(at * 100, at === 3 ? 1_000 : (at + 1) * 100), { fin: at === 3 });
      expect((await peer.answer('largest')).result).toEqual({});
      expect((await peer.call('ping')).result).toEqual({});
      peer.send(`${largest} `);
      await until('the connection is ended', () => peer.closed !== undefined);
      const next = await RpcPeer.open(fixture.gateway.wsUrl);
      expect((await next.call('ping')).result).toEqual({});
      await next.close();
    });

    test('invalid UTF-8 is answered, or ends the connection; frames that are none end it', async () => {
      const peer = await RpcPeer.open(fixture.gateway.wsUrl);
      peer.send(Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), false);
      await until('it is told', () => peer.closed !== undefined || peer.messages.some((message) => code(message) === 'invalid_json'));
      peer.socket.terminate();
      const port = Number(new URL(fixture.gateway.wsUrl).port);
      // A frame with reserved bits, one of 4 EiB.
      for (const bytes of ['\xf1\x80\x00\x00\x00\x00', '\x81\xff\x3f\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00']) {
        const socket = connect(port, '127.0.0.1');
        let heard = '';
        socket.on('data', (chunk: Buffer) => {
          heard += chunk.toString('latin1');
        });
        socket.write(upgrade('Host: 127.0.0.1\r\n'));
        await until('it is upgraded', () => heard.includes(' 101 '));
        socket.write(Buffer.from(bytes, 'latin1'));
        await until('it is ended', () => socket.closed);
      }
      await until('nothing is left of them', () => fixture.gateway.dispatcher.parts.counters.connections === 0);
    });

    test('foreign pages, foreign names and other paths are refused before they are a WebSocket', async () => {
      const port = Number(new URL(fixture.gateway.wsUrl).port);
      expect(await rawAnswer(port, upgrade('Host: evil.example\r\n'))).toMatch(/^HTTP\/1\.1 403 [\s\S]*"code":"forbidden"/);
      expect(await rawAnswer(port, upgrade('Host: 127.0.0.1\r\nOrigin: http://evil.example\r\n'))).toMatch(/^HTTP\/1\.1 403 /);
      expect(await rawAnswer(port, upgrade('Host: 127.0.0.1\r\nConnection: close\r\n', '/v2/ws'))).toMatch(/^HTTP\/1\.1 404 [\s\S]*"code":"not_found"/);
    });

    test('a watch is gapless and ordered, and goes on from its cursor', async () => {
      const { host, writer, gateway } = fixture;
      const { id } = await host.submit('default', { goal: 'watched' });
      for (let at = 0; at < 300; at++) await writer.write(id, 'agent-t0-1', [['model.replied', { text: 'y'.repeat(at * 10) }]]);
      const first = await RpcPeer.open(gateway.wsUrl);
      await first.call('goal.watch', { goalId: id });
      await until('half is seen', () => first.notifications('goal.event').length > 150);
      const half = first.notifications('goal.event');
      first.socket.terminate();
      const second = await RpcPeer.open(gateway.wsUrl);
      await second.call('goal.watch', { goalId: id, after: half.at(-1)?.['cursor'] });
      await host.end(id, 'completed');
      await until('the end is seen', () => second.notifications('goal.event').some(({ type }) => type === 'goal.completed'));
      const all = [...half, ...second.notifications('goal.event')].filter(({ actor }) => actor === 'agent-t0-1');
      expect(all.map(({ seq }) => seq)).toEqual(Array.from({ length: 300 }, (_, at) => at + 1));
      await second.close();
    });

    test('a peer that never reads is ended as a slow reader while others are served', async () => {
      const small = await started({ slowReaderMaxMs: 200, highWaterBytes: 65_536 });
      const { id } = await small.host.submit('default', { goal: 'loud' });
      for (let at = 0; at < 400; at++) await small.writer.write(id, 'agent-t0-1', [['model.replied', { text: 'z'.repeat(60_000) }]]);
      const mute = await RpcPeer.open(small.gateway.wsUrl);
      mute.socket.pause();
      mute.send(JSON.stringify({ jsonrpc: '2.0', id: 'w', method: 'goal.watch', params: { goalId: id } }));
      const { counters } = small.gateway.dispatcher.parts;
      const other = await RpcPeer.open(small.gateway.wsUrl);
      await until('it is ended', async () => {
        expect((await other.call('ping')).result).toEqual({});
        return counters.refusedTotal.get('slow_reader') === 1 && counters.watches === 0 && counters.connections === 1;
      });
      mute.socket.terminate();
      await other.close();
    });

    test('a peer that asks and never reads its answers is held back, or ended', async () => {
      const small = await started({ slowReaderMaxMs: 200, highWaterBytes: 65_536 }, 200_000);
      const { id } = await small.host.submit('default', { goal: 'g'.repeat(60_000) });
      const greedy = await RpcPeer.open(small.gateway.wsUrl);
      greedy.socket.pause();
      const { counters } = small.gateway.dispatcher.parts;
      let id0 = 0;
      const pumpRequests = setInterval(() => {
        if (greedy.socket.readyState !== greedy.socket.OPEN) return;
        for (let count = 0; count < 50; count++) greedy.send(JSON.stringify({ jsonrpc: '2.0', id: id0++, method: 'goal.get', params: { goalId: id } }));
      }, 2);
      try {
        await until('it is ended', () => (counters.refusedTotal.get('slow_reader') ?? 0) > 0 && counters.connections === 0);
      } finally {
        clearInterval(pumpRequests);
        greedy.socket.terminate();
      }
    });

    test('a peer that does not answer pings is cut off; one that does stays', async () => {
      const quick = await started({ pingMs: 60 });
      const alive = await RpcPeer.open(quick.gateway.wsUrl);
      const dead = await RpcPeer.connect(quick.gateway.wsUrl, { autoPong: false });
      await dead.call('connection.open', { version: 1 });
      await until('it is cut off', () => quick.gateway.dispatcher.parts.counters.refusedTotal.get('connection_lost') === 1);
      expect((await alive.call('ping')).result).toEqual({});
      await alive.close();
      dead.socket.terminate();
    });

    test('connections above the bound are refused by name, and there is room again', async () => {
      const small = await started({ connectionsMax: 3 });
      const { wsUrl, dispatcher } = small.gateway;
      const peers = await Promise.all([1, 2, 3].map(() => RpcPeer.open(wsUrl)));
      const flood = await Promise.allSettled(Array.from({ length: 120 }, () => RpcPeer.connect(wsUrl)));
      expect(flood.every(({ status }) => status === 'rejected')).toBe(true);
      expect(flood.some((outcome) => outcome.status === 'rejected' && String(outcome.reason).includes('429'))).toBe(true);
      expect(dispatcher.parts.counters.refusedTotal.get('too_many_requests')).toBeGreaterThan(0);
      for (const peer of peers) expect((await peer.call('ping')).result).toEqual({});
      await Promise.all(peers.map((peer) => peer.close()));
      await until('there is room again', () =>
        RpcPeer.open(wsUrl).then(
          () => true,
          () => false,
        ),
      );
    });

    test('who does not open in time is told and closed; a stopping node says so', async () => {
      const quick = await start({ openMaxMs: 100 });
      const silent = await RpcPeer.connect(quick.gateway.wsUrl);
      await until('it is closed', () => silent.closed !== undefined);
      expect(silent.messages.map(code)).toEqual(['open_timeout']);
      expect(silent.closed).toMatchObject({ code: 1008, reason: expect.stringMatching(/^open_timeout: /) });
      const last = await RpcPeer.open(quick.gateway.wsUrl);
      await quick.stop();
      await until('it is closed', () => last.closed !== undefined);
      expect(last.messages.at(-1)).toMatchObject({ id: null, error: { data: { code: 'draining', retryable: true } } });
      expect(last.closed?.code).toBe(1001);
      expect(quick.faults).toEqual([]);
    });
  });
}

describe('the choice of the engine', () => {
  test('uws where it cannot be had is a clear error, auto does without; a port that is taken is one too', async () => {
    const [, { missing } = { missing: undefined }] = await enginesUnderTest();
    if (missing !== undefined) {
      await expect(startFixture({ webSocket: { engine: 'uws', port: 0 } })).rejects.toMatchObject({ code: 'websocket_engine_unavailable', retryable: false });
      const auto = await startFixture({ webSocket: { engine: 'auto', port: 0 } });
      expect(Number(new URL(auto.gateway.wsUrl).port)).toBe(auto.gateway.port);
      expect(auto.notes).toEqual([]);
      await auto.stop();
      return;
    }
    const first = await startFixture({ webSocket: { engine: 'auto', port: 0 } });
    const port = Number(new URL(first.gateway.wsUrl).port);
    expect(port).not.toBe(first.gateway.port);
    expect(first.notes).toEqual([expect.stringContaining(`uWebSockets.js on port ${port}`)]);
    await expect(startFixture({ webSocket: { engine: 'uws', port } })).rejects.toMatchObject({ code: 'port_in_use' });
    const second = await startFixture({ webSocket: { engine: 'auto', port } });
    expect(second.notes).toEqual([expect.stringContaining('is taken')]);
    await second.stop();
    await first.stop();
  });
});
