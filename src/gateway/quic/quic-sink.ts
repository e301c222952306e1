import { FlockworkError } from '../../../protocols/errors/error.ts';
import { rpcFailure } from '../../../protocols/wire/rpc.ts';
import type { RpcSink } from '../connection.ts';
import type { EventBatch } from '../event-batch.ts';
import { batchFrames, textFrame } from './quic-frame.ts';
import { endStream, type QuicStream } from './quic-stream.ts';

export interface QuicSinkOptions {
  readonly bufferBytesMax: number;
  readonly closeMaxMs: number;
}

/** The way out to a QUIC peer. Frames are gathered and handed to the stream in one piece per turn of the event loop. */
export class QuicSink implements RpcSink {
  readonly #stream: QuicStream;
  readonly #options: QuicSinkOptions;
  #frames: Uint8Array[] = [];
  #waitingBytes = 0;
  /** Bytes given to the stream that it has not handed to the network; it gives the last piece away before it counts it as gone. */
  #sentBytes = 0;
  /** Shared by the watches and requests that wait for the peer. */
  #drained: Promise<void> | undefined;
  #ending: Promise<void> | undefined;

  constructor(stream: QuicStream, options: QuicSinkOptions) {
    this.#stream = stream;
    this.#options = options;
    stream.addEventListener('drain', () => {
      this.#sentBytes = stream.writeBufferLength;
    });
  }

  get bufferedBytes(): number {
    return this.#waitingBytes + this.#sentBytes;
  }

  get closed(): boolean {
    return this.#ending !== undefined || this.#stream.writeStatus !== 'writable';
  }

  send(text: string): void {
    this.#gather(textFrame(text));
  }

  sendBatch(batch: EventBatch): void {
    this.#gather(batch.form('quic', batchFrames));
  }

  sendDelta(json: string): void {
    this.#gather(textFrame(`{"jsonrpc":"2.0","method":"goal.delta","params":${json}}`));
  }

  drained(): Promise<void> {
    this.#flush();
    if (this.closed || this.#sentBytes === 0) return Promise.resolve();
    this.#drained ??= new Promise((resolve) => {
      const done = (): void => {
        this.#drained = undefined;
        this.#stream.removeEventListener('drain', done);
        this.#stream.removeEventListener('close', done);
        resolve();
      };
      this.#stream.addEventListener('drain', done);
      this.#stream.addEventListener('close', done);
    });
    return this.#drained;
  }

  close(reason: FlockworkError): void {
    if (this.closed) return;
    // A stream has no close frame that could carry the reason; for all other reasons the error frame is out already.
    if (reason.code === 'slow_reader') this.send(JSON.stringify(rpcFailure(null, reason)));
    void this.end();
  }

  /** Sends what waits and ends the stream; resolves when the peer has ended it too, or has had its time. */
  end(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  #end(): Promise<void> {
    this.#flush();
    return endStream(this.#stream, this.#options.closeMaxMs);
  }

  #gather(frame: Uint8Array): void {
    if (this.closed) return;
    if (this.#frames.length === 0) setImmediate(() => this.#flushBounded());
    this.#frames.push(frame);
    this.#waitingBytes += frame.length;
  }

  #flushBounded(): void {
    this.#flush();
    const { bufferBytesMax } = this.#options;
    if (this.#sentBytes <= bufferBytesMax) return;
    this.close(
      new FlockworkError(
        'slow_reader',
        `the peer left more than ${bufferBytesMax} bytes unread (bufferBytesMax); read faster, or watch again from the last cursor`,
        {
          details: { bufferBytesMax },
        },
      ),
    );
  }

  #flush(): void {
    const frames = this.#frames;
    if (frames.length === 0) return;
    this.#frames = [];
    this.#waitingBytes = 0;
    if (this.#stream.writeStatus !== 'writable') return;
    const [first] = frames;
    const bytes = frames.length === 1 && first !== undefined ? first : Buffer.concat(frames);
    this.#sentBytes += bytes.length;
    this.#stream.send(bytes);
  }
}
