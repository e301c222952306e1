/** Bounds of one model call. Each is an option of the same name; times in milliseconds. */
export interface ModelBounds {
  /** From the request to the first chunk of the answer. */
  readonly firstByteMaxMs: number;
  /** Between two chunks. */
  readonly idleMaxMs: number;
  /** The whole call. */
  readonly callMaxMs: number;
  /** After the end marker, for the usage chunk that some servers send behind it. */
  readonly tailMaxMs: number;
  /** The answer of a provider to `GET /models`. */
  readonly listModelsMaxMs: number;
  /** A provider's retry-after is believed up to this. */
  readonly retryAfterMaxMs: number;
  /** Characters of text and tool arguments in one reply. */
  readonly replyCharsMax: number;
  /** Tool calls in one reply. */
  readonly toolCallsMax: number;
}

export const modelBoundsDefault: ModelBounds = {
  firstByteMaxMs: 60_000,
  idleMaxMs: 60_000,
  callMaxMs: 900_000,
  tailMaxMs: 5_000,
  listModelsMaxMs: 5_000,
  retryAfterMaxMs: 3_600_000,
  replyCharsMax: 4_000_000,
  toolCallsMax: 256,
};

/** Longest piece of a provider's own error text that is passed on, in characters. */
export const providerTextMax = 500;
