import { FlockworkError } from '../../protocols/errors/error.ts';
import type { Dial } from './wire.ts';

/** One message per text frame. */
export function dialWebSocket(url: string, connectMaxMs: number): Dial {
  return async (listener) => {
    const socket = new WebSocket(url);
    await whenOpen(socket, url, connectMaxMs);
    socket.addEventListener('message', ({ data }) => {
      if (typeof data === 'string') listener.onText(data);
    });
    socket.addEventListener('close', ({ code, reason }) => listener.onClose(`the node closed the connection (${code}${reason === '' ? '' : `, ${reason}`})`));
    return {
      get open() {
        return socket.readyState === socket.OPEN;
      },
      send: (message) => socket.send(JSON.stringify(message)),
      close: () => {
        socket.close();
        return Promise.resolve();
      },
    };
  };
}

function whenOpen(socket: WebSocket, url: string, connectMaxMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      clearTimeout(timer);
      reject(new FlockworkError('no_node', `no node answered at ${url} (${why}); is it running, and is the address right?`, { details: { url } }));
    };
    const timer = setTimeout(() => {
      fail(`no connection within ${connectMaxMs} ms`);
      socket.close();
    }, connectMaxMs);
    socket.addEventListener('open', () => {
      clearTimeout(timer);
      resolve();
    });
    socket.addEventListener('error', (event) =>
      fail('message' in event && typeof event.message === 'string' && event.message !== '' ? event.message : 'the connection was refused'),
    );
  });
}
