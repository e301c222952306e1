import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { connect as connectClient } from '../../src/client/index.ts';
import { NativePeer } from '../../test/integration/quic/native-peer.ts';

const datagramBytesMax = 1_400;
/** Datagrams after which the sender lets others run. */
const burst = 50;

/** Datagrams of garbage to a UDP port; every second one looks like the first of a connection. */
export async function sendGarbage(port: number, count: number): Promise<void> {
  const socket = createSocket('udp4');
  try {
    for (let sent = 0; sent < count; sent++) {
      const bytes = randomBytes(1 + ((sent * 7_919) % datagramBytesMax));
      if (sent % 2 === 0) bytes[0] = 0xc0 | (bytes[0] ?? 0);
      await new Promise<void>((resolve, reject) => socket.send(bytes, port, '127.0.0.1', (error) => (error === null ? resolve() : reject(error))));
      if (sent % burst === 0) await pause(1);
    }
  } finally {
    socket.close();
  }
}

const endMaxMs = 30_000;

export interface NeverOpened {
  /** Those that became a WebSocket. */
  readonly upgraded: number;
  /** Those that the node itself ended. */
  readonly ended: number;
}

/** WebSockets that never say `connection.open`, and never answer a close frame; resolves when the node has ended them all. */
export async function neverOpen(wsUrl: string, count: number): Promise<NeverOpened> {
  const { port, pathname } = new URL(wsUrl);
  const request = `GET ${pathname} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;
  const sockets: Socket[] = [];
  let upgraded = 0;
  let ended = 0;
  const allEnded = Promise.withResolvers<void>();
  for (let opened = 0; opened < count; opened++) {
    const socket = connect(Number(port), '127.0.0.1');
    // Half open: the node's end is heard, and not answered.
    socket.allowHalfOpen = true;
    sockets.push(socket);
    socket.once('data', (bytes: Buffer) => {
      if (bytes.toString('latin1').includes(' 101 ')) upgraded++;
    });
    socket.on('error', () => socket.destroy());
    let over = false;
    const onOver = (): void => {
      if (over) return;
      over = true;
      ended++;
      if (ended === count) allEnded.resolve();
    };
    socket.on('end', onOver);
    socket.on('close', onOver);
    socket.write(request);
    if (opened % burst === 0) await pause(5);
  }
  await Promise.race([allEnded.promise, pause(endMaxMs, undefined, { ref: false })]);
  const endedByNode = ended;
  for (const socket of sockets) socket.destroy();
  return { upgraded, ended: endedByNode };
}

/** The bytes of a stream that a peer takes and never reads. */
const windowBytes = 16_384;
/** Parts of the goal that is watched: its events come to several mebibytes. */
const parts = 300;
const partChars = 2_500;
const goalMaxMs = 60_000;

/** A goal that has ended, with more events than a peer that does not read may leave waiting. */
export async function loudGoal(ws: string): Promise<string> {
  const client = await connectClient(ws);
  try {
    const items = Array.from({ length: parts }, (_, at) => `Part ${at}: ${'bees dance, ants farm. '.repeat(Math.floor(partChars / 23))}`);
    const quota = { maxTokens: 100_000_000, maxToolCalls: 100_000 };
    const { id } = await client.submit({ goal: 'Say what each animal does', strategy: 'map-reduce', agents: 8, inputs: [{ kind: 'items', items }], quota });
    const deadline = performance.now() + goalMaxMs;
    while ((await client.get(id)).endedAt === undefined) {
      if (performance.now() > deadline) throw new Error(`goal ${id} did not end within ${goalMaxMs} ms`);
      await pause(100);
    }
    return id;
  } finally {
    await client.close();
  }
}

/** Streams of one QUIC connection that watch a goal and never read. Answers how to let go of them. */
export async function neverRead(quic: string, goalId: string, streams: number): Promise<() => void> {
  const port = Number(/\/udp\/(\d+)\//.exec(quic)?.[1]);
  const mute = await NativePeer.dial(port, windowBytes);
  const open = { method: 'connection.open', params: { version: 1 } };
  await Promise.all(Array.from({ length: streams }, () => mute.stream(open, { method: 'goal.watch', params: { goalId, after: '0' } })));
  return () => mute.stop();
}
