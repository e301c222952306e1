/** Every bound of the QUIC transport that the gateway has none for. All are options of the same name. */
export interface QuicLimits {
  /** Connections that are open. A few more are taken only to be told so. */
  readonly connectionsMax: number;
  /** Handshakes under way at once; a peer that begins one and falls silent holds its place for `idleMaxMs`. */
  readonly handshakesMax: number;
  /** Connections that one address may begin in a second. */
  readonly connectionsPerSecondMax: number;
  /** Streams of one connection; a client needs one. */
  readonly streamsPerConnectionMax: number;
  /** Bytes that one peer may have under way to us on one stream and have not been read. */
  readonly streamWindowBytes: number;
  /** The same for all streams of one connection. */
  readonly connectionWindowBytes: number;
  /** Bytes of requests held for a peer that leaves its answers unread; above it the stream is ended as `slow_reader`. */
  readonly heldBytesMax: number;
  /** Bytes waiting for one peer above which its stream is ended as `slow_reader` at once. */
  readonly bufferBytesMax: number;
  /** How long a connection may be without a stream, and a stream without a protocol, ms. */
  readonly noStreamMaxMs: number;
  /** How often a silent connection is asked for a sign of life, ms. */
  readonly keepAliveMs: number;
  /** Silence after which a connection is given up, ms. */
  readonly idleMaxMs: number;
  /** How long a peer has to take the last frames and end its side of a stream before it is reset, ms. */
  readonly closeMaxMs: number;
}

export const quicLimits: QuicLimits = {
  connectionsMax: 1_000,
  handshakesMax: 256,
  connectionsPerSecondMax: 1_000,
  streamsPerConnectionMax: 64,
  streamWindowBytes: 1_048_576,
  connectionWindowBytes: 4_194_304,
  heldBytesMax: 1_048_576,
  bufferBytesMax: 67_108_864,
  noStreamMaxMs: 5_000,
  keepAliveMs: 5_000,
  idleMaxMs: 10_000,
  closeMaxMs: 1_000,
};

/** Connections and streams above their bound that are still taken, so that they can be told why; more are refused by the transport. */
export const refusalsMax = 16;
