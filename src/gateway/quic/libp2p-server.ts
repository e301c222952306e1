import type { Libp2pOptions as Libp2pInit } from 'libp2p';
import { FlockworkError } from '../../../protocols/errors/error.ts';
import { streamProtocol } from '../../../protocols/wire/frame.ts';
import { isLoopbackHost } from '../auth.ts';
import type { Dispatcher } from '../dispatcher.ts';
import { hostOf, listenAddress, portOf } from './address.ts';
import { loadIdentity } from './identity.ts';
import { type QuicLimits, refusalsMax } from './limits.ts';
import { listenFailure } from './probe.ts';
import { QuicConnections } from './quic-connections.ts';
import type { QuicPeers } from './quic-peers.ts';
import type { Libp2pNode } from './quic-stream.ts';
import type { Way } from './way.ts';

export interface Libp2pOptions {
  /** An address or name of this machine. */
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Where the node keeps the key that is its peer id; made when it is not there. */
  readonly identityFile: string;
  readonly limits?: Partial<QuicLimits>;
}

export interface Libp2pServer {
  /** What clients dial, with the peer id that they will meet. */
  readonly address: string;
  readonly peerId: string;
  /** Ends all streams and connections and frees the port. */
  stop(): Promise<void>;
}

/** One transport of libp2p, ready to listen. */
export interface Libp2pParts {
  readonly way: Way;
  readonly createLibp2p: typeof import('libp2p')['createLibp2p'];
  /** Transports, and what they need beside themselves. */
  readonly layers: Pick<Libp2pInit, 'transports' | 'connectionEncrypters' | 'streamMuxers'>;
  readonly limits: QuicLimits;
}

/** Throws `bind_refused` for an address other than loopback where nobody would have to say who they are. */
export function mustKnowPeers({ name }: Way, host: string, dispatcher: Dispatcher, peers: QuicPeers): void {
  const { mode } = dispatcher.parts.authorizer;
  if (mode === 'token' || peers.listed || isLoopbackHost(host)) return;
  throw new FlockworkError(
    'bind_refused',
    `${name} on ${host} is reachable from other machines, and nobody would have to say who they are; configure auth.mode = "token" or quic.allowedPeers first, or use 127.0.0.1`,
    { details: { host, mode } },
  );
}

/** Opens the port of one transport; it accepts when the promise resolves. Throws `port_in_use`, `config_invalid` for an address or identity that cannot be used. */
export async function serveLibp2p(dispatcher: Dispatcher, options: Libp2pOptions, peers: QuicPeers, parts: Libp2pParts): Promise<Libp2pServer> {
  const { host, port, identityFile } = options;
  const { way, createLibp2p, layers, limits } = parts;
  const listen = await listenAddress(way, host, port);
  const privateKey = await loadIdentity(identityFile);
  let node: Libp2pNode;
  try {
    node = await createLibp2p({
      privateKey,
      addresses: { listen: [listen] },
      ...layers,
      connectionManager: {
        maxConnections: limits.connectionsMax + refusalsMax,
        maxIncomingPendingConnections: limits.handshakesMax,
        inboundConnectionThreshold: limits.connectionsPerSecondMax,
        inboundUpgradeTimeout: limits.noStreamMaxMs,
        inboundStreamProtocolNegotiationTimeout: limits.noStreamMaxMs,
      },
      // Its pings are a protocol that clients do not speak; the transport looks by itself whether the peer lives.
      connectionMonitor: { enabled: false },
      connectionGater: {
        denyInboundEncryptedConnection: (peer) => {
          const denied = !peers.admits(peer.toString());
          if (denied) dispatcher.parts.counters.refused('forbidden');
          return denied;
        },
      },
    });
  } catch (cause) {
    throw await listenFailure(way, hostOf(listen), port, cause);
  }
  const connections = new QuicConnections(node, { dispatcher, peers, limits, way });
  await node.handle(streamProtocol, (stream, connection) => connections.accept(stream, connection), {
    maxInboundStreams: limits.streamsPerConnectionMax + refusalsMax,
  });
  const peerId = node.peerId.toString();
  const [bound] = node.getMultiaddrs().map((address) => portOf(address.toString()));
  return {
    address: `${await listenAddress(way, hostOf(listen), bound ?? port)}/p2p/${peerId}`,
    peerId,
    async stop() {
      await connections.end();
      await node.stop();
    },
  };
}
