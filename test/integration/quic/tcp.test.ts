import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectSocket, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { connect } from '../../../src/client/index.ts';
import { until } from '../gateway/fixture.ts';
import { type QuicFixture, type QuicFixtureOptions, startQuicFixture } from './quic-fixture.ts';
import { Libp2pPeer } from './quic-peer.ts';

const openEnd: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of openEnd.splice(0).reverse()) await end();
});

async function start(options: QuicFixtureOptions = {}): Promise<QuicFixture> {
  const fixture = await startQuicFixture({ over: 'tcp', ...options });
  openEnd.push(() => fixture.stop());
  return fixture;
}

/** A connection that speaks no libp2p; what the node does to it shows in `closed`. */
async function bare(port: number): Promise<{ socket: Socket; closed: () => boolean }> {
  const socket = connectSocket(port, '127.0.0.1');
  let closed = false;
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    closed = true;
  });
  // The node greets first; who does not read never sees its end either.
  socket.resume();
  await once(socket, 'connect');
  openEnd.push(() => socket.destroy());
  return { socket, closed: () => closed };
}

/** A way to the node that can fall silent in both directions, as a cut cable does. */
async function cuttable(port: number): Promise<{ port: number; cut: () => void }> {
  const sockets: Socket[] = [];
  const proxy = createServer((near) => {
    const far = connectSocket(port, '127.0.0.1');
    for (const socket of [near, far]) socket.on('error', () => socket.destroy());
    near.pipe(far).pipe(near);
    sockets.push(near, far);
  });
  await new Promise<void>((listening) => proxy.listen(0, '127.0.0.1', listening));
  openEnd.push(() => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });
  const address = proxy.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    cut: () => {
      for (const socket of sockets) socket.unpipe().pause();
    },
  };
}

describe('hostile peers over TCP alone', () => {
  test('200 connections that say nothing keep nobody out, and are closed', async () => {
    const fixture = await start({ quic: { noStreamMaxMs: 1_000 } });
    const silent = await Promise.all(Array.from({ length: 200 }, () => bare(fixture.port)));
    const client = await connect(fixture.address, { limits: { connectMaxMs: 5_000 } });
    await client.ping();
    await client.close();
    await until('the silent ones are closed', () => silent.every(({ closed }) => closed()));
  });

  test('whoever speaks no libp2p is closed: garbage, HTTP, a handshake that breaks off', async () => {
    const fixture = await start({ quic: { noStreamMaxMs: 300 } });
    const client = await connect(fixture.address);
    openEnd.push(() => client.close());
    const select = Buffer.from('\x13/multistream/1.0.0\n\x07/noise\n');
    for (const bytes of [
      randomBytes(4_096),
      Buffer.from('GET / HTTP/1.1\r\nhost: x\r\n\r\n'),
      Buffer.concat([select, Buffer.from([0xff, 0xff]), randomBytes(65_535)]),
    ]) {
      const { socket, closed } = await bare(fixture.port);
      socket.write(bytes);
      await until('it is closed', closed);
      await client.ping();
    }
    expect(fixture.faults).toEqual([]);
    expect(fixture.gateway.dispatcher.parts.counters.connections).toBe(1);
  });

  test('a peer whose cable is cut is given up after idleMaxMs; one that is only silent is not', async () => {
    const fixture = await start({ quic: { keepAliveMs: 100, idleMaxMs: 1_000 } });
    const quiet = await Libp2pPeer.dial(fixture.address);
    openEnd.push(() => quiet.stop());
    const stays = await quiet.opened();
    const way = await cuttable(fixture.port);
    const libp2p = await Libp2pPeer.dial(fixture.address.replace(/\/tcp\/\d+/, `/tcp/${way.port}`));
    openEnd.push(() => libp2p.stop());
    await libp2p.opened();
    const { counters } = fixture.gateway.dispatcher.parts;
    expect(counters.connections).toBe(2);
    way.cut();
    await until('the node has given it up', () => counters.connections === 1);
    expect((await stays.call('ping')).result).toBeDefined();
  });

  test('a stream that is never read is ended as a slow reader, while others are served', async () => {
    const fixture = await start({ limits: { slowReaderMaxMs: 300, highWaterBytes: 65_536 }, quic: { closeMaxMs: 100 } });
    const client = await connect(fixture.address);
    openEnd.push(() => client.close());
    const { id } = await client.submit({ goal: 'loud' });
    for (let index = 0; index < 60; index++) await fixture.writer.write(id, 'agent-t0-1', [['model.replied', { text: 'x'.repeat(30_000) }]]);
    const { counters } = fixture.gateway.dispatcher.parts;
    const mute = await Libp2pPeer.dial(fixture.address);
    openEnd.push(() => mute.stop());
    const peer = await mute.opened();
    const reader = await mute.opened();
    // The window of the stream opens no more.
    peer.stream.pause();
    peer.request('goal.watch', { goalId: id });
    reader.request('goal.watch', { goalId: id });
    await until('the slow one is ended', () => counters.refusedTotal.get('slow_reader') === 1);
    await until('the other one on the same connection has everything', () => reader.notifications('goal.event').length === 61);
    await until('the watch of the slow one is given back', () => counters.watches === 1 && counters.connections === 2);
    await client.ping();
  });
});
