import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import { FlockworkError } from '../../protocols/errors/error.ts';
import { frameBytesMax } from '../../protocols/wire/frame.ts';
import { rpcFailure } from '../../protocols/wire/rpc.ts';
import { bearerToken } from './auth.ts';
import { hideDefect } from './connection.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { GatewayInspector, Listener } from './inspector.ts';
import { InspectorSocket, inspectPath, type PageSlots } from './inspector-socket.ts';
import { rawProblem } from './problem.ts';
import type { Sockets } from './sockets.ts';
import { webSocketPath } from './websocket-path.ts';
import { WebSocketSink } from './websocket-sink.ts';

/** How long a peer has to answer a close frame before its socket is cut, ms. */
const closeAnswerMaxMs = 1_000;

/** How long peers have to answer the close frame when the node stops, ms. */
export const closeMaxMs = 500;

export interface WebSocketOptions {
  readonly server: Server;
  readonly dispatcher: Dispatcher;
  /** Those of the server; absent: they are not bounded by themselves. */
  readonly sockets?: Sockets;
  /** Whose feed stands at `/v1/inspect`. */
  readonly inspector?: GatewayInspector;
}

/** JSON-RPC over WebSocket on the HTTP port: one message per text frame. Answers how to stop, once the connections were told to end. */
export function serveWebSocket({ server, dispatcher, sockets, inspector }: WebSocketOptions): () => Promise<void> {
  const { authorizer, limits, counters } = dispatcher.parts;
  const options: ServerOptions & { readonly closeTimeout: number } = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: frameBytesMax,
    // Invalid UTF-8 is answered as invalid_json instead of ending the connection.
    skipUTF8Validation: true,
    closeTimeout: closeAnswerMaxMs,
  };
  const webSockets = new WebSocketServer(options);
  const alive = new Map<WebSocket, boolean>();
  const slots: PageSlots = { open: 0 };
  const pages = new Set<InspectorSocket>();
  let onEmpty = (): void => undefined;

  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.on('error', () => socket.destroy());
    try {
      const path = (request.url ?? '').split('?', 1)[0];
      const feed = path === inspectPath ? inspector : undefined;
      if (path !== webSocketPath && feed === undefined)
        throw new FlockworkError('not_found', `there is no WebSocket at ${String(path).slice(0, 128)}; use ${webSocketPath}`);
      authorizer.checkBrowser({ host: request.headers.host, origin: request.headers.origin });
      if (sockets?.isSurplus(socket) === true) {
        counters.refused('too_many_requests');
        throw new FlockworkError('too_many_requests', `the node has ${limits.connectionsMax} connections (connectionsMax); try again later`, {
          details: { bound: 'connectionsMax', max: limits.connectionsMax },
        });
      }
      const listener = feed === undefined ? undefined : listenerOf(request);
      webSockets.handleUpgrade(request, socket, head, (webSocket) =>
        feed === undefined ? accept(webSocket, socket, request) : acceptPage(feed, webSocket, socket, listener),
      );
    } catch (error) {
      socket.end(rawProblem(hideDefect(error)));
    }
  };

  /** `?form=stately[&root=GOAL]` asks for the messages of an XState inspector. Throws `unauthorized`, `invalid_request`. */
  const listenerOf = (request: IncomingMessage): Listener | undefined => {
    const query = new URLSearchParams((request.url ?? '').split('?', 2)[1] ?? '');
    if (query.get('form') === null) return undefined;
    if (query.get('form') !== 'stately')
      throw new FlockworkError('invalid_request', `the feed has no form '${query.get('form')?.slice(0, 64)}'; leave it out, or say stately`);
    try {
      return { tenant: authorizer.tenantOf(bearerToken(request.headers.authorization)), root: query.get('root') ?? undefined };
    } catch (error) {
      counters.refused('unauthorized');
      throw error;
    }
  };

  const accept = (webSocket: WebSocket, socket: Duplex, request: IncomingMessage): void => {
    const sink = new WebSocketSink(webSocket, socket);
    const peer = { transport: 'websocket', address: `${request.socket.remoteAddress ?? 'unknown'}:${request.socket.remotePort ?? 0}` };
    const seat = sockets?.seatOf(socket);
    let connection: ReturnType<Dispatcher['connect']>;
    try {
      connection = dispatcher.connect(sink, peer, () => seat?.settle());
      seat?.evictBy(() => connection.evict());
    } catch (error) {
      sink.send(JSON.stringify(rpcFailure(null, error)));
      sink.close(hideDefect(error));
      return;
    }
    alive.set(webSocket, true);
    webSocket.on('message', (data, isBinary) => {
      alive.set(webSocket, true);
      if (isBinary || !Buffer.isBuffer(data)) {
        connection.reject(new FlockworkError('invalid_request', 'messages are JSON in text frames; this one was binary'));
        return;
      }
      const ready = connection.receive(data);
      if (ready === undefined) return;
      webSocket.pause();
      void ready.then(() => webSocket.resume());
    });
    attend(webSocket, () => connection.close());
  };

  const acceptPage = (from: GatewayInspector, webSocket: WebSocket, socket: Duplex, listener?: Listener): void => {
    const sink = new WebSocketSink(webSocket, socket);
    let page: InspectorSocket;
    try {
      page = new InspectorSocket(dispatcher.parts, from, sink, slots, listener);
    } catch (error) {
      const { code, message, retryable } = hideDefect(error);
      sink.send(JSON.stringify({ type: 'failed', code, message, retryable }));
      sink.close(hideDefect(error));
      return;
    }
    // Bounded by itself, and closed when it does not open.
    sockets?.seatOf(socket)?.settle();
    alive.set(webSocket, true);
    pages.add(page);
    webSocket.on('message', (data, isBinary) => {
      alive.set(webSocket, true);
      if (isBinary || !Buffer.isBuffer(data)) page.end(new FlockworkError('invalid_request', 'messages are JSON in text frames; this one was binary'));
      else page.receive(data);
    });
    attend(webSocket, () => {
      pages.delete(page);
      page.close();
    });
  };

  const attend = (webSocket: WebSocket, onClose: () => void): void => {
    webSocket.on('pong', () => alive.set(webSocket, true));
    // Broken frames and frames above the bound: ws closes with 1002, 1007 or 1009 by itself.
    webSocket.on('error', (error) =>
      counters.refused('code' in error && error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' ? 'frame_too_large' : 'websocket_protocol'),
    );
    webSocket.on('close', () => {
      alive.delete(webSocket);
      if (alive.size === 0) onEmpty();
      onClose();
    });
  };

  /** A peer that answered nothing since the last ping is gone, though its socket does not know it yet. */
  const pingTimer = setInterval(() => {
    for (const [webSocket, answered] of alive) {
      if (!answered) {
        counters.refused('connection_lost');
        webSocket.terminate();
      } else if (webSocket.readyState === webSocket.OPEN) {
        alive.set(webSocket, false);
        webSocket.ping();
      }
    }
  }, limits.pingMs);
  pingTimer.unref();

  server.on('upgrade', onUpgrade);
  return async () => {
    clearInterval(pingTimer);
    server.off('upgrade', onUpgrade);
    for (const page of pages) page.end(new FlockworkError('draining', 'the node is shutting down; connect again in a moment'));
    if (alive.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, closeMaxMs);
        onEmpty = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    for (const webSocket of alive.keys()) webSocket.terminate();
    webSockets.close();
  };
}
