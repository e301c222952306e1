import { FlockworkError } from '../../../protocols/errors/error.ts';
import type { Libp2pLayers } from './libp2p-wire.ts';
import { idleMaxMs, keepAliveMs, windowBytes } from './limits.ts';
import type { Libp2pTarget } from './target.ts';

/** QUIC encrypts and carries streams by itself. Throws `quic_unavailable` where its native module does not load. */
export async function quicLayers({ ipv6 }: Libp2pTarget, connectMaxMs: number): Promise<Libp2pLayers> {
  let modules: typeof import('@chainsafe/libp2p-quic');
  try {
    modules = await import('@chainsafe/libp2p-quic');
  } catch (cause) {
    throw new FlockworkError('quic_unavailable', 'QUIC cannot be had here: its native module does not load; connect over ws:// or http://', { cause });
  }
  const transport = modules.quic({
    ipv4: !ipv6,
    ipv6,
    maxStreamData: windowBytes,
    maxConnectionData: windowBytes,
    keepAliveInterval: keepAliveMs,
    maxIdleTimeout: idleMaxMs,
    handshakeTimeout: connectMaxMs,
  });
  return { transports: [transport] };
}
