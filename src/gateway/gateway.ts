import type { Bus } from '../../actors/ports/bus.ts';
import { FlockworkError } from '../../protocols/errors/error.ts';
import { createAuthorizer, type GatewayAuth, isLoopbackHost } from './auth.ts';
import { createDispatcher, type Dispatcher } from './dispatcher.ts';
import type { GatewayHost } from './host.ts';
import { createHttp, type HttpApp } from './http.ts';
import { type GatewayLimits, gatewayLimits } from './limits.ts';
import type { LocalTransport } from './local.ts';
import { serveWebSocket, webSocketPath } from './websocket.ts';

export interface GatewayOptions {
  readonly host: GatewayHost;
  readonly bus: Pick<Bus, 'journal' | 'blobs' | 'pubsub'>;
  readonly auth: GatewayAuth;
  /** `httpPort` 0 takes any free port. */
  readonly bind: { readonly host: string; readonly httpPort: number };
  readonly limits?: Partial<GatewayLimits>;
  /** Gets failures whose cause no client may see, and where they happened; for the log. */
  readonly onFault?: (error: unknown, where: string) => void;
}

export interface Gateway {
  readonly httpUrl: string;
  readonly wsUrl: string;
  readonly port: number;
  /** For further transports, such as QUIC. */
  readonly dispatcher: Dispatcher;
  /** A transport for `createClient` that stays in this process. */
  connectLocal(tenant: string): LocalTransport;
  /** Ends all connections and frees the port. */
  stop(): Promise<void>;
}

/**
 * Opens the port; it accepts when the promise resolves. Throws `bind_refused` for an address other than loopback without
 * tokens, `port_in_use`, `config_invalid` for an address that this machine does not have.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { host, bus, auth, bind, onFault } = options;
  if (auth.mode !== 'token' && !isLoopbackHost(bind.host)) {
    throw new FlockworkError(
      'bind_refused',
      `--host ${bind.host} is reachable from other machines, and auth.mode is "${auth.mode}"; configure auth.mode = "token" with a token first, or use --host 127.0.0.1`,
      {
        details: { host: bind.host, mode: auth.mode },
      },
    );
  }
  const limits: GatewayLimits = { ...gatewayLimits, ...options.limits };
  const dispatcher = createDispatcher({ host, bus, authorizer: createAuthorizer(auth), limits, ...(onFault === undefined ? {} : { onFault }) });
  const { app, refused } = await createHttp(dispatcher.parts);
  const stopWebSocket = serveWebSocket({ server: app.server, dispatcher, refused });
  const stop = async (): Promise<void> => {
    await dispatcher.stop();
    await stopWebSocket();
    await app.close();
  };
  try {
    await dispatcher.start();
    await listen(app, bind);
  } catch (error) {
    await stop();
    throw error;
  }
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : bind.httpPort;
  const authority = `${bind.host.includes(':') && !bind.host.startsWith('[') ? `[${bind.host}]` : bind.host}:${port}`;
  return {
    httpUrl: `http://${authority}`,
    wsUrl: `ws://${authority}${webSocketPath}`,
    port,
    dispatcher,
    connectLocal: (tenant) => dispatcher.local(tenant),
    stop,
  };
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
