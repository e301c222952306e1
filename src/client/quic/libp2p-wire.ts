import { privateKeyFromProtobuf } from '@libp2p/crypto/keys';
import { createLibp2p, type Libp2pOptions } from 'libp2p';
import { FlockworkError } from '../../../protocols/errors/error.ts';
import { encodeFrame, FrameDecoder, streamProtocol } from '../../../protocols/wire/frame.ts';
import type { Dial, Wire, WireListener } from '../wire.ts';
import { quicLayers } from './quic-layers.ts';
import { type Libp2pTarget, readTarget, resolveTarget } from './target.ts';
import { tcpLayers } from './tcp-layers.ts';

/** How long the last bytes may take to leave, ms. */
const closeMaxMs = 500;

export interface Libp2pDialOptions {
  /** `/ip4/…/udp/…/quic-v1` or `/ip4/…/tcp/…`, best with `/p2p/…`: then the node must prove that it is that peer. */
  readonly address: string;
  /** A private key as `createIdentity` makes it; absent: a new one for this client. */
  readonly identity?: Uint8Array | undefined;
  readonly connectMaxMs: number;
  /** Bytes waiting to be sent above which the connection is given up. */
  readonly sendBufferBytesMax: number;
}

/** A transport, and what it needs beside itself. */
export type Libp2pLayers = Pick<Libp2pOptions, 'transports' | 'connectionEncrypters' | 'streamMuxers'>;

type Node = Awaited<ReturnType<typeof createLibp2p>>;
type Stream = ReturnType<Node['getConnections']>[number]['streams'][number];

/** Frames over one long stream. Throws `usage` for an address or key that is none, `quic_unavailable`, `tcp_unavailable`. */
export async function dialLibp2p(options: Libp2pDialOptions): Promise<Dial> {
  const target = readTarget(options.address);
  const key = options.identity === undefined ? undefined : readKey(options.identity);
  const layers = await (target.transport === 'quic' ? quicLayers(target, options.connectMaxMs) : tcpLayers());
  return async (listener) => {
    // A node of its own for every connection: what is left of a broken one cannot hurt the next.
    const node = await createLibp2p({
      ...(key === undefined ? {} : { privateKey: key }),
      ...layers,
      connectionManager: { dialTimeout: options.connectMaxMs, addressDialTimeout: options.connectMaxMs, reconnectRetries: 0 },
      connectionMonitor: { enabled: false },
    });
    try {
      const stream = await openStream(node, target, options);
      stream.maxWriteBufferLength = options.sendBufferBytesMax;
      return wireOf(node, stream, listener);
    } catch (error) {
      await node.stop();
      throw error;
    }
  };
}

async function openStream(node: Node, target: Libp2pTarget, { address, connectMaxMs }: Libp2pDialOptions): Promise<Stream> {
  const signal = AbortSignal.timeout(connectMaxMs);
  let connection: ReturnType<Node['getConnections']>[number];
  try {
    connection = await node.dial(await resolveTarget(target), { signal });
  } catch (cause) {
    const why = signal.aborted ? `no connection within ${connectMaxMs} ms` : messageOf(cause);
    throw new FlockworkError('no_node', `no node answered at ${address} (${why}); is it running, and is the address right?`, { cause, details: { address } });
  }
  try {
    return await connection.newStream(streamProtocol, { signal });
  } catch (cause) {
    const peer = node.peerId.toString();
    throw new FlockworkError(
      'connection_lost',
      `the node at ${address} ended the connection before a stream was open; where it has quic.allowedPeers, ${peer} must be one of them`,
      { cause, details: { address, peer } },
    );
  }
}

function wireOf(node: Node, stream: Stream, listener: WireListener): Wire {
  const decoder = new FrameDecoder();
  const utf8 = new TextDecoder('utf-8', { fatal: true });
  let ending: Promise<void> | undefined;
  const end = (): Promise<void> => (ending ??= endAll(node, stream));
  const lost = (why: string): void => {
    if (ending !== undefined) return;
    void end();
    listener.onClose(why);
  };
  stream.addEventListener('message', ({ data }) => {
    if (ending !== undefined) return;
    try {
      for (const chunk of data instanceof Uint8Array ? [data] : data) for (const body of decoder.push(chunk)) listener.onText(utf8.decode(body));
    } catch (error) {
      lost(`the node sent what is no message: ${messageOf(error)}`);
    }
  });
  // A reset looks like an end from here; what counts is whether a frame was cut.
  stream.addEventListener('remoteCloseWrite', () => lost(decoder.pending ? 'the connection ended in the middle of a frame' : 'the node ended the connection'));
  stream.addEventListener('close', () => lost('the connection broke'));
  return {
    get open() {
      return ending === undefined && stream.status === 'open' && stream.remoteWriteStatus === 'writable';
    },
    send(message) {
      stream.send(encodeFrame(message));
    },
    close: end,
  };
}

async function endAll(node: Node, stream: Stream): Promise<void> {
  // What is lost here was lost before: the connection is over either way.
  await Promise.allSettled([stream.close({ signal: AbortSignal.timeout(closeMaxMs) })]);
  await Promise.allSettled([node.stop()]);
}

function readKey(identity: Uint8Array): ReturnType<typeof privateKeyFromProtobuf> {
  try {
    return privateKeyFromProtobuf(identity);
  } catch (cause) {
    throw new FlockworkError('usage', 'the identity is no private key of libp2p; make one with createIdentity', { cause });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error && error.message !== '' ? error.message : 'no reason given';
}
