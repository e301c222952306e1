import { Agent, get } from 'node:http';
import { Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { neverOpen } from '../../../scripts/bench/abuse-peers.ts';
import type { Connection, GatewayLimits, RpcSink } from '../../../src/gateway/index.ts';
import { enginesUnderTest } from './engines.ts';
import { type Fixture, startFixture, until } from './fixture.ts';
import { RpcPeer } from './rpc-peer.ts';

const connectionsMax = 5;
const fixtures: Fixture[] = [];
afterEach(async () => {
  for (const fixture of fixtures.splice(0)) await fixture.stop();
});
async function start(limits: Partial<GatewayLimits> = {}): Promise<Fixture> {
  const fixture = await startFixture({ limits: { connectionsMax, ...limits } });
  fixtures.push(fixture);
  return fixture;
}

/** Asks on a socket of its own. */
function ask(fixture: Fixture, path: string, agent: Agent | false = false): Promise<{ status: number | undefined; connection: string | undefined }> {
  return new Promise((resolve, reject) => {
    get(`${fixture.gateway.httpUrl}${path}`, { agent }, (response) => {
      response.resume();
      response.on('end', () => resolve({ status: response.statusCode, connection: response.headers.connection }));
    }).on('error', reject);
  });
}

interface Bare {
  readonly connection: Connection;
  /** The code of the reason. */
  readonly closed: string | undefined;
}

const open = ({ connection }: Bare): void =>
  void connection.receive(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'connection.open', params: { version: 1 } }));

/** A peer right at the dispatcher. */
function connectBare(dispatcher: Fixture['gateway']['dispatcher'], opened: boolean): Bare {
  let closed: string | undefined;
  const sink: RpcSink = {
    bufferedBytes: 0,
    get closed() {
      return closed !== undefined;
    },
    send: () => undefined,
    sendBatch: () => undefined,
    sendDelta: () => undefined,
    drained: () => Promise.resolve(),
    close: ({ code }) => {
      closed = code;
    },
  };
  const connection = dispatcher.connect(sink, { transport: 'test', address: 'here' });
  const peer = {
    connection,
    get closed() {
      return closed;
    },
  };
  if (opened) open(peer);
  return peer;
}

const evicted = ({ gateway }: Fixture): number => gateway.dispatcher.parts.counters.refusedTotal.get('connection_evicted') ?? 0;

