import { FlockworkError } from '../../../protocols/errors/error.ts';

/** The part of the API of uWebSockets.js 20 that is used here; the package is an optional peer, so its own types are not there to import. */
export interface UwsModule {
  App(): UwsApp;
  us_listen_socket_close(socket: object): void;
  us_socket_local_port(socket: object): number;
}

export interface UwsApp {
  ws(pattern: string, behavior: UwsBehavior): UwsApp;
  any(pattern: string, handler: (response: UwsResponse, request: UwsRequest) => void): UwsApp;
  /** Called with 1 for each socket that opens, and with -1 for each that closes without having become a WebSocket. */
  filter(onSocket: (response: UwsResponse, count: number) => void): UwsApp;
  listen(host: string, port: number, options: number, onListen: (socket: object | false) => void): UwsApp;
  /** Closes all sockets, the listening one too. */
  close(): UwsApp;
}

export interface UwsBehavior {
  readonly maxPayloadLength: number;
  readonly idleTimeout: number;
  readonly maxBackpressure: number;
  readonly sendPingsAutomatically: boolean;
  readonly upgrade: (response: UwsResponse, request: UwsRequest, context: object) => void;
  readonly open: (socket: UwsSocket) => void;
  /** The bytes are gone when the handler returns. */
  readonly message: (socket: UwsSocket, message: ArrayBuffer, isBinary: boolean) => void;
  readonly drain: (socket: UwsSocket) => void;
  readonly pong: (socket: UwsSocket) => void;
  /** The socket may not be touched from here on. */
  readonly close: (socket: UwsSocket, code: number) => void;
}

export interface UwsSocket {
  send(message: string, isBinary: boolean): number;
  getBufferedAmount(): number;
  /** Sends a close frame; calls the close handler at once. */
  end(code: number, reason: string): void;
  /** Sends nothing; calls the close handler at once. */
  close(): void;
  ping(): number;
  /** What is sent in the callback leaves in one write. */
  cork(send: () => void): void;
  getRemoteAddressAsText(): ArrayBuffer;
}

export interface UwsResponse {
  writeStatus(status: string): UwsResponse;
  writeHeader(name: string, value: string): UwsResponse;
  end(body: string, closeConnection: boolean): UwsResponse;
  close(): UwsResponse;
  upgrade(userData: object, key: string, protocol: string, extensions: string, context: object): void;
}

export interface UwsRequest {
  /** Empty where there is none. */
  getHeader(lowerCaseName: string): string;
  getUrl(): string;
  getMethod(): string;
}

/** `ListenOptions.LIBUS_LISTEN_EXCLUSIVE_PORT`: without it a second node would share the port in silence. */
export const exclusivePort = 1;

const packageName: string = 'uWebSockets.js';

/** Throws `websocket_engine_unavailable` where the package is not installed, or has no binary for this machine. */
export async function loadUws(): Promise<UwsModule> {
  let imported: unknown;
  try {
    imported = await import(packageName);
  } catch (cause) {
    throw unavailable(cause instanceof Error ? cause.message : String(cause), cause);
  }
  const module = typeof imported === 'object' && imported !== null && 'default' in imported ? imported.default : imported;
  if (isUws(module)) return module;
  throw unavailable('it is another package of that name', undefined);
}

function isUws(value: unknown): value is UwsModule {
  return typeof value === 'object' && value !== null && 'App' in value && 'us_listen_socket_close' in value && 'us_socket_local_port' in value;
}

function unavailable(why: string, cause: unknown): FlockworkError {
  const [first = ''] = why.split(/\.\s|\n/, 1);
  return new FlockworkError(
    'websocket_engine_unavailable',
    `the WebSocket engine uws cannot be had on ${process.platform}-${process.arch}: ${packageName} does not load (${first}); install it, or set websocket.engine = "ws"`,
    { ...(cause === undefined ? {} : { cause }), details: { platform: process.platform, arch: process.arch, package: packageName } },
  );
}
