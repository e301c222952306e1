import { lookup } from 'node:dns/promises';
import { isIPv6 } from 'node:net';
import { FlockworkError } from '../../../protocols/errors/error.ts';

/** The multiaddr to listen on. Throws `config_invalid` for a host name that names nothing. */
export async function listenAddress(host: string, port: number): Promise<string> {
  const name = host.replace(/^\[(.*)\]$/, '$1');
  let address: string;
  try {
    ({ address } = await lookup(name));
  } catch (cause) {
    throw new FlockworkError('config_invalid', `cannot listen for QUIC on ${host}: no address has that name; choose another with --host or quic.host`, {
      cause,
      details: { host },
    });
  }
  return `/${isIPv6(address) ? 'ip6' : 'ip4'}/${address}/udp/${port}/quic-v1`;
}

/** The host in a multiaddr such as `/ip4/127.0.0.1/udp/4433/quic-v1`. */
export function hostOf(multiaddr: string): string {
  return /^\/ip[46]\/([^/]+)/.exec(multiaddr)?.[1] ?? '';
}

/** The UDP port in a multiaddr. */
export function portOf(multiaddr: string): number {
  return Number(/\/udp\/(\d+)/.exec(multiaddr)?.[1] ?? 0);
}
