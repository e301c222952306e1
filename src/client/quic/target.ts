import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import { FlockworkError } from '../../../protocols/errors/error.ts';

/** Where to dial. */
export interface QuicTarget {
  readonly address: Multiaddr;
  readonly ipv6: boolean;
  /** A name that has to be looked up first. */
  readonly name: string | undefined;
}

/** A peer id in base 58, or as a CID; whether it is one is seen when the node proves it. */
const peerForm = /^[1-9A-HJ-NP-Za-km-z]{46,64}$/;

/** Reads `/ip4/…/udp/…/quic-v1[/p2p/…]`, or the same with `ip6`, `dns`, `dns4`, `dns6`. Throws `usage`. */
export function readTarget(text: string): QuicTarget {
  let address: Multiaddr;
  try {
    address = multiaddr(text);
  } catch (cause) {
    throw unusable(text, cause);
  }
  const [host, ...rest] = address.getComponents();
  const peer = rest.at(-1);
  if (peer?.name === 'p2p' && !peerForm.test(peer.value ?? '')) throw unusable(text);
  const form = rest.map(({ name }) => name).join('/');
  if (host === undefined || !['ip4', 'ip6', 'dns', 'dns4', 'dns6'].includes(host.name) || !['udp/quic-v1', 'udp/quic-v1/p2p'].includes(form))
    throw unusable(text);
  return { address, ipv6: host.name === 'ip6' || host.name === 'dns6', name: host.name.startsWith('dns') ? host.value : undefined };
}

/** The address with its name looked up. */
export async function resolveTarget({ address, ipv6, name }: QuicTarget): Promise<Multiaddr> {
  if (name === undefined) return address;
  const { lookup } = await import('node:dns/promises');
  const found = await lookup(name, { family: ipv6 ? 6 : 4 });
  return multiaddr(address.toString().replace(/^\/dns[46]?\/[^/]+/, `/${ipv6 ? 'ip6' : 'ip4'}/${found.address}`));
}

function unusable(text: string, cause?: unknown): FlockworkError {
  return new FlockworkError(
    'usage',
    `'${text.slice(0, 128)}' is no address of a QUIC node; use /ip4/ADDRESS/udp/PORT/quic-v1/p2p/PEER, as flockwork start prints it`,
    cause === undefined ? {} : { cause },
  );
}
