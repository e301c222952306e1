import type { Bus } from '../../actors/ports/bus.ts';
import { FlockworkError } from '../../protocols/errors/error.ts';
import { createAuthorizer, type GatewayAuth, isLoopbackHost } from './auth.ts';
import { createDispatcher, type Dispatcher } from './dispatcher.ts';
import type { GatewayHost } from './host.ts';
import { createHttp, type HttpApp } from './http.ts';
import type { GatewayInspector } from './inspector.ts';
import { completeLimits, type GatewayLimits } from './limits.ts';
import type { LocalTransport } from './local.ts';
import type { Libp2pOptions, Libp2pServer } from './quic/libp2p-server.ts';
import { type AllowedPeer, QuicPeers } from './quic/quic-peers.ts';
import { serveWebSocket } from './websocket.ts';
import { openSecondEngine, type WebSocketEngineOptions } from './websocket-engine.ts';
import { webSocketPath } from './websocket-path.ts';
import type { UwsServer } from './websocket-uws/uws-server.ts';

export interface GatewayOptions {
  readonly host: GatewayHost;
  readonly bus: Pick<Bus, 'journal' | 'blobs' | 'pubsub'>;
  readonly auth: GatewayAuth;
  /** `httpPort` 0 takes any free port. */
  readonly bind: { readonly host: string; readonly httpPort: number };
  /** Opens a QUIC port too. One that is not `required` and cannot be had is told in a note, and the rest runs. */
  readonly quic?: Libp2pOptions & { readonly required: boolean };
  /** Opens a TCP port for the same streams too, with libp2p's noise and yamux. */
  readonly tcp?: Libp2pOptions;
  /** Peers that may connect over QUIC and TCP, without a token; empty: everyone may, and `connection.open` decides. */
  readonly allowedPeers?: readonly AllowedPeer[];
  /** Opens a port of a second WebSocket engine; without it there is `ws` on the HTTP port only. */
  readonly webSocket?: WebSocketEngineOptions;
  /** The page at `/` and its feed; without it `/` says where the routes are described. */
  readonly inspector?: GatewayInspector;
  /** A bound that is a getter is asked for each time that it counts. */
  readonly limits?: Partial<GatewayLimits>;
  /** Something an operator should know, one line. */
  readonly onNote?: (line: string) => void;
  /** Gets failures whose cause no client may see, and where they happened; for the log. */
  readonly onFault?: (error: unknown, where: string) => void;
}

export interface Gateway {
  readonly httpUrl: string;
  /** Where clients should open their WebSockets: the port of the second engine where there is one. The HTTP port serves them too. */
  readonly wsUrl: string;
  readonly port: number;
  /** The multiaddr of the QUIC port, when there is one. */
  readonly quicAddress: string | undefined;
  /** The multiaddr of the TCP port for libp2p, when there is one. */
  readonly tcpAddress: string | undefined;
  /** For further transports. */
  readonly dispatcher: Dispatcher;
  /** A transport for `createClient` that stays in this process. */
  connectLocal(tenant: string): LocalTransport;
  /** Ends all connections and frees the port. */
  stop(): Promise<void>;
}

/**
 * Opens the ports; they accept when the promise resolves. Throws `bind_refused` for an address other than loopback without
 * tokens, `port_in_use`, `config_invalid` for an address that this machine does not have, for a required QUIC port `quic_unavailable`,
 * for a TCP port of libp2p `tcp_unavailable`, and for the WebSocket engine uws, where it was asked for by name, `websocket_engine_unavailable`.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { host, bus, auth, bind, inspector, onFault } = options;
  if (auth.mode !== 'token' && !isLoopbackHost(bind.host)) {
    throw new FlockworkError(
      'bind_refused',
      `--host ${bind.host} is reachable from other machines, and auth.mode is "${auth.mode}"; configure auth.mode = "token" with a token first, or use --host 127.0.0.1`,
      {
        details: { host: bind.host, mode: auth.mode },
      },
    );
  }
  const limits = completeLimits(options.limits);
  const authorizer = createAuthorizer(auth);
  const peers = new QuicPeers(options.allowedPeers ?? [], authorizer);
  const dispatcher = createDispatcher({ host, bus, authorizer, limits, ...(onFault === undefined ? {} : { onFault }) });
  const { app, sockets } = await createHttp(dispatcher.parts, inspector);
  const stopWebSocket = serveWebSocket({ server: app.server, dispatcher, sockets, ...(inspector === undefined ? {} : { inspector }) });
  let quic: Libp2pServer | undefined;
  let tcp: Libp2pServer | undefined;
  let uws: UwsServer | undefined;
  const stop = async (): Promise<void> => {
    await dispatcher.stop();
    await Promise.all([stopWebSocket(), uws?.stop(), quic?.stop(), tcp?.stop()]);
    await app.close();
  };
  try {
    await dispatcher.start();
    await listen(app, bind);
    if (options.webSocket !== undefined) uws = await openSecondEngine(dispatcher, options.webSocket, bind.host, options.onNote);
    quic = await openQuic(dispatcher, options, peers);
    tcp = await openTcp(dispatcher, options, peers);
  } catch (error) {
    await stop();
    throw error;
  }
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : bind.httpPort;
  const name = bind.host.includes(':') && !bind.host.startsWith('[') ? `[${bind.host}]` : bind.host;
  return {
    httpUrl: `http://${name}:${port}`,
    wsUrl: `ws://${name}:${uws?.port ?? port}${webSocketPath}`,
    port,
    quicAddress: quic?.address,
    tcpAddress: tcp?.address,
    dispatcher,
    connectLocal: (tenant) => dispatcher.local(tenant),
    stop,
  };
}

/** What a node can do without where nobody asked for it. */
const dispensable: ReadonlySet<string> = new Set(['quic_unavailable', 'port_in_use', 'config_invalid']);

async function openQuic(dispatcher: Dispatcher, { quic, onNote }: GatewayOptions, peers: QuicPeers): Promise<Libp2pServer | undefined> {
  if (quic === undefined) return undefined;
  // Loaded here: libp2p is most of what a node loads.
  const { serveQuic } = await import('./quic/quic-server.ts');
  try {
    return await serveQuic(dispatcher, quic, peers);
  } catch (error) {
    if (quic.required || !(error instanceof FlockworkError) || !dispensable.has(error.code)) throw error;
    onNote?.(`QUIC is off: ${error.message}`);
    return undefined;
  }
}

async function openTcp(dispatcher: Dispatcher, { tcp }: GatewayOptions, peers: QuicPeers): Promise<Libp2pServer | undefined> {
  if (tcp === undefined) return undefined;
  const { serveTcp } = await import('./quic/tcp-server.ts');
  return serveTcp(dispatcher, tcp, peers);
}

async function listen(app: HttpApp, { host, httpPort }: GatewayOptions['bind']): Promise<void> {
  try {
    await app.listen({ host: host.replace(/^\[(.*)\]$/, '$1'), port: httpPort });
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'EADDRINUSE') {
      throw new FlockworkError('port_in_use', `port ${httpPort} on ${host} is taken; choose another with --http-port`, {
        cause,
        details: { host, httpPort, flag: '--http-port' },
      });
    }
    if (code === 'EADDRNOTAVAIL' || code === 'EACCES' || code === 'ENOTFOUND') {
      throw new FlockworkError('config_invalid', `cannot listen on ${host}, port ${httpPort} (${code}); choose another with --host or --http-port`, {
        cause,
        details: { host, httpPort },
      });
    }
    throw cause;
  }
}
