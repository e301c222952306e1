/** What the mock model says to one call. Plain data, so that a JSON file can hold it. */
export interface MockReply {
  readonly text?: string;
  /** What it thinks first, signed, on the Anthropic wire: a call with the results of its tools must bring it back as it was. */
  readonly thinking?: string;
  readonly toolCalls?: readonly MockToolCall[];
  /** Waits this long before the first byte, in milliseconds. */
  readonly latencyMs?: number;
  /** Waits this long between two pieces of the stream, in milliseconds. */
  readonly pieceMs?: number;
  /** Signs of life before the first word: pings on the Anthropic wire, comments on the OpenAI wire. */
  readonly pings?: number;
  readonly usage?: Partial<MockUsage>;
  /** As OpenAI names it; the Anthropic wire translates. Default: `tool_calls` when there are any, else `stop`. */
  readonly finish?: string;
  /** Misbehaves as the model of that name would; of the rest, `text` is then what a failure says. */
  readonly scene?: string;
}

export interface MockToolCall {
  /** With dots or with `_`, as the tools were given. */
  readonly name: string;
  readonly input?: unknown;
  /** Sent in place of `input`, as it is: for arguments that are not JSON. */
  readonly rawArguments?: string;
}

/** Cached and written tokens are a part of the prompt, whatever the wire makes of them. */
export interface MockUsage {
  readonly prompt: number;
  /** Read from the cache. */
  readonly cached: number;
  /** Written to the cache. */
  readonly written: number;
  readonly completion: number;
  readonly reasoning: number;
}
