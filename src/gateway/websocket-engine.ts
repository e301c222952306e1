import { FlockworkError } from '../../protocols/errors/error.ts';
import type { Dispatcher } from './dispatcher.ts';
import { webSocketPath } from './websocket-path.ts';
import type { UwsLimits } from './websocket-uws/uws-limits.ts';
import type { UwsServer } from './websocket-uws/uws-server.ts';

/** What carries WebSockets beside `ws`, which serves `/v1/ws` on the HTTP port whatever is said here. */
export interface WebSocketEngineOptions {
  /** `uws`: uWebSockets.js on a port of its own, or the gateway does not start. `auto`: the same where it is installed. `ws`: nothing more. */
  readonly engine: 'auto' | 'uws' | 'ws';
  /** The port of uws; 0 takes any free one. */
  readonly port: number;
  readonly limits?: Partial<UwsLimits>;
}

/** What a node can do without where nobody asked for it. */
const dispensable: ReadonlySet<string> = new Set(['websocket_engine_unavailable', 'port_in_use', 'config_invalid']);

/** Opens the port of the second engine; undefined where `ws` is the only one. Throws what `serveUws` throws when uws was asked for by name. */
export async function openSecondEngine(
  dispatcher: Dispatcher,
  { engine, port, limits }: WebSocketEngineOptions,
  host: string,
  onNote: (line: string) => void = () => undefined,
): Promise<UwsServer | undefined> {
  if (engine === 'ws') return undefined;
  const { serveUws } = await import('./websocket-uws/uws-server.ts');
  try {
    const server = await serveUws(dispatcher, { host, port, path: webSocketPath, ...(limits === undefined ? {} : { limits }) });
    onNote(`WebSocket: uWebSockets.js on port ${server.port}, beside ws on the HTTP port`);
    return server;
  } catch (error) {
    if (engine === 'uws' || !(error instanceof FlockworkError) || !dispensable.has(error.code)) throw error;
    // That it is not installed is the usual case, and no news.
    if (error.code !== 'websocket_engine_unavailable') onNote(`the WebSocket engine uws is off: ${error.message}`);
    return undefined;
  }
}
