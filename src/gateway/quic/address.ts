import { lookup } from 'node:dns/promises';
import { isIPv6 } from 'node:net';
import { FlockworkError } from '../../../protocols/errors/error.ts';
import type { Way } from './way.ts';

/** The multiaddr to listen on. Throws `config_invalid` for a host name that names nothing. */
export async function listenAddress(way: Way, host: string, port: number): Promise<string> {
  const name = host.replace(/^\[(.*)\]$/, '$1');
  let address: string;
  try {
    ({ address } = await lookup(name));
  } catch (cause) {
    throw new FlockworkError(
      'config_invalid',
      `cannot listen for ${way.name} on ${host}: no address has that name; choose another with --host or ${way.hostKey}`,
      { cause, details: { host } },
    );
  }
  return `/${isIPv6(address) ? 'ip6' : 'ip4'}/${address}${way.multiaddr(port)}`;
}

/** The host in a multiaddr such as `/ip4/127.0.0.1/udp/4433/quic-v1`. */
export function hostOf(multiaddr: string): string {
  return /^\/ip[46]\/([^/]+)/.exec(multiaddr)?.[1] ?? '';
}

/** The UDP or TCP port in a multiaddr. */
export function portOf(multiaddr: string): number {
  return Number(/\/(?:udp|tcp)\/(\d+)/.exec(multiaddr)?.[1] ?? 0);
}
