import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { FlockworkError } from '../../protocols/errors/error.ts';
import type { RpcSink } from './connection.ts';
import type { EventBatch } from './event-batch.ts';
import { batchFrames, textFrame } from './websocket-frame.ts';

/** Close codes of RFC 6455, section 7.4.1, that we send. */
const closeCodes: Readonly<Record<string, number>> = { draining: 1001, frame_too_large: 1009, internal: 1011, too_many_requests: 1013 };
const policyViolation = 1008;
/** The reason of a close frame has at most this many bytes. */
const closeReasonBytesMax = 123;

/**
 * The way out to a WebSocket peer. Finished frames are gathered and leave in one write per turn of the event loop: the
 * system call is what a message costs. Control frames go through `ws`, which writes to the same socket.
 */
export class WebSocketSink implements RpcSink {
  readonly #webSocket: WebSocket;
  readonly #socket: Duplex;
  #frames: Uint8Array[] = [];
  #waitingBytes = 0;
  /** Shared by the watches and requests that wait for the peer. */
  #drained: Promise<void> | undefined;

  constructor(webSocket: WebSocket, socket: Duplex) {
    this.#webSocket = webSocket;
    this.#socket = socket;
  }

  get bufferedBytes(): number {
    return this.#waitingBytes + this.#socket.writableLength;
  }

  get closed(): boolean {
    return this.#webSocket.readyState !== this.#webSocket.OPEN;
  }

  send(text: string): void {
    this.#gather(textFrame(text));
  }

  sendBatch(batch: EventBatch): void {
    this.#gather(batch.form('websocket', batchFrames));
  }

  sendDelta(json: string): void {
    this.#gather(textFrame(`{"jsonrpc":"2.0","method":"goal.delta","params":${json}}`));
  }

  drained(): Promise<void> {
    this.#flush();
    if (this.closed || this.#socket.writableLength === 0) return Promise.resolve();
    this.#drained ??= new Promise((resolve) => {
      const done = (): void => {
        this.#drained = undefined;
        this.#socket.off('drain', done);
        this.#socket.off('close', done);
        resolve();
      };
      this.#socket.on('drain', done);
      this.#socket.on('close', done);
    });
    return this.#drained;
  }

  close(reason: FlockworkError): void {
    if (this.closed) return;
    this.#flush();
    const text = Buffer.from(`${reason.code}: ${reason.message}`)
      .subarray(0, closeReasonBytesMax)
      .toString('utf8')
      .replace(/\uFFFD+$/, '');
    this.#webSocket.close(closeCodes[reason.code] ?? policyViolation, text);
    // Who does not read will not read the close frame either.
    if (reason.code === 'slow_reader') this.#webSocket.terminate();
  }

  #gather(frame: Uint8Array): void {
    if (this.closed) return;
    if (this.#frames.length === 0) setImmediate(() => this.#flush());
    this.#frames.push(frame);
    this.#waitingBytes += frame.length;
  }

  #flush(): void {
    const frames = this.#frames;
    if (frames.length === 0) return;
    this.#frames = [];
    this.#waitingBytes = 0;
    if (this.closed || this.#socket.destroyed) return;
    const [first] = frames;
    this.#socket.write(frames.length === 1 && first !== undefined ? first : Buffer.concat(frames));
  }
}
