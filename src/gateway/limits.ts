import { frameBytesMax } from '../../protocols/wire/frame.ts';
import { blobChunkBytesMax, listLimitMax } from '../../protocols/wire/methods.ts';

/** Every bound of the gateway. All are options of the same name. */
export interface GatewayLimits {
  /** How long a connection may stay without `connection.open`, ms. */
  readonly openMaxMs: number;
  /** Open sockets of the HTTP port, and open connections of all transports. */
  readonly connectionsMax: number;
  /** Inspector pages connected at the same time. */
  readonly inspectorPagesMax: number;
  /** Unanswered requests of one connection. */
  readonly requestsInFlightMax: number;
  /** Unanswered requests of the whole gateway, HTTP included. */
  readonly requestsInFlightTotalMax: number;
  /** Watches of one connection. */
  readonly watchesPerConnectionMax: number;
  /** Watches of the whole gateway, SSE included. */
  readonly watchesMax: number;
  /** How deep JSON may nest. */
  readonly jsonDepthMax: number;
  /** Bytes waiting for one reader above which nothing more is taken from the journal for it. */
  readonly highWaterBytes: number;
  /** Bytes waiting for one reader above which its deltas are dropped. */
  readonly deltaHighWaterBytes: number;
  /** How long a reader may stay above `highWaterBytes` before it is closed as `slow_reader`, ms. */
  readonly slowReaderMaxMs: number;
  /** Live journal entries held for the readers of one root; who is further behind reads the journal. */
  readonly ringEntriesMax: number;
  /** The same in bytes of event text. */
  readonly ringBytesMax: number;
  /** Journal entries of one catch-up page. */
  readonly pageEntriesMax: number;
  /** Bytes of records after which a page ends early. */
  readonly pageBytesMax: number;
  /** Catch-up pages read at the same time. */
  readonly catchUpReadersMax: number;
  /** Bytes of catch-up pages that are parsed or handed out in one turn of the event loop; a larger page gets a turn for itself, and so does reading one. */
  readonly catchUpTurnBytesMax: number;
  /** Bytes of event text in pages kept for others who watch the same goal from the same place. */
  readonly catchUpCacheBytesMax: number;
  /** Silence on an SSE stream before a comment is sent, ms. */
  readonly sseCommentMs: number;
  /** How often a WebSocket peer is pinged, ms; one that did not answer the last ping by then is cut off. */
  readonly pingMs: number;
  /** How long the headers of an HTTP request may take, ms. */
  readonly headersMaxMs: number;
  /** How long a whole HTTP request may take to arrive, ms. */
  readonly requestMaxMs: number;
  /** The largest blob that may be put together from chunks, bytes. */
  readonly blobBytesMax: number;
  /** Uploads under way in the whole gateway. */
  readonly uploadsMax: number;
  /** Bytes held by all uploads under way. */
  readonly uploadBytesMax: number;
  /** How long an upload may rest before its bytes are dropped, ms. */
  readonly uploadIdleMs: number;
}

export const gatewayLimits: GatewayLimits = {
  openMaxMs: 5_000,
  connectionsMax: 1_000,
  inspectorPagesMax: 64,
  requestsInFlightMax: 64,
  requestsInFlightTotalMax: 1_024,
  watchesPerConnectionMax: 256,
  watchesMax: 4_096,
  jsonDepthMax: 64,
  highWaterBytes: 524_288,
  deltaHighWaterBytes: 65_536,
  slowReaderMaxMs: 30_000,
  ringEntriesMax: 1_024,
  ringBytesMax: 2_097_152,
  pageEntriesMax: 256,
  pageBytesMax: 1_048_576,
  catchUpReadersMax: 8,
  catchUpTurnBytesMax: 262_144,
  catchUpCacheBytesMax: 8_388_608,
  sseCommentMs: 15_000,
  pingMs: 20_000,
  headersMaxMs: 10_000,
  requestMaxMs: 30_000,
  blobBytesMax: 67_108_864,
  uploadsMax: 64,
  uploadBytesMax: 268_435_456,
  uploadIdleMs: 60_000,
};

/** The defaults with some bounds over them; getters stay getters. */
export function completeLimits(given: Partial<GatewayLimits> = {}): GatewayLimits {
  return Object.defineProperties({ ...gatewayLimits }, Object.getOwnPropertyDescriptors(given));
}

/** The bounds that a client should know, as `connection.open` answers them. */
export function clientLimits(limits: GatewayLimits): Readonly<Record<string, number>> {
  const { requestsInFlightMax, watchesPerConnectionMax, jsonDepthMax, blobBytesMax } = limits;
  return { frameBytesMax, requestsInFlightMax, watchesPerConnectionMax, jsonDepthMax, blobBytesMax, blobChunkBytesMax, listLimitMax };
}
