import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeFrame } from '../../../protocols/wire/frame.ts';
import { connect, createIdentity } from '../../../src/client/index.ts';
import { until } from '../gateway/fixture.ts';
import { initialPacket } from './initial-packet.ts';
import { describeEach, describeQuic } from './native.ts';
import { type Over, type QuicFixture, startQuicFixture } from './quic-fixture.ts';
import { Libp2pPeer } from './quic-peer.ts';

/** A port that was free a moment ago. */
async function freePort(over: Over): Promise<number> {
  if (over === 'tcp') {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const address = server.address();
    await new Promise<void>((closed) => server.close(() => closed()));
    return typeof address === 'object' && address !== null ? address.port : 0;
  }
  const socket = createSocket('udp4');
  await new Promise<void>((bound) => socket.bind(0, '127.0.0.1', bound));
  const { port } = socket.address();
  await new Promise<void>((closed) => socket.close(closed));
  return port;
}

const once = { limits: { reconnectAttemptsMax: 0, connectMaxMs: 5_000 } };

describeQuic('what is refused over QUIC alone', () => {
  test('another ALPN gets a TLS alert, and no connection', async () => {
    const fixture = await startQuicFixture();
    const socket = createSocket('udp4');
    const answers: Buffer[] = [];
    socket.on('message', (answer) => answers.push(answer));
    await new Promise<void>((bound) => socket.bind(0, '127.0.0.1', bound));
    const { datagram, closeCode } = initialPacket('h3');
    socket.send(datagram, fixture.port, '127.0.0.1');
    await until('the node answers', () => answers.length > 0);
    // RFC 9001, section 4.8: 0x0100 and the alert, here no_application_protocol (120).
    expect(answers.map(closeCode)).toContain(0x178);
    socket.close();
    await fixture.stop();
  });
});

