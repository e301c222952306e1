import { createServer } from 'node:net';
import { FlockworkError } from '../../../protocols/errors/error.ts';

/** Why the engine could not listen: it does not say so, and binding the port again does. */
export async function listenFailure(host: string, port: number): Promise<FlockworkError> {
  const code = await bindFailure(host, port);
  if (code === 'EADDRINUSE') {
    return new FlockworkError('port_in_use', `port ${port} on ${host} is taken; choose another with websocket.port`, {
      details: { host, port, key: 'websocket.port' },
    });
  }
  return new FlockworkError(
    'config_invalid',
    `cannot listen for WebSocket on ${host}, port ${port} (${code ?? 'the engine does not say why'}); choose another with websocket.port`,
    { details: { host, port } },
  );
}

function bindFailure(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
