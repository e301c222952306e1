import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import { FlockworkError } from '../../../protocols/errors/error.ts';

/** Where to dial. */
export interface Libp2pTarget {
  readonly address: Multiaddr;
  readonly transport: 'quic' | 'tcp';
  readonly ipv6: boolean;
  /** A name that has to be looked up first. */
  readonly name: string | undefined;
}

/** A peer id in base 58, or as a CID; whether it is one is seen when the node proves it. */
const peerForm = /^[1-9A-HJ-NP-Za-km-z]{46,64}$/;

/** By what follows the host, without the peer. */
const transports: Readonly<Record<string, Libp2pTarget['transport']>> = { 'udp/quic-v1': 'quic', tcp: 'tcp' };

/** Reads `/ip4/…/udp/…/quic-v1[/p2p/…]` or `/ip4/…/tcp/…[/p2p/…]`, or the same with `ip6`, `dns`, `dns4`, `dns6`. Throws `usage`. */
export function readTarget(text: string): Libp2pTarget {
  let address: Multiaddr;
  try {
    address = multiaddr(text);
  } catch (cause) {
    throw unusable(text, cause);
  }
  const [host, ...rest] = address.getComponents();
  const peer = rest.at(-1);
  if (peer?.name === 'p2p' && !peerForm.test(peer.value ?? '')) throw unusable(text);
  const form = (peer?.name === 'p2p' ? rest.slice(0, -1) : rest).map(({ name }) => name).join('/');
  const transport = transports[form];
  if (host === undefined || transport === undefined || !['ip4', 'ip6', 'dns', 'dns4', 'dns6'].includes(host.name)) throw unusable(text);
  return { address, transport, ipv6: host.name === 'ip6' || host.name === 'dns6', name: host.name.startsWith('dns') ? host.value : undefined };
}

/** The address with its name looked up. */
export async function resolveTarget({ address, ipv6, name }: Libp2pTarget): Promise<Multiaddr> {
  if (name === undefined) return address;
  const { lookup } = await import('node:dns/promises');
  const found = await lookup(name, { family: ipv6 ? 6 : 4 });
  return multiaddr(address.toString().replace(/^\/dns[46]?\/[^/]+/, `/${ipv6 ? 'ip6' : 'ip4'}/${found.address}`));
}

function unusable(text: string, cause?: unknown): FlockworkError {
  return new FlockworkError(
    'usage',
    `'${text.slice(0, 128)}' is no address of a node; use /ip4/ADDRESS/udp/PORT/quic-v1/p2p/PEER or /ip4/ADDRESS/tcp/PORT/p2p/PEER, as flockwork start prints it`,
    cause === undefined ? {} : { cause },
  );
}