describe('a node with as many connections as it may have', () => {
  test('the oldest WebSocket that has not opened makes room, is told why, and those who opened stay', async () => {
    const fixture = await start();
    const opened = await RpcPeer.open(fixture.gateway.wsUrl);
    const silent: RpcPeer[] = [];
    for (let count = 1; count < connectionsMax; count++) silent.push(await RpcPeer.connect(fixture.gateway.wsUrl));
    const newcomer = await RpcPeer.open(fixture.gateway.wsUrl);
    await until('the oldest is gone', () => silent[0]?.closed !== undefined);
    expect(silent[0]?.messages.at(-1)).toMatchObject({ id: null, error: { data: { code: 'too_many_requests', details: { max: connectionsMax } } } });
    expect(silent[0]?.closed?.code).toBe(1013);
    expect(silent.slice(1).map(({ closed }) => closed)).toEqual([undefined, undefined, undefined]);
    for (const peer of [opened, newcomer]) expect((await peer.call('ping')).result).toEqual({});
    expect([evicted(fixture), fixture.gateway.dispatcher.parts.counters.connections]).toEqual([1, connectionsMax]);
    // They may still open: whose place was not needed keeps it.
    expect((await silent[1]?.call('connection.open', { version: 1 }))?.result).toMatchObject({ version: 1 });
  });

  test('a flood that never opens keeps out neither newcomers nor questions about health, and ends nothing that is at work', async () => {
    const fixture = await start();
    const letGo = Promise.withResolvers<void>();
    fixture.host.hold = letGo.promise;
    const waiting = ask(fixture, '/v1/nodes');
    await until('it is in flight', () => fixture.gateway.dispatcher.parts.counters.requestsInFlight === 1);
    const flood: Promise<unknown>[] = [];
    for (let round = 0; round < 10; round++) {
      for (let count = 0; count < 3 * connectionsMax; count++) flood.push(RpcPeer.connect(fixture.gateway.wsUrl));
      await Promise.allSettled(flood);
      const newcomer = await RpcPeer.open(fixture.gateway.wsUrl);
      expect((await newcomer.call('ping')).result).toEqual({});
      expect((await ask(fixture, '/healthz')).status).toBe(200);
      newcomer.socket.terminate();
    }
    letGo.resolve();
    expect((await waiting).status).toBe(200);
    expect(evicted(fixture)).toBeGreaterThan(10 * connectionsMax);
    expect(fixture.gateway.dispatcher.parts.counters.connections).toBeLessThanOrEqual(connectionsMax);
  });

  test('peers that never open and answer no close frame are not waited for', async () => {
    const fixture = await start();
    // More than there is room for beside those that are being closed.
    const flood = neverOpen(fixture.gateway.wsUrl, 900);
    await until('it is there', () => evicted(fixture) > connectionsMax);
    const newcomer = await RpcPeer.open(fixture.gateway.wsUrl);
    await until('all but the last are gone', () => evicted(fixture) === 900 + 1 - connectionsMax);
    expect((await newcomer.call('ping')).result).toEqual({});
    expect(fixture.gateway.dispatcher.parts.counters.refusedTotal.get('connection_dropped')).toBeUndefined();
    await fixture.gateway.stop();
    expect(await flood).toEqual({ upgraded: 900, ended: 900 });
  });

  test('the same holds for a transport that has no sockets', async () => {
    const { dispatcher } = (await start()).gateway;
    const peers = Array.from({ length: 2 * connectionsMax - 1 }, (_, at) => connectBare(dispatcher, at === 0));
    expect(peers.map(({ closed }) => closed)).toEqual([
      undefined,
      ...Array.from({ length: connectionsMax - 1 }, () => 'too_many_requests'),
      ...Array.from({ length: connectionsMax - 1 }, () => undefined),
    ]);
    for (const peer of peers.slice(connectionsMax)) open(peer);
    expect(() => connectBare(dispatcher, false)).toThrow(expect.objectContaining({ code: 'too_many_requests' }));
    peers.at(-1)?.connection.close();
    expect(connectBare(dispatcher, true).closed).toBeUndefined();
  });

  test('sockets that rest after a request, or never send one, make room in the order in which they became idle', async () => {
    const fixture = await start();
    const agent = new Agent({ keepAlive: true });
    const resting = (): number => Object.values(agent.freeSockets).flat().length;
    const mute: Socket[] = [];
    const come = async (): Promise<void> => {
      const socket = new Socket().on('error', () => undefined).connect(fixture.gateway.port, '127.0.0.1');
      mute.push(socket);
      await until('it is taken', () => socket.readyState === 'open');
    };
    const gone = (): number => mute.filter(({ closed }) => closed).length;
    for (let count = 1; count < connectionsMax; count++) await come();
    expect((await ask(fixture, '/v1/ping', agent)).status).toBe(200);
    for (let count = 1; count < connectionsMax; count++) await come();
    await until('those who came first are gone', () => gone() === connectionsMax - 1);
    expect([evicted(fixture), resting()]).toEqual([connectionsMax - 1, 1]);
    await come();
    await until('the one that rests is gone', () => resting() === 0);
    expect(gone()).toBe(connectionsMax - 1);
    const opened = await Promise.all(Array.from({ length: connectionsMax }, () => RpcPeer.open(fixture.gateway.wsUrl)));
    for (const peer of opened) expect((await peer.call('ping')).result).toEqual({});
    await until('no other is left', () => gone() === mute.length);
    agent.destroy();
  });

  test('when all have opened, a newcomer is refused by name and health is still answered', async () => {
    const fixture = await start();
    const opened = await Promise.all(Array.from({ length: connectionsMax }, () => RpcPeer.open(fixture.gateway.wsUrl)));
    await expect(RpcPeer.connect(fixture.gateway.wsUrl)).rejects.toThrow('429');
    for (const path of ['/healthz', '/readyz']) expect(await ask(fixture, path)).toEqual({ status: 200, connection: 'close' });
    for (const path of ['/v1/ping', '/metrics', '/']) expect(await ask(fixture, path)).toEqual({ status: 429, connection: 'close' });
    // Those that fill the reserve and say nothing keep nobody from asking either.
    const mute = Array.from({ length: 200 }, () => new Socket().on('error', () => undefined).connect(fixture.gateway.port, '127.0.0.1'));
    await until('the reserve is full', () => mute.filter(({ closed }) => closed).length > 100);
    expect((await ask(fixture, '/healthz')).status).toBe(200);
    for (const peer of opened) expect((await peer.call('ping')).result).toEqual({});
    for (const socket of mute) socket.destroy();
  });

  test('health is answered when as many requests as may be are unanswered', async () => {
    const fixture = await start({ requestsInFlightTotalMax: 1 });
    const letGo = Promise.withResolvers<void>();
    fixture.host.hold = letGo.promise;
    const waiting = ask(fixture, '/v1/nodes');
    await until('one is in flight', () => fixture.gateway.dispatcher.parts.counters.requestsInFlight === 1);
    expect((await ask(fixture, '/v1/ping')).status).toBe(429);
    for (const path of ['/healthz', '/readyz']) expect((await ask(fixture, path)).status).toBe(200);
    letGo.resolve();
    expect((await waiting).status).toBe(200);
  });
});

for (const { engine, missing } of await enginesUnderTest()) {
  test.skipIf(missing !== undefined)(`the engine ${engine}${missing === undefined ? '' : ` (left out: ${missing})`} makes room too`, async () => {
    const fixture = await startFixture({ limits: { connectionsMax }, webSocket: { engine, port: 0 } });
    fixtures.push(fixture);
    for (let count = 0; count < 4 * connectionsMax; count++) await RpcPeer.connect(fixture.gateway.wsUrl);
    const opened = await Promise.all(Array.from({ length: connectionsMax }, () => RpcPeer.open(fixture.gateway.wsUrl)));
    for (const peer of opened) expect((await peer.call('ping')).result).toEqual({});
    await expect(RpcPeer.connect(fixture.gateway.wsUrl)).rejects.toThrow('429');
  });
}
