/** A connection that carries JSON-RPC messages both ways, whatever it is made of. */
export interface Wire {
  /** False once nothing can be sent any more. */
  readonly open: boolean;
  /** Throws `frame_too_large`. */
  send(message: unknown): void;
  /** Resolves once the last bytes are out, or have had their time. */
  close(): Promise<void>;
}

export interface WireListener {
  /** One message as JSON text. */
  onText(text: string): void;
  /** The connection is gone; not called for what `close` ended. */
  onClose(why: string): void;
}

/** Makes a connection. Throws `no_node` when nobody answers. */
export type Dial = (listener: WireListener) => Promise<Wire>;
