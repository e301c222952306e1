import type { Dispatcher } from '../dispatcher.ts';
import { type Libp2pOptions, type Libp2pServer, mustKnowPeers, serveLibp2p } from './libp2p-server.ts';
import { type QuicLimits, quicLimits, refusalsMax } from './limits.ts';
import { loadTcp } from './load.ts';
import type { QuicPeers } from './quic-peers.ts';
import { overTcp } from './way.ts';

/**
 * Opens a TCP port for the same streams, for peers that UDP does not reach: noise encrypts, yamux carries the streams. Throws
 * `tcp_unavailable` where their packages are not installed, and otherwise what `serveQuic` throws.
 */
export async function serveTcp(dispatcher: Dispatcher, options: Libp2pOptions, peers: QuicPeers): Promise<Libp2pServer> {
  mustKnowPeers(overTcp, options.host, dispatcher, peers);
  const limits: QuicLimits = { ...quicLimits, ...options.limits };
  const { createLibp2p, tcp, noise, yamux } = await loadTcp();
  const layers = {
    transports: [
      tcp({
        // Whoever lives answers the pings of yamux meanwhile.
        inboundSocketInactivityTimeout: limits.idleMaxMs,
        maxConnections: limits.connectionsMax + limits.handshakesMax + refusalsMax,
      }),
    ],
    connectionEncrypters: [noise()],
    streamMuxers: [
      yamux({
        keepAliveInterval: limits.keepAliveMs,
        maxInboundStreams: limits.streamsPerConnectionMax + refusalsMax,
        streamOptions: { maxStreamWindowSize: limits.streamWindowBytes },
      }),
    ],
  };
  return serveLibp2p(dispatcher, options, peers, { way: overTcp, createLibp2p, layers, limits });
}
