import { generateKeyPair, privateKeyToProtobuf } from '@libp2p/crypto/keys';
import { encodeFrame, streamProtocol } from '../../../protocols/wire/frame.ts';

interface NativeStream {
  write(bytes: Uint8Array): Promise<void>;
  read(bytesMax: number): Promise<Uint8Array | null>;
}
interface NativeConnection {
  outboundStream(): Promise<NativeStream>;
  abort(): void;
}
interface NativeClient {
  outboundConnection(host: string, port: number): Promise<NativeConnection>;
  abort(): void;
}
interface Native {
  readonly QuinnConfig: new (config: Record<string, unknown>) => object;
  readonly Client: new (config: object, family: number) => NativeClient;
}

const selectBytes = (name: string): Buffer => Buffer.concat([Buffer.from([name.length + 1]), Buffer.from(`${name}\n`)]);

/** A peer under libp2p: it reads a stream only when it is told to, which no stream of libp2p can be made to do. */
export class NativePeer {
  readonly #client: NativeClient;
  readonly #connection: NativeConnection;
  /** A stream that nobody holds is finished by the garbage collector. */
  readonly #streams: NativeStream[] = [];

  private constructor(client: NativeClient, connection: NativeConnection) {
    this.#client = client;
    this.#connection = connection;
  }

  static async dial(port: number, windowBytes: number): Promise<NativePeer> {
    // Not among the exports of the package.
    const file = new URL('../../../node_modules/@chainsafe/libp2p-quic/dist/src/napi.js', import.meta.url);
    const native = (await import(file.href)) as Native;
    const config = new native.QuinnConfig({
      privateKeyProto: privateKeyToProtobuf(await generateKeyPair('Ed25519')),
      handshakeTimeout: 5_000,
      maxIdleTimeout: 10_000,
      keepAliveInterval: 2_000,
      maxConcurrentStreamLimit: 256,
      maxStreamData: windowBytes,
      maxConnectionData: windowBytes * 256,
      receiveBufferSize: 500_000,
      sendBufferSize: 500_000,
    });
    const client = new native.Client(config, 0);
    return new NativePeer(client, await client.outboundConnection('127.0.0.1', port));
  }

  /** A stream on which these requests were sent; nothing of it is read. */
  async stream(...requests: readonly { readonly method: string; readonly params: Record<string, unknown> }[]): Promise<void> {
    const stream = await this.#connection.outboundStream();
    this.#streams.push(stream);
    const frames = requests.map(({ method, params }, index) => encodeFrame({ jsonrpc: '2.0', id: index + 1, method, params }));
    await stream.write(Buffer.concat([selectBytes('/multistream/1.0.0'), selectBytes(streamProtocol), ...frames]));
  }

  stop(): void {
    this.#connection.abort();
    this.#client.abort();
  }
}
