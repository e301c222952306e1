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

/** What may still wait when a reader counts as having caught up, bytes. */
const caughtUpBytes = 65_536;

/**
 * The way out to a peer over a stream of libp2p. Events are gathered and handed to the stream in one piece per turn of the event loop;
 * an answer takes what was gathered with it at the end of the step that made it.
 */
export class QuicSink implements RpcSink {
  readonly #stream: QuicStream;
  readonly #options: QuicSinkOptions;
  #frames: Uint8Array[] = [];
  #waitingBytes = 0;
  /** Bytes given to the stream since it was last told that the transport takes more: QUIC gives a piece away before it counts it as gone. */
  #sentBytes = 0;
  #answers = false;
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
    return this.#waitingBytes + this.#unsentBytes;
  }

  get #unsentBytes(): number {
    const { writableNeedsDrain, writeBufferLength } = this.#stream;
    return writableNeedsDrain ? Math.max(this.#sentBytes, writeBufferLength) : writeBufferLength;
  }

  get closed(): boolean {
    return this.#ending !== undefined || this.#stream.writeStatus !== 'writable';
  }

  send(text: string): void {
    this.#gather(textFrame(text));
    if (this.#answers) return;
    this.#answers = true;
    process.nextTick(() => this.#flushBounded());
  }

  sendBatch(batch: EventBatch): void {
    this.#gather(batch.form('quic', batchFrames));
  }

  sendDelta(json: string): void {
    this.#gather(textFrame(`{"jsonrpc":"2.0","method":"goal.delta","params":${json}}`));
  }

  drained(): Promise<void> {
    this.#flush();
    if (this.closed || this.#unsentBytes === 0) return Promise.resolve();
    this.#drained ??= new Promise((resolve) => {
      const done = (): void => {
        this.#drained = undefined;
        this.#stream.removeEventListener('drain', look);
        this.#stream.removeEventListener('idle', look);
        this.#stream.removeEventListener('close', done);
        resolve();
      };
      const look = (): void => {
        if (this.#unsentBytes <= caughtUpBytes) done();
      };
      this.#stream.addEventListener('drain', look);
      // A window of yamux opens for a part of what waits; it is idle when all of it has gone.
      this.#stream.addEventListener('idle', look);
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
    if (this.#unsentBytes <= bufferBytesMax) return;
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
    this.#answers = false;
    const frames = this.#frames;
    if (frames.length === 0) return;
    this.#frames = [];
    this.#waitingBytes = 0;
    if (this.#stream.writeStatus !== 'writable') return;
    const [first] = frames;
    const bytes = frames.length === 1 && first !== undefined ? first : Buffer.concat(frames);
    if (!this.#stream.writableNeedsDrain) this.#sentBytes = 0;
    this.#sentBytes += bytes.length;
    this.#stream.send(bytes);
  }
}
