import type { FlockworkError } from '../../../protocols/errors/error.ts';
import type { RpcSink } from '../connection.ts';
import type { EventBatch } from '../event-batch.ts';
import { closeCodeOf, closeReason } from '../websocket-close.ts';
import type { UwsSocket } from './uws-module.ts';

/**
 * The way out to a WebSocket peer of the uws engine. Messages are gathered and leave in one write per turn of the event loop.
 * A socket that has closed must never be touched again, so it is forgotten first.
 */
export class UwsSink implements RpcSink {
  #socket: UwsSocket | undefined;
  #texts: string[] = [];
  #waitingBytes = 0;
  /** Shared by the watches and requests that wait for the peer. */
  #drained: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;

  constructor(socket: UwsSocket) {
    this.#socket = socket;
  }

  get bufferedBytes(): number {
    return this.#waitingBytes + (this.#socket?.getBufferedAmount() ?? 0);
  }

  get closed(): boolean {
    return this.#socket === undefined;
  }

  send(text: string): void {
    if (this.#socket === undefined) return;
    if (this.#texts.length === 0) setImmediate(() => this.#flush());
    this.#texts.push(text);
    this.#waitingBytes += text.length;
  }

  sendBatch(batch: EventBatch): void {
    for (const text of batch.notifications) this.send(text);
  }

  sendDelta(json: string): void {
    this.send(`{"jsonrpc":"2.0","method":"goal.delta","params":${json}}`);
  }

  drained(): Promise<void> {
    this.#flush();
    if (this.#socket === undefined || this.#socket.getBufferedAmount() === 0) return Promise.resolve();
    this.#drained ??= Promise.withResolvers<void>();
    return this.#drained.promise;
  }

  close(reason: FlockworkError): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#flush();
    this.forget();
    // Who does not read will not read the close frame either.
    if (reason.code === 'slow_reader') socket.close();
    else socket.end(closeCodeOf(reason), closeReason(reason));
  }

  /** For the engine to call when the peer has taken something. */
  onDrain(): void {
    if (this.#socket !== undefined && this.#socket.getBufferedAmount() > 0) return;
    this.#drained?.resolve();
    this.#drained = undefined;
  }

  /** The socket is gone. */
  forget(): void {
    this.#socket = undefined;
    this.#texts = [];
    this.#waitingBytes = 0;
    this.onDrain();
  }

  #flush(): void {
    const texts = this.#texts;
    const socket = this.#socket;
    if (socket === undefined || texts.length === 0) return;
    this.#texts = [];
    this.#waitingBytes = 0;
    socket.cork(() => {
      for (const text of texts) socket.send(text, false);
    });
  }
}
