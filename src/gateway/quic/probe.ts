import { createSocket } from 'node:dgram';
import { createServer, isIPv6 } from 'node:net';
import { FlockworkError } from '../../../protocols/errors/error.ts';
import type { Way } from './way.ts';

/** Why the transport could not listen: it says so in words only, and binding the port again says it as a code. */
export async function listenFailure({ name, portKind, portFlag }: Way, host: string, port: number, cause: unknown): Promise<FlockworkError> {
  const code = await (portKind === 'UDP' ? udpFailure(host, port) : tcpFailure(host, port));
  if (code === 'EADDRINUSE') {
    return new FlockworkError('port_in_use', `${portKind} port ${port} on ${host} is taken; choose another with ${portFlag}`, {
      cause,
      details: { host, port, flag: portFlag },
    });
  }
  return new FlockworkError(
    'config_invalid',
    `cannot listen for ${name} on ${host}, ${portKind} port ${port} (${code ?? 'the transport does not say why'}); choose another with --host or ${portFlag}`,
    {
      cause,
      details: { host, port },
    },
  );
}

function udpFailure(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4' });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.close();
      resolve(error.code);
    });
    socket.bind({ address: host, port, exclusive: true }, () => socket.close(() => resolve(undefined)));
  });
}

function tcpFailure(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
