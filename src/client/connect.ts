import { FlockworkError } from '../../protocols/errors/error.ts';
import { createClient, type FlockworkClient } from './client.ts';
import { HttpTransport } from './http-transport.ts';
import { RpcTransport } from './rpc-transport.ts';
import { type ClientLimits, type ClientTransport, clientLimits } from './transport.ts';
import { dialWebSocket } from './websocket-wire.ts';

export interface ConnectOptions {
  /** Sent in `connection.open` or as a bearer token, never in an address. */
  readonly token?: string | undefined;
  /** For a multiaddr, a private key as `createIdentity` makes it: whom the node knows this client as. Absent: a new one each time. */
  readonly identity?: Uint8Array | undefined;
  readonly limits?: Partial<ClientLimits>;
}

/**
 * Connects to a node at `ws://host:port/v1/ws` or `http://host:port` (or `wss:`, `https:`), in Node.js also at a multiaddr: over QUIC
 * such as `/ip4/127.0.0.1/udp/4433/quic-v1/p2p/12D3Koo…`, or over TCP with noise and yamux, such as `/ip4/127.0.0.1/tcp/4433/p2p/12D3Koo…`.
 * Throws `usage` for another address, `no_node` when nobody answers there, `unauthorized`, `version_unsupported`, `quic_unavailable`,
 * `tcp_unavailable`.
 */
export async function connect(address: string, options: ConnectOptions = {}): Promise<FlockworkClient> {
  return createClient(await openTransport(address, options));
}

async function openTransport(address: string, { token, identity, limits: given }: ConnectOptions): Promise<ClientTransport> {
  const limits: ClientLimits = { ...clientLimits, ...given };
  const { connectMaxMs, sendBufferBytesMax } = limits;
  if (address.startsWith('/')) {
    const { dialLibp2p } = await loadLibp2p();
    return RpcTransport.open({ address, dial: await dialLibp2p({ address, identity, connectMaxMs, sendBufferBytesMax }), token, limits });
  }
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || url.username !== '' || url.password !== '' || url.search !== '') throw unusable(address);
  if (url.protocol === 'ws:' || url.protocol === 'wss:')
    return RpcTransport.open({ address: url.href, dial: dialWebSocket(url.href, connectMaxMs), token, limits });
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw unusable(address);
  const transport = new HttpTransport({ base: url.origin, token, limits });
  await transport.check();
  return transport;
}

/** libp2p is loaded only for those who use it. */
async function loadLibp2p(): Promise<typeof import('./quic/libp2p-wire.ts')> {
  try {
    return await import('./quic/libp2p-wire.ts');
  } catch (cause) {
    throw new FlockworkError('quic_unavailable', 'QUIC cannot be had here: libp2p does not load; connect over ws:// or http://', { cause });
  }
}

function unusable(address: string): FlockworkError {
  // What may hold a secret is not repeated.
  const shown = address
    .replace(/:\/\/[^/]*@/, '://…@')
    .replace(/\?.*$/, '?…')
    .slice(0, 128);
  return new FlockworkError(
    'usage',
    `'${shown}' is no address of a node; use ws://HOST:PORT/v1/ws, http://HOST:PORT or a multiaddr, and FLOCKWORK_TOKEN for the token`,
  );
}
