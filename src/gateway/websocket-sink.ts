import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { FlockworkError } from '../../protocols/errors/error.ts';
import type { RpcSink } from './connection.ts';
import type { EventBatch } from './event-batch.ts';
import { closeCodeOf, closeReason } from './websocket-close.ts';
import { batchFrames, textFrame } from './websocket-frame.ts';

/**
 * The way out to a WebSocket peer. Finished frames are gathered and leave in one write: the system call is what a message costs. Control frames go through `ws`, which writes to the same socket.
 */
export class WebSocketSink implements RpcSink {
  readonly #webSocket: WebSocket;
  readonly #socket: Duplex;
  #frames: Uint8Array[] = [];
  #waitingBytes = 0;
  #flushing = false;
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

  /** An answer leaves at the end of the step that made it, with what was gathered before it. */
  send(text: string): void {
    this.#gather(textFrame(text));
    this.#flushAfterStep();
  }

  /** A batch has all that there is for its watch in this turn; it leaves with those of the other watches that are woken in the same step. */
  sendBatch(batch: EventBatch): void {
    this.#gather(batch.form('websocket', batchFrames));
    this.#flushAfterStep();
  }

  /** Pieces of text come one by one, and leave together at the end of the turn. */
  sendDelta(json: string): void {
    if (this.#frames.length === 0) setImmediate(() => this.#flush());
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

  close(reason: FlockworkError, atOnce = false): void {
    if (this.closed) return;
    this.#flush();
    this.#webSocket.close(closeCodeOf(reason), closeReason(reason));
    // Who does not read will not read the close frame either.
    if (atOnce || reason.code === 'slow_reader') this.#webSocket.terminate();
  }

  #gather(frame: Uint8Array): void {
    if (this.closed) return;
    this.#frames.push(frame);
    this.#waitingBytes += frame.length;
  }

  #flushAfterStep(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    process.nextTick(() => this.#flush());
  }

  #flush(): void {
    this.#flushing = false;
    const frames = this.#frames;
    if (frames.length === 0) return;
    this.#frames = [];
    this.#waitingBytes = 0;
    if (this.closed || this.#socket.destroyed) return;
    const [first] = frames;
    this.#socket.write(frames.length === 1 && first !== undefined ? first : Buffer.concat(frames));
  }
}
