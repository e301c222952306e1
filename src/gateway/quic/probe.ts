import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { FlockworkError } from '../../../protocols/errors/error.ts';

/** Why the transport could not listen: it says so in words only, and binding the port again says it as a code. */
export async function listenFailure(host: string, port: number, cause: unknown): Promise<FlockworkError> {
  const code = await bindFailure(host, port);
  if (code === 'EADDRINUSE') {
    return new FlockworkError('port_in_use', `UDP port ${port} on ${host} is taken; choose another with --quic-port`, {
      cause,
      details: { host, port, flag: '--quic-port' },
    });
  }
  return new FlockworkError(
    'config_invalid',
    `cannot listen for QUIC on ${host}, UDP port ${port} (${code ?? 'the transport does not say why'}); choose another with --host or --quic-port`,
    {
      cause,
      details: { host, port },
    },
  );
}

function bindFailure(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4' });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.close();
      resolve(error.code);
    });
    socket.bind({ address: host, port, exclusive: true }, () => socket.close(() => resolve(undefined)));
  });
}
