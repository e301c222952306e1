import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { FlockworkError } from '../../protocols/errors/error.ts';
import { createDispatcher, type Dispatcher, type DispatcherOptions } from './dispatcher.ts';
import type { GatewayHost } from './host.ts';
import { rawProblem } from './problem.ts';
import { webSocketPath } from './websocket-path.ts';

export interface PrivateEndpoint {
  readonly wsUrl: string;
  /** Lets those who are connected read the end, ends their connections and frees the port. */
  stop(): Promise<void>;
}

const loopback = '127.0.0.1';

/** How long those who are connected may take to read the end and to leave, ms. */
const farewellMs = 1_000;
const farewellPollMs = 10;

/**
 * A WebSocket on loopback for the user's other terminals, while this process works on a goal of its own: they see and steer what is there, and
 * bring nothing new. Whatever serves it is loaded by the first who connects, so that it costs a start next to nothing.
 */
export async function openPrivateEndpoint(options: DispatcherOptions): Promise<PrivateEndpoint> {
  const server = createServer((_request, response) => response.writeHead(404).end());
  let opening: Promise<{ readonly dispatcher: Dispatcher; readonly stop: () => Promise<void> }> | undefined;
  const serve = async () => {
    const { serveWebSocket } = await import('./websocket.ts');
    const dispatcher = createDispatcher({ ...options, host: withoutNewWork(options.host) });
    await dispatcher.start();
    server.off('upgrade', onFirst);
    return { dispatcher, stop: serveWebSocket({ server, dispatcher }) };
  };
  const onFirst = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.on('error', () => socket.destroy());
    opening ??= serve();
    opening.then(
      () => server.emit('upgrade', request, socket, head),
      (cause: unknown) => {
        options.onFault?.(cause, 'private endpoint');
        socket.end(rawProblem(new FlockworkError('internal', 'a defect in the node; its log has the cause', { cause })));
      },
    );
  };
  server.on('upgrade', onFirst);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, loopback, resolve);
  });
  server.unref();
  const { port } = server.address() as AddressInfo;
  return {
    wsUrl: `ws://${loopback}:${port}${webSocketPath}`,
    async stop() {
      const [opened] = await Promise.allSettled([opening]);
      if (opened?.status === 'fulfilled' && opened.value !== undefined) {
        const { dispatcher } = opened.value;
        const deadline = performance.now() + farewellMs;
        while (dispatcher.parts.counters.connections > 0 && performance.now() < deadline) await setTimeout(farewellPollMs);
        await dispatcher.stop();
        await opened.value.stop();
      }
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

/** This process ends with its own goal, and would leave any other behind. */
function withoutNewWork(host: GatewayHost): GatewayHost {
  const refuse = (): Promise<never> =>
    Promise.reject(
      new FlockworkError(
        'data_dir_locked',
        'a flockwork run works on this data folder until its goal has ended, and takes no other; wait for it, use another --data-dir, or run a node that takes many with flockwork start',
      ),
    );
  return { ...host, submit: refuse, resume: refuse };
}
