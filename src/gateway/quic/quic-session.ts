import { FlockworkError } from '../../../protocols/errors/error.ts';
import { FrameDecoder } from '../../../protocols/wire/frame.ts';
import type { Connection } from '../connection.ts';
import { hideDefect } from '../connection.ts';
import { bodies, type StreamData } from './quic-frame.ts';
import type { QuicSink } from './quic-sink.ts';
import type { QuicStream } from './quic-stream.ts';

/** What one held frame costs beside its bytes. */
const heldFrameBytes = 64;

export interface QuicSessionOptions {
  readonly stream: QuicStream;
  readonly sink: QuicSink;
  readonly connection: Connection;
  readonly heldBytesMax: number;
  /** Counts a stream that was ended for what came over it. */
  readonly refused: (code: string) => void;
  /** Called once, when the stream is done for. */
  readonly onEnd: () => void;
}

/**
 * One stream that speaks JSON-RPC: bytes in, frames out of them, requests to the dispatcher. The transport cannot be told
 * to stop reading, so the requests of a peer that leaves its answers unread are held here, up to a bound.
 */
export class QuicSession {
  readonly #options: QuicSessionOptions;
  readonly #decoder = new FrameDecoder();
  readonly #held: Uint8Array[] = [];
  #heldBytes = 0;
  #holding = false;
  #inputEnded = false;
  #ended = false;

  constructor(options: QuicSessionOptions) {
    this.#options = options;
  }

  listen(): void {
    const { stream } = this.#options;
    stream.addEventListener('message', ({ data }) => this.#onData(data));
    stream.addEventListener('remoteCloseWrite', () => this.#onInputEnd());
    stream.addEventListener('close', () => this.#finish());
    // What arrived during the negotiation is handed over in a microtask, and its end had come before we could hear it.
    if (stream.status !== 'open') queueMicrotask(() => this.#finish());
    else if (stream.remoteWriteStatus === 'closed') queueMicrotask(() => this.#onInputEnd());
  }

  #onData(data: StreamData): void {
    if (this.#inputEnded || this.#options.sink.closed) return;
    try {
      for (const body of bodies(this.#decoder, data)) this.#take(body);
    } catch (error) {
      this.#inputEnded = true;
      this.#refuse(hideDefect(error));
    }
  }

  #take(body: Uint8Array): void {
    if (!this.#holding) return this.#hand(body);
    const { heldBytesMax } = this.#options;
    this.#held.push(body);
    this.#heldBytes += body.length + heldFrameBytes;
    if (this.#heldBytes <= heldBytesMax) return;
    throw new FlockworkError('slow_reader', `requests of more than ${heldBytesMax} bytes wait while answers are left unread; read the answers`, {
      details: { heldBytesMax },
    });
  }

  #hand(body: Uint8Array): void {
    const ready = this.#options.connection.receive(body);
    if (ready === undefined) return;
    this.#holding = true;
    void ready.then(() => this.#goOn());
  }

  #goOn(): void {
    this.#holding = false;
    while (!this.#holding && !this.#ended) {
      const body = this.#held.shift();
      if (body === undefined) {
        if (this.#inputEnded) this.#endWhenIdle();
        return;
      }
      this.#heldBytes -= body.length + heldFrameBytes;
      this.#hand(body);
    }
  }

  /** The peer ended its side, which it may do and still read; a reset looks the same from here, until a write fails. */
  #onInputEnd(): void {
    if (this.#inputEnded) return;
    this.#inputEnded = true;
    if (this.#decoder.pending) this.#refuse(new FlockworkError('frame_truncated', 'the stream ended in the middle of a frame; what it held was not taken'));
    else if (!this.#holding) this.#endWhenIdle();
  }

  #refuse(reason: FlockworkError): void {
    const { connection, refused } = this.#options;
    refused(reason.code);
    connection.end(reason);
  }

  #endWhenIdle(): void {
    const { sink, connection } = this.#options;
    connection.whenIdle(() => void sink.end());
  }

  #finish(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#held.length = 0;
    const { connection, onEnd } = this.#options;
    connection.close();
    onEnd();
  }
}
