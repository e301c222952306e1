import { FlockworkError } from '../../../protocols/errors/error.ts';
import { frameBytesMax } from '../../../protocols/wire/frame.ts';
import { rpcFailure } from '../../../protocols/wire/rpc.ts';
import { hideDefect } from '../connection.ts';
import type { Dispatcher } from '../dispatcher.ts';
import { problemHeaders, problemOf } from '../problem.ts';
import { refusalsMax, type UwsLimits, uwsLimits } from './uws-limits.ts';
import { exclusivePort, loadUws, type UwsApp, type UwsModule, type UwsRequest, type UwsResponse, type UwsSocket } from './uws-module.ts';
import { listenFailure } from './uws-probe.ts';
import { UwsSession } from './uws-session.ts';
import { UwsSink } from './uws-sink.ts';

export interface UwsOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly path: string;
  readonly limits?: Partial<UwsLimits>;
}

export interface UwsServer {
  readonly port: number;
  /** Ends all connections and frees the port. To be called when the dispatcher has told its peers. */
  stop(): Promise<void>;
}

/** uWebSockets.js counts silence in seconds, and takes no fewer and no more than these. */
const idleSecondsMin = 8;
const idleSecondsMax = 960;
/** Silence, in pings, after which the engine itself gives a socket up; it is what ends one that was closed and never read its close frame. */
const idlePings = 3;

/**
 * JSON-RPC over WebSocket on a port of its own, for uWebSockets.js cannot share one with Node's HTTP server: one message per text frame.
 * Throws `websocket_engine_unavailable`, `port_in_use`, `config_invalid` for an address that this machine does not have.
 */
export async function serveUws(dispatcher: Dispatcher, options: UwsOptions): Promise<UwsServer> {
  const uws = await loadUws();
  const { authorizer, limits, counters } = dispatcher.parts;
  const { heldBytesMax } = { ...uwsLimits, ...options.limits };
  const sessions = new Map<UwsSocket, UwsSession>();
  /** Those who have answered since the last ping. */
  const answered = new Set<UwsSocket>();
  /** Sockets that are no WebSocket, or not yet: the engine tells of their end, and of no end of one that was upgraded. */
  let plainSockets = 0;

  /** Far above the bound nobody is told why any more. */
  const onSocket = (response: UwsResponse, count: number): void => {
    plainSockets += count;
    if (count < 0 || plainSockets + sessions.size <= limits.connectionsMax + refusalsMax) return;
    counters.refused('connection_dropped');
    response.close();
  };

  const onUpgrade = (response: UwsResponse, request: UwsRequest, context: object): void => {
    try {
      authorizer.checkBrowser({ host: headerOf(request, 'host'), origin: headerOf(request, 'origin') });
      const { connectionsMax } = limits;
      const crowded = plainSockets + sessions.size > connectionsMax;
      if (crowded ? !dispatcher.makeRoom() : !dispatcher.hasRoom) {
        counters.refused('too_many_requests');
        throw new FlockworkError('too_many_requests', `the node has ${connectionsMax} connections (connectionsMax); try again later`, {
          details: { bound: 'connectionsMax', max: connectionsMax },
        });
      }
      const [key, protocol, extensions] = ['key', 'protocol', 'extensions'].map((name) => request.getHeader(`sec-websocket-${name}`));
      plainSockets--;
      response.upgrade({}, key ?? '', protocol ?? '', extensions ?? '', context);
    } catch (error) {
      answerProblem(response, error);
    }
  };

  const onOpen = (socket: UwsSocket): void => {
    const sink = new UwsSink(socket);
    const address = Buffer.from(socket.getRemoteAddressAsText()).toString('latin1');
    try {
      const connection = dispatcher.connect(sink, { transport: 'websocket', address });
      sessions.set(socket, new UwsSession({ sink, connection, heldBytesMax, refused: (code) => counters.refused(code) }));
      answered.add(socket);
    } catch (error) {
      sink.send(JSON.stringify(rpcFailure(null, hideDefect(error))));
      sink.close(hideDefect(error));
    }
  };

  const app = uws
    .App()
    .filter(onSocket)
    .ws(options.path, {
      maxPayloadLength: frameBytesMax,
      idleTimeout: Math.min(idleSecondsMax, Math.max(idleSecondsMin, Math.ceil((idlePings * limits.pingMs) / 1_000))),
      // Nothing is dropped in silence: the dispatcher bounds what waits for a peer.
      maxBackpressure: 0,
      sendPingsAutomatically: false,
      upgrade: onUpgrade,
      open: onOpen,
      message: (socket, message, isBinary) => {
        answered.add(socket);
        const session = sessions.get(socket);
        if (isBinary) session?.reject(new FlockworkError('invalid_request', 'messages are JSON in text frames; this one was binary'));
        else session?.receive(new Uint8Array(message));
      },
      drain: (socket) => sessions.get(socket)?.sink.onDrain(),
      pong: (socket) => void answered.add(socket),
      close: (socket) => {
        const session = sessions.get(socket);
        sessions.delete(socket);
        answered.delete(socket);
        session?.close();
      },
    })
    .any('/*', (response, request) => {
      answerProblem(response, new FlockworkError('not_found', `this port speaks WebSocket at ${options.path} only, not ${request.getUrl().slice(0, 128)}`));
    });

  /** A peer that answered nothing since the last ping is gone, though its socket does not know it yet. */
  const pingTimer = setInterval(() => {
    for (const socket of sessions.keys()) {
      if (answered.delete(socket)) socket.ping();
      else {
        counters.refused('connection_lost');
        socket.close();
      }
    }
  }, limits.pingMs);
  pingTimer.unref();

  let port: number;
  try {
    port = await listen(uws, app, options);
  } catch (error) {
    clearInterval(pingTimer);
    app.close();
    throw error;
  }
  return {
    port,
    async stop() {
      clearInterval(pingTimer);
      // Close frames that the dispatcher has just asked for leave in this turn.
      await new Promise((resolve) => setImmediate(resolve));
      app.close();
    },
  };
}

function listen(uws: UwsModule, app: UwsApp, { host, port }: UwsOptions): Promise<number> {
  const name = host.replace(/^\[(.*)\]$/, '$1');
  return new Promise((resolve, reject) => {
    app.listen(name, port, exclusivePort, (socket) => {
      if (socket === false) listenFailure(name, port).then(reject, reject);
      else resolve(uws.us_socket_local_port(socket));
    });
  });
}

function headerOf(request: UwsRequest, name: string): string | undefined {
  const value = request.getHeader(name);
  return value === '' ? undefined : value;
}

function answerProblem(response: UwsResponse, error: unknown): void {
  const problem = problemOf(hideDefect(error));
  response.writeStatus(`${problem.status} ${problem.code}`);
  for (const [name, value] of Object.entries(problemHeaders(problem))) response.writeHeader(name, String(value));
  response.end(JSON.stringify(problem), true);
}
