import { FlockworkError } from '../../protocols/errors/error.ts';
import { createClient, type FlockworkClient } from './client.ts';
import { HttpTransport } from './http-transport.ts';
import { type ClientLimits, type ClientTransport, clientLimits } from './transport.ts';
import { WebSocketTransport } from './websocket-transport.ts';

export interface ConnectOptions {
  /** Sent in `connection.open` or as a bearer token, never in an address. */
  readonly token?: string | undefined;
  readonly limits?: Partial<ClientLimits>;
}

/**
 * Connects to a node at `ws://host:port/v1/ws` or `http://host:port` (or `wss:`, `https:`).
 * Throws `usage` for another address, `no_node` when nobody answers there, `unauthorized`, `version_unsupported`.
 */
export async function connect(address: string, options: ConnectOptions = {}): Promise<FlockworkClient> {
  return createClient(await openTransport(address, options));
}

async function openTransport(address: string, { token, limits: given }: ConnectOptions): Promise<ClientTransport> {
  const limits: ClientLimits = { ...clientLimits, ...given };
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || url.username !== '' || url.password !== '' || url.search !== '') throw unusable(address);
  if (url.protocol === 'ws:' || url.protocol === 'wss:') return WebSocketTransport.open({ url: url.href, token, limits });
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw unusable(address);
  const transport = new HttpTransport({ base: url.origin, token, limits });
  await transport.check();
  return transport;
}

function unusable(address: string): FlockworkError {
  // What may hold a secret is not repeated.
  const shown = address
    .replace(/:\/\/[^/]*@/, '://…@')
    .replace(/\?.*$/, '?…')
    .slice(0, 128);
  return new FlockworkError('usage', `'${shown}' is no address of a node; use ws://HOST:PORT/v1/ws or http://HOST:PORT, and FLOCKWORK_TOKEN for the token`);
}
