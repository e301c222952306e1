import { FlockworkError } from '../../../protocols/errors/error.ts';
import type { Libp2pLayers } from './libp2p-wire.ts';
import { idleMaxMs, keepAliveMs, windowBytes } from './limits.ts';

/** Packages that are not installed with Flockwork: QUIC needs none of them. */
const packages = ['@libp2p/tcp', '@chainsafe/libp2p-noise', '@chainsafe/libp2p-yamux'];

/** TCP, encrypted by noise, with the streams of yamux. Throws `tcp_unavailable` where one of the optional packages is missing. */
export async function tcpLayers(): Promise<Libp2pLayers> {
  try {
    const [{ tcp }, { noise }, { yamux }] = await Promise.all([import('@libp2p/tcp'), import('@chainsafe/libp2p-noise'), import('@chainsafe/libp2p-yamux')]);
    return {
      transports: [tcp({ outboundSocketInactivityTimeout: idleMaxMs })],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux({ keepAliveInterval: keepAliveMs, streamOptions: { maxStreamWindowSize: windowBytes } })],
    };
  } catch (cause) {
    throw new FlockworkError('tcp_unavailable', `libp2p over TCP needs packages that are not installed; run: npm install ${packages.join(' ')}`, {
      cause,
      details: { packages },
    });
  }
}
