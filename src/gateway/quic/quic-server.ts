import type { Dispatcher } from '../dispatcher.ts';
import { withAcceptors } from './acceptors.ts';
import { type Libp2pOptions, type Libp2pServer, mustKnowPeers, serveLibp2p } from './libp2p-server.ts';
import { type QuicLimits, quicLimits, refusalsMax } from './limits.ts';
import { loadQuic } from './load.ts';
import type { QuicPeers } from './quic-peers.ts';
import { overQuic } from './way.ts';

/**
 * Opens the QUIC port of a dispatcher; it accepts when the promise resolves. Throws `quic_unavailable`, `port_in_use`, `bind_refused` for
 * an address other than loopback without tokens and without allowed peers, `config_invalid` for an address or identity that cannot be used.
 */
export async function serveQuic(dispatcher: Dispatcher, options: Libp2pOptions, peers: QuicPeers): Promise<Libp2pServer> {
  mustKnowPeers(overQuic, options.host, dispatcher, peers);
  const limits: QuicLimits = { ...quicLimits, ...options.limits };
  const { createLibp2p, quic } = await loadQuic();
  const transport = quic({
    maxConcurrentStreamLimit: limits.streamsPerConnectionMax + refusalsMax,
    maxStreamData: limits.streamWindowBytes,
    maxConnectionData: limits.connectionWindowBytes,
    keepAliveInterval: limits.keepAliveMs,
    maxIdleTimeout: limits.idleMaxMs,
    handshakeTimeout: limits.noStreamMaxMs,
  });
  const layers = { transports: [withAcceptors(transport, limits.handshakesMax)] };
  return serveLibp2p(dispatcher, options, peers, { way: overQuic, createLibp2p, layers, limits });
}
