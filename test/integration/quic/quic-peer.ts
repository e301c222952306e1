import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { tcp } from '@libp2p/tcp';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p, type Libp2pOptions } from 'libp2p';
import { encodeFrame, FrameDecoder, streamProtocol } from '../../../protocols/wire/frame.ts';
import { until } from '../gateway/fixture.ts';
import type { Message } from '../gateway/rpc-peer.ts';

type Node = Awaited<ReturnType<typeof createLibp2p>>;
type Connection = Awaited<ReturnType<Node['dial']>>;
type Stream = Awaited<ReturnType<Connection['newStream']>>;

/** One stream to a node: sends the bytes that it is told, keeps what it hears in order. */
export class QuicPeer {
  readonly messages: Message[] = [];
  readonly stream: Stream;
  /** How the node ended its side: in the middle of a frame or not. */
  ended: 'clean' | 'truncated' | undefined;
  #lastId = 0;

  constructor(stream: Stream) {
    this.stream = stream;
    const decoder = new FrameDecoder();
    stream.addEventListener('message', ({ data }) => {
      for (const chunk of data instanceof Uint8Array ? [data] : data)
        for (const body of decoder.push(chunk)) this.messages.push(JSON.parse(Buffer.from(body).toString('utf8')) as Message);
    });
    const end = (): void => {
      this.ended ??= decoder.pending ? 'truncated' : 'clean';
    };
    stream.addEventListener('remoteCloseWrite', end);
    stream.addEventListener('close', end);
  }

  bytes(bytes: Uint8Array): void {
    this.stream.send(bytes);
  }

  request(method: string, params?: Record<string, unknown>): number {
    const id = ++this.#lastId;
    this.stream.send(encodeFrame({ jsonrpc: '2.0', id, method, ...(params === undefined ? {} : { params }) }));
    return id;
  }

  async call(method: string, params?: Record<string, unknown>): Promise<Message> {
    return this.answer(this.request(method, params));
  }

  async answer(id: unknown): Promise<Message> {
    const find = (): Message | undefined => this.messages.find((message) => message.method === undefined && message.id === id);
    await until(`request ${String(id)} is answered`, () => this.ended !== undefined || find() !== undefined);
    const found = find();
    if (found === undefined) throw new Error(`the stream ended (${this.ended ?? ''}) without an answer to ${String(id)}`);
    return found;
  }

  notifications(method: string): Record<string, unknown>[] {
    return this.messages.filter((message) => message.method === method).map((message) => message.params ?? {});
  }

  /** The error that the node told about the stream as a whole. */
  parting(): NonNullable<Message['error']> | undefined {
    return this.messages.find(({ id, error }) => id === null && error !== undefined)?.error;
  }

  async whenEnded(): Promise<void> {
    await until('the node ended the stream', () => this.ended !== undefined);
  }
}

/** Not before a test runs: where the native module is missing, the suites say so. */
async function layersFor(address: string): Promise<Pick<Libp2pOptions, 'transports' | 'connectionEncrypters' | 'streamMuxers'>> {
  if (!address.includes('/quic-v1')) return { transports: [tcp()], connectionEncrypters: [noise()], streamMuxers: [yamux()] };
  const { quic } = await import('@chainsafe/libp2p-quic');
  return { transports: [quic({ ipv6: false })] };
}

/** A libp2p peer that is no client of ours. */
export class Libp2pPeer {
  readonly node: Node;
  readonly connection: Connection;

  private constructor(node: Node, connection: Connection) {
    this.node = node;
    this.connection = connection;
  }

  static async dial(address: string): Promise<Libp2pPeer> {
    const node = await createLibp2p({
      ...(await layersFor(address)),
      connectionMonitor: { enabled: false },
      connectionManager: { reconnectRetries: 0 },
    });
    return new Libp2pPeer(node, await node.dial(multiaddr(address)));
  }

  async open(protocol = streamProtocol): Promise<QuicPeer> {
    return new QuicPeer(await this.connection.newStream(protocol, { maxOutboundStreams: 1_000, signal: AbortSignal.timeout(10_000) }));
  }

  /** A stream that is open in the sense of the protocol. */
  async opened(token?: string): Promise<QuicPeer> {
    const peer = await this.open();
    const answer = await peer.call('connection.open', { version: 1, ...(token === undefined ? {} : { token }) });
    if (answer.error !== undefined) throw new Error(answer.error.message);
    return peer;
  }

  async stop(): Promise<void> {
    await this.node.stop();
  }
}