describeEach('what is refused', (over) => {
  let fixture: QuicFixture;
  let libp2p: Libp2pPeer;
  beforeAll(async () => {
    fixture = await startQuicFixture({ over });
    libp2p = await Libp2pPeer.dial(fixture.address);
  });
  afterAll(async () => {
    await libp2p.stop();
    await fixture.stop();
  });

  test('another protocol on a stream is refused, and the connection goes on', async () => {
    await expect(libp2p.open('/other/1.0.0')).rejects.toMatchObject({ name: 'UnsupportedProtocolError' });
    const peer = await libp2p.opened();
    expect((await peer.call('ping')).result).toBeDefined();
    await peer.stream.close();
  });

  test('another peer than the one in the address', async () => {
    const { peer } = await createIdentity();
    const wrong = fixture.address.replace(/12D3Koo.*$/, peer);
    await expect(connect(wrong, once)).rejects.toMatchObject({ code: 'no_node' });
  });

  test('a frame of 4 GiB is told and ends its stream only', async () => {
    const bystander = await libp2p.opened();
    const peer = await libp2p.opened();
    peer.bytes(Buffer.from('ffffffff7b7d', 'hex'));
    await peer.whenEnded();
    expect(peer.parting()?.data).toMatchObject({ code: 'frame_too_large', details: { bytes: 4_294_967_295 } });
    expect(peer.ended).toBe('clean');
    expect((await bystander.call('ping')).result).toBeDefined();
  });

  test('a stream that ends in the middle of a frame is told so', async () => {
    const peer = await libp2p.opened();
    peer.bytes(encodeFrame({ jsonrpc: '2.0', id: 9, method: 'ping' }).subarray(0, -1));
    await peer.stream.close();
    await peer.whenEnded();
    expect(peer.parting()?.data).toMatchObject({ code: 'frame_truncated' });
  });

  test('what is no JSON is answered, and the stream goes on', async () => {
    const peer = await libp2p.opened();
    const noJson = Buffer.from('{"jsonrpc":"2.0"');
    const header = Buffer.alloc(4);
    header.writeUInt32BE(noJson.length);
    peer.bytes(Buffer.concat([header, noJson, Buffer.alloc(4)]));
    await until('both are answered', () => peer.messages.filter(({ error }) => error?.data.code === 'invalid_json').length === 2);
    expect((await peer.call('ping')).result).toBeDefined();
  });

  test('a frame that comes byte by byte, and many in one piece', async () => {
    const peer = await libp2p.opened();
    for (const byte of encodeFrame({ jsonrpc: '2.0', id: 'slow', method: 'ping' })) {
      peer.bytes(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await peer.answer('slow');
    peer.bytes(Buffer.concat(Array.from({ length: 60 }, (_, index) => encodeFrame({ jsonrpc: '2.0', id: `many-${index}`, method: 'ping' }))));
    for (let index = 0; index < 60; index++) expect((await peer.answer(`many-${index}`)).result).toBeDefined();
  });

  test('connection.open twice, another version, and a call before it', async () => {
    const peer = await libp2p.open();
    expect((await peer.call('ping')).error?.data.code).toBe('not_open');
    expect((await peer.call('connection.open', { version: 2 })).error?.data).toMatchObject({ code: 'version_unsupported', details: { versions: [1] } });
    expect((await peer.call('connection.open', { version: 1 })).result).toMatchObject({ version: 1, node: 'node-1', tenant: 'default' });
    expect((await peer.call('connection.open', { version: 1 })).error?.data.code).toBe('already_open');
    expect((await peer.call('ping')).result).toBeDefined();
  });

  test('addresses that are none', async () => {
    for (const address of [
      '/ip4/127.0.0.1/tcp/4433/ws',
      '/ip4/127.0.0.1',
      '/ip4/127.0.0.1/tcp/4433/p2p/nonsense',
      '/nonsense',
      '/ip4/127.0.0.1/udp/4433/quic-v1/p2p/nonsense',
    ])
      await expect(connect(address)).rejects.toMatchObject({ code: 'usage' });
    await expect(connect(fixture.address, { identity: Buffer.from('no key') })).rejects.toMatchObject({ code: 'usage' });
  });

  test('a port where nobody listens', async () => {
    const port = await freePort(over);
    const limits = { reconnectAttemptsMax: 0, connectMaxMs: 300 };
    const address = over === 'quic' ? `/ip4/127.0.0.1/udp/${port}/quic-v1` : `/ip4/127.0.0.1/tcp/${port}`;
    await expect(connect(address, { limits })).rejects.toMatchObject({ code: 'no_node', retryable: true });
  });
});

describeEach('who may speak', (over) => {
  const tokens = [
    { tenant: 'acme', token: 'secret-of-acme' },
    { tenant: 'other', token: 'secret-of-other' },
  ];

  describe('with tokens', () => {
    let fixture: QuicFixture;
    beforeAll(async () => {
      fixture = await startQuicFixture({ over, auth: { mode: 'token', tokens } });
    });
    afterAll(() => fixture.stop());

    test('no token and a wrong one are told, and end the stream', async () => {
      for (const token of [undefined, 'wrong']) {
        await expect(connect(fixture.address, { ...once, token })).rejects.toMatchObject({ code: 'unauthorized', retryable: false });
      }
    });

    test('a token says whose goals they are', async () => {
      const acme = await connect(fixture.address, { token: 'secret-of-acme' });
      const other = await connect(fixture.address, { token: 'secret-of-other' });
      const { id } = await acme.submit({ goal: 'of acme' });
      expect((await acme.list()).items.map((goal) => goal.id)).toContain(id);
      await expect(other.get(id)).rejects.toMatchObject({ code: 'goal_unknown' });
      await Promise.all([acme.close(), other.close()]);
    });

    test('a tenant is bound to the peer while it has a stream open', async () => {
      const libp2p = await Libp2pPeer.dial(fixture.address);
      const first = await libp2p.opened('secret-of-acme');
      const second = await libp2p.opened('secret-of-acme');
      const stranger = await libp2p.open();
      expect((await stranger.call('connection.open', { version: 1, token: 'secret-of-other' })).error?.data.code).toBe('forbidden');
      await Promise.all([first.stream.close(), second.stream.close()]);
      await Promise.all([first.whenEnded(), second.whenEnded(), stranger.whenEnded()]);
      await until('the streams are gone', () => fixture.gateway.dispatcher.parts.counters.connections === 0);
      await libp2p.opened('secret-of-other');
      await libp2p.stop();
    });
  });

  describe('with a list of peers', () => {
    let fixture: QuicFixture;
    let service: Awaited<ReturnType<typeof createIdentity>>;
    beforeAll(async () => {
      service = await createIdentity();
      fixture = await startQuicFixture({ over, auth: { mode: 'token', tokens }, allowedPeers: [{ peer: service.peer, tenant: 'acme' }] });
    });
    afterAll(() => fixture.stop());

    test('an unknown peer is refused before any stream, even with a token', async () => {
      await expect(connect(fixture.address, { ...once, token: 'secret-of-acme' })).rejects.toMatchObject({ name: 'FlockworkError', code: 'connection_lost' });
      expect(fixture.gateway.dispatcher.parts.counters.refusedTotal.get('forbidden')).toBeGreaterThan(0);
      expect(fixture.gateway.dispatcher.parts.counters.connections).toBe(0);
    });

    test('a known one needs no token, and one of another tenant does not help it', async () => {
      const { identity } = service;
      expect((await createIdentity(identity)).peer).toBe(service.peer);
      const client = await connect(fixture.address, { identity });
      const { id } = await client.submit({ goal: 'of the service' });
      expect(fixture.host.goals.get(id)?.tenant).toBe('acme');
      await client.close();
      await expect(connect(fixture.address, { ...once, identity, token: 'secret-of-other' })).rejects.toMatchObject({ code: 'forbidden' });
      await expect(connect(fixture.address, { ...once, identity, token: 'wrong' })).rejects.toMatchObject({ code: 'unauthorized' });
    });
  });
});
