import { FlockworkError } from '../../../protocols/errors/error.ts';
import type { Connection } from '../connection.ts';
import type { UwsSink } from './uws-sink.ts';

/** What one held request costs beside its bytes. */
const heldRequestBytes = 64;

/** One peer of the uws engine, which cannot stop reading: the requests of a peer that leaves its answers unread are held here, up to a bound. */
export class UwsSession {
  readonly sink: UwsSink;
  readonly #connection: Connection;
  readonly #heldBytesMax: number;
  readonly #refused: (code: string) => void;
  readonly #held: Uint8Array[] = [];
  #heldBytes = 0;
  #holding = false;

  constructor(options: { readonly sink: UwsSink; readonly connection: Connection; readonly heldBytesMax: number; readonly refused: (code: string) => void }) {
    this.sink = options.sink;
    this.#connection = options.connection;
    this.#heldBytesMax = options.heldBytesMax;
    this.#refused = options.refused;
  }

  /** Takes one message, whose bytes are valid during the call only. */
  receive(bytes: Uint8Array): void {
    if (!this.#holding) return this.#hand(bytes);
    this.#held.push(Uint8Array.from(bytes));
    this.#heldBytes += bytes.length + heldRequestBytes;
    if (this.#heldBytes <= this.#heldBytesMax) return;
    this.#held.length = 0;
    this.#refused('slow_reader');
    const heldBytesMax = this.#heldBytesMax;
    this.#connection.end(
      new FlockworkError('slow_reader', `requests of more than ${heldBytesMax} bytes wait while answers are left unread; read the answers`, {
        details: { heldBytesMax },
      }),
    );
  }

  reject(error: FlockworkError): void {
    this.#connection.reject(error);
  }

  /** The peer is gone. */
  close(): void {
    this.#held.length = 0;
    this.sink.forget();
    this.#connection.close();
  }

  #hand(bytes: Uint8Array): void {
    const ready = this.#connection.receive(bytes);
    if (ready === undefined) return;
    this.#holding = true;
    void ready.then(() => this.#goOn());
  }

  #goOn(): void {
    this.#holding = false;
    while (!this.#holding) {
      const bytes = this.#held.shift();
      if (bytes === undefined) return;
      this.#heldBytes -= bytes.length + heldRequestBytes;
      this.#hand(bytes);
    }
  }
}
