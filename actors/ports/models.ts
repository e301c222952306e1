import type { TokenUsage } from '../../protocols/goals/goal.ts';
import type { ToolSpec } from '../../protocols/goals/task.ts';

/** One message of a conversation as every provider can be told it. Plain JSON. */
export type ModelMessage =
  | { readonly role: 'system'; readonly text: string }
  | { readonly role: 'user'; readonly text: string }
  | { readonly role: 'assistant'; readonly text: string; readonly toolCalls: readonly ModelToolCall[]; readonly carry?: ModelCarry }
  | { readonly role: 'tool'; readonly id: string; readonly name: string; readonly ok: boolean; readonly text: string };

/**
 * What a model wants to find again, unchanged, with its reply in the next call: signed thinking, for instance. Nobody reads it but the
 * adapter that made it, and it goes to no other model.
 */
export interface ModelCarry {
  /** provider/name of the model that it came from. */
  readonly model: string;
  /** Plain JSON. */
  readonly data: unknown;
}

export interface ModelToolCall {
  /** As the model named it; answers repeat it. */
  readonly id: string;
  /** Tool name with dots. */
  readonly name: string;
  /** Parsed arguments; undefined with `malformed` when they are not JSON. */
  readonly input?: unknown;
  readonly malformed?: string;
}

export interface ModelRequest {
  /** provider/name */
  readonly model: string;
  readonly messages: readonly ModelMessage[];
  readonly tools: readonly Pick<ToolSpec, 'name' | 'description' | 'parameters'>[];
  readonly outputTokensMax: number;
  /** The idempotency key of the call: `<stream>:<asked>`. */
  readonly key: string;
}

export interface ModelReply {
  readonly text: string;
  readonly toolCalls: readonly ModelToolCall[];
  /** Why the model stopped: `stop`, `tool-calls`, `length`, `content-filter`, `other`. */
  readonly finish: 'stop' | 'tool-calls' | 'length' | 'content-filter' | 'other';
  readonly usage: TokenUsage | null;
  /** Micro-dollars; null when no price is known for the model. */
  readonly costMicroUsd: number | null;
  /** The model that answered, as the provider names it. */
  readonly answeredBy: string;
  /** To be kept with the reply and handed back with it. */
  readonly carry?: ModelCarry;
}

export interface ModelCallOptions {
  readonly signal: AbortSignal;
  /** Running text, for live readers only. */
  readonly onDelta?: (text: string) => void;
}

/** Failures are `model_*` codes with `retryable` set, or `aborted`. */
export interface Models {
  call(request: ModelRequest, options: ModelCallOptions): Promise<ModelReply>;
}
