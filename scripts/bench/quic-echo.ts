import { noise } from '@chainsafe/libp2p-noise';
import { quic } from '@chainsafe/libp2p-quic';
import { yamux } from '@chainsafe/libp2p-yamux';
import { tcp } from '@libp2p/tcp';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { WebSocket, WebSocketServer } from 'ws';
import { encodeFrame, FrameDecoder } from '../../protocols/wire/frame.ts';

/** The yardstick: the same libraries, frames and JSON, and nothing behind them. */

const protocol = '/echo/1.0.0';
const options = { connectionMonitor: { enabled: false } } as const;
const connectionsMax = 10_000;

interface Addresses {
  readonly quic: string;
  readonly tcp: string;
  readonly ws: string;
}

export async function startBareEcho(): Promise<Addresses> {
  const node = await createLibp2p({
    ...options,
    addresses: { listen: ['/ip4/127.0.0.1/udp/0/quic-v1', '/ip4/127.0.0.1/tcp/0'] },
    transports: [quic(), tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: { maxConnections: connectionsMax, inboundConnectionThreshold: connectionsMax, maxIncomingPendingConnections: connectionsMax },
  });
  await node.handle(protocol, (stream) => {
    const decoder = new FrameDecoder();
    stream.addEventListener('message', ({ data }) => {
      for (const chunk of data instanceof Uint8Array ? [data] : data)
        for (const body of decoder.push(chunk)) stream.send(encodeFrame({ id: (JSON.parse(Buffer.from(body).toString()) as { id: number }).id, result: {} }));
    });
    stream.addEventListener('remoteCloseWrite', () => void stream.close());
  });
  const webSockets = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  webSockets.on('connection', (socket) =>
    socket.on('message', (data) => socket.send(JSON.stringify({ id: (JSON.parse(String(data)) as { id: number }).id, result: {} }))),
  );
  await new Promise((listening) => webSockets.once('listening', listening));
  const address = webSockets.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const at = (part: string): string =>
    node
      .getMultiaddrs()
      .map(String)
      .find((one) => one.includes(part)) ?? '';
  return { quic: at('/quic-v1'), tcp: at('/tcp/'), ws: `ws://127.0.0.1:${port}` };
}

export interface EchoClient {
  /** One message there and back. */
  echo(message: object): Promise<void>;
  close(): Promise<void>;
}

export async function libp2pEcho(address: string): Promise<EchoClient> {
  const layers = address.includes('/quic-v1')
    ? { transports: [quic({ ipv6: false })] }
    : { transports: [tcp()], connectionEncrypters: [noise()], streamMuxers: [yamux()] };
  const node = await createLibp2p({ ...options, ...layers });
  const stream = await (await node.dial(multiaddr(address))).newStream(protocol);
  const decoder = new FrameDecoder();
  let answered = (): void => undefined;
  stream.addEventListener('message', ({ data }) => {
    for (const chunk of data instanceof Uint8Array ? [data] : data)
      for (const body of decoder.push(chunk)) {
        JSON.parse(Buffer.from(body).toString());
        answered();
      }
  });
  return {
    echo: (message) =>
      new Promise((resolve) => {
        answered = resolve;
        stream.send(encodeFrame(message));
      }),
    close: async () => {
      await node.stop();
    },
  };
}

export async function webSocketEcho(address: string): Promise<EchoClient> {
  const socket = new WebSocket(address, { perMessageDeflate: false });
  await new Promise((open) => socket.once('open', open));
  let answered = (): void => undefined;
  socket.on('message', (data) => {
    JSON.parse(String(data));
    answered();
  });
  return {
    echo: (message) =>
      new Promise((resolve) => {
        answered = resolve;
        socket.send(JSON.stringify(message));
      }),
    close: () => {
      socket.close();
      return Promise.resolve();
    },
  };
}
