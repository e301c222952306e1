import { FlockworkError } from '../../../protocols/errors/error.ts';
import { streamProtocol } from '../../../protocols/wire/frame.ts';
import { isLoopbackHost } from '../auth.ts';
import type { Dispatcher } from '../dispatcher.ts';
import { withAcceptors } from './acceptors.ts';
import { hostOf, listenAddress, portOf } from './address.ts';
import { loadIdentity } from './identity.ts';
import { type QuicLimits, quicLimits, refusalsMax } from './limits.ts';
import { loadQuic } from './load.ts';
import { listenFailure } from './probe.ts';
import { QuicConnections } from './quic-connections.ts';
import { type AllowedPeer, QuicPeers } from './quic-peers.ts';
import type { Libp2pNode } from './quic-stream.ts';

export interface QuicOptions {
  /** An address or name of this machine. */
  readonly host: string;
  /** UDP; 0 takes any free port. */
  readonly port: number;
  /** Where the node keeps the key that is its peer id; made when it is not there. */
  readonly identityFile: string;
  /** Peers that may connect, without a token; empty: everyone may, and `connection.open` decides. */
  readonly allowedPeers?: readonly AllowedPeer[];
  readonly limits?: Partial<QuicLimits>;
}

export interface QuicServer {
  /** What clients dial, with the peer id that they will meet. */
  readonly address: string;
  readonly peerId: string;
  /** Ends all streams and connections and frees the port. */
  stop(): Promise<void>;
}

/**
 * Opens the QUIC port of a dispatcher; it accepts when the promise resolves. Throws `quic_unavailable`, `port_in_use`, `bind_refused` for
 * an address other than loopback without tokens and without allowed peers, `config_invalid` for an address or identity that cannot be used.
 */
export async function serveQuic(dispatcher: Dispatcher, options: QuicOptions): Promise<QuicServer> {
  const { authorizer, counters } = dispatcher.parts;
  const { host, port, identityFile, allowedPeers = [] } = options;
  const limits: QuicLimits = { ...quicLimits, ...options.limits };
  if (authorizer.mode !== 'token' && allowedPeers.length === 0 && !isLoopbackHost(host)) {
    throw new FlockworkError(
      'bind_refused',
      `QUIC on ${host} is reachable from other machines, and nobody would have to say who they are; configure auth.mode = "token" or quic.allowedPeers first, or use 127.0.0.1`,
      { details: { host, mode: authorizer.mode } },
    );
  }
  const listen = await listenAddress(host, port);
  const { createLibp2p, quic } = await loadQuic();
  const peers = new QuicPeers(allowedPeers, authorizer);
  const spare = refusalsMax;
  let node: Libp2pNode;
  const privateKey = await loadIdentity(identityFile);
  const transport = quic({
    maxConcurrentStreamLimit: limits.streamsPerConnectionMax + spare,
    maxStreamData: limits.streamWindowBytes,
    maxConnectionData: limits.connectionWindowBytes,
    keepAliveInterval: limits.keepAliveMs,
    maxIdleTimeout: limits.idleMaxMs,
    handshakeTimeout: limits.noStreamMaxMs,
  });
  try {
    node = await createLibp2p({
      privateKey,
      addresses: { listen: [listen] },
      transports: [withAcceptors(transport, limits.handshakesMax)],
      connectionManager: {
        maxConnections: limits.connectionsMax + spare,
        maxIncomingPendingConnections: limits.handshakesMax,
        inboundConnectionThreshold: limits.connectionsPerSecondMax,
        inboundUpgradeTimeout: limits.noStreamMaxMs,
        inboundStreamProtocolNegotiationTimeout: limits.noStreamMaxMs,
      },
      // Its pings are a protocol that clients do not speak; QUIC looks by itself whether the peer lives.
      connectionMonitor: { enabled: false },
      connectionGater: {
        denyInboundEncryptedConnection: (peer) => {
          const denied = !peers.admits(peer.toString());
          if (denied) counters.refused('forbidden');
          return denied;
        },
      },
    });
  } catch (cause) {
    throw await listenFailure(hostOf(listen), port, cause);
  }
  const connections = new QuicConnections(node, dispatcher, peers, limits);
  await node.handle(streamProtocol, (stream, connection) => connections.accept(stream, connection), {
    maxInboundStreams: limits.streamsPerConnectionMax + spare,
  });
  const peerId = node.peerId.toString();
  const [bound] = node.getMultiaddrs().map((address) => portOf(address.toString()));
  return {
    address: `${await listenAddress(hostOf(listen), bound ?? port)}/p2p/${peerId}`,
    peerId,
    async stop() {
      await connections.end();
      await node.stop();
    },
  };
}
