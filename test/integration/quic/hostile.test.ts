import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { afterEach, expect, test } from 'vitest';
import { connect } from '../../../src/client/index.ts';
import { until } from '../gateway/fixture.ts';
import { initialPacket } from './initial-packet.ts';
import { describeEach, describeQuic } from './native.ts';
import { NativePeer } from './native-peer.ts';
import { type QuicFixture, type QuicFixtureOptions, startQuicFixture } from './quic-fixture.ts';
import { Libp2pPeer } from './quic-peer.ts';

const openEnd: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of openEnd.splice(0).reverse()) await end();
});

async function start(options: QuicFixtureOptions = {}): Promise<QuicFixture> {
  const fixture = await startQuicFixture(options);
  openEnd.push(() => fixture.stop());
  return fixture;
}

async function udp(): Promise<Socket> {
  const socket = createSocket('udp4');
  await new Promise<void>((bound) => socket.bind(0, '127.0.0.1', bound));
  openEnd.push(() => socket.close());
  return socket;
}

const send = (socket: Socket, bytes: Uint8Array, port: number): Promise<void> => new Promise((sent) => socket.send(bytes, port, '127.0.0.1', () => sent()));

describeQuic('hostile peers over QUIC alone', () => {
  test('1,000 datagrams of garbage: those who are connected and those who connect are served throughout', async () => {
    const fixture = await start();
    const client = await connect(fixture.address);
    openEnd.push(() => client.close());
    const socket = await udp();
    for (let sent = 0; sent < 1_000; sent++) {
      const bytes = randomBytes(1 + Math.floor(Math.random() * 1_400));
      // Half of them look like the beginning of a connection.
      if (sent % 2 === 0) bytes[0] = 0xc0 | (bytes[0] ?? 0);
      await send(socket, bytes, fixture.port);
      if (sent % 20 === 0) await client.ping();
    }
    const late = await connect(fixture.address);
    await late.ping();
    await late.close();
    expect(fixture.faults).toEqual([]);
  });

  test('200 handshakes that fall silent keep nobody out', async () => {
    const fixture = await start();
    const socket = await udp();
    let answers = 0;
    socket.on('message', () => answers++);
    for (let begun = 0; begun < 200; begun++) await send(socket, initialPacket('libp2p').datagram, fixture.port);
    await until('the node has answered them', () => answers >= 200);
    // One after the other they would hold the door for ten seconds each.
    const client = await connect(fixture.address, { limits: { connectMaxMs: 5_000 } });
    await client.ping();
    await client.close();
  });

  test('64 streams that never read are ended as slow readers, while others are served', async () => {
    const fixture = await start({ limits: { slowReaderMaxMs: 300, highWaterBytes: 65_536 }, quic: { closeMaxMs: 100 } });
    const client = await connect(fixture.address);
    openEnd.push(() => client.close());
    const { id } = await client.submit({ goal: 'loud' });
    for (let index = 0; index < 30; index++) await fixture.writer.write(id, 'agent-t0-1', [['model.replied', { text: 'x'.repeat(30_000) }]]);
    const { counters } = fixture.gateway.dispatcher.parts;
    const mute = await NativePeer.dial(fixture.port, 16_384);
    openEnd.push(() => mute.stop());
    await Promise.all(
      Array.from({ length: 64 }, () => mute.stream({ method: 'connection.open', params: { version: 1 } }, { method: 'goal.watch', params: { goalId: id } })),
    );
    let served = 0;
    while (counters.refusedTotal.get('slow_reader') !== 64 && served < 10_000) {
      await client.ping();
      served++;
    }
    expect(counters.refusedTotal.get('slow_reader')).toBe(64);
    await until('their watches are given back', () => counters.watches === 0 && counters.connections === 1);
    expect(served).toBeGreaterThan(10);
  });

  test('requests of a peer that leaves its answers unread are held up to a bound', async () => {
    const fixture = await start({ limits: { highWaterBytes: 1_024 }, quic: { heldBytesMax: 20_000, closeMaxMs: 100 } });
    const mute = await NativePeer.dial(fixture.port, 2_048);
    openEnd.push(() => mute.stop());
    const { counters } = fixture.gateway.dispatcher.parts;
    const { id } = await fixture.host.submit('default', { goal: 'g'.repeat(4_000) });
    const gets = Array.from({ length: 400 }, () => ({ method: 'goal.get', params: { goalId: id } }));
    await mute.stream({ method: 'connection.open', params: { version: 1 } }, ...gets);
    await until('the stream is ended', () => counters.connections === 0 && counters.requestsTotal > 0);
    expect(counters.refusedTotal.get('slow_reader')).toBe(1);
    expect(counters.requestsTotal).toBeLessThan(401);
  });
});

describeEach('hostile peers', (over) => {
  test('a connection without a stream, and a stream without connection.open, are ended', async () => {
    const fixture = await start({ over, limits: { openMaxMs: 200 }, quic: { noStreamMaxMs: 200 } });
    const idle = await Libp2pPeer.dial(fixture.address);
    const silent = await Libp2pPeer.dial(fixture.address);
    openEnd.push(
      () => idle.stop(),
      () => silent.stop(),
    );
    const peer = await silent.open();
    await peer.whenEnded();
    expect(peer.parting()?.data.code).toBe('open_timeout');
    await until('the connections are closed', () => idle.connection.status !== 'open' && silent.connection.status !== 'open');
  });

  test('a stream too many and a connection too many are told so', async () => {
    const fixture = await start({ over, quic: { streamsPerConnectionMax: 3, connectionsMax: 2 } });
    const first = await Libp2pPeer.dial(fixture.address);
    openEnd.push(() => first.stop());
    for (let streams = 0; streams < 3; streams++) await first.opened();
    const fourth = await first.open();
    await fourth.whenEnded();
    expect(fourth.parting()?.data).toMatchObject({ code: 'too_many_requests', retryable: true, details: { bound: 'streamsPerConnectionMax', max: 3 } });
    const second = await Libp2pPeer.dial(fixture.address);
    openEnd.push(() => second.stop());
    await second.opened();
    const third = await Libp2pPeer.dial(fixture.address);
    openEnd.push(() => third.stop());
    const surplus = await third.open();
    await surplus.whenEnded();
    expect(surplus.parting()?.data).toMatchObject({ code: 'too_many_requests', details: { bound: 'connectionsMax', max: 2 } });
    await second.stop();
    await third.stop();
    await until('there is room again', async () => {
      const again = await connect(fixture.address, { limits: { reconnectAttemptsMax: 0 } }).then(
        (client) => client.close().then(() => true),
        () => false,
      );
      return again;
    });
  });

  test('a stopping node tells its peers before it goes', async () => {
    const fixture = await startQuicFixture({ over });
    const libp2p = await Libp2pPeer.dial(fixture.address);
    openEnd.push(() => libp2p.stop());
    const peer = await libp2p.opened();
    await fixture.stop();
    await peer.whenEnded();
    expect(peer.parting()?.data).toMatchObject({ code: 'draining', retryable: true });
  });
});
