/** Calls of one round that may fail retryably before the agent gives up. */
export const modelTriesMax = 5;
/** First and longest wait between two tries of a call. Milliseconds. */
export const modelBackoffMs = 500;
export const modelBackoffMsMax = 30_000;
/** A result longer than this travels as a blob. Characters. */
export const resultInlineCharsMax = 16_000;
/** And one that takes more than this as JSON, as control characters do: a fact has 64 KiB. Bytes. */
export const resultInlineBytesMax = 49_152;
/** What a fact shows of a longer text. Characters. */
export const excerptCharsMax = 2_000;
/** Tool calls that one reply of a model may ask for; the rest is answered with an error. */
export const toolCallsPerRoundMax = 64;
/** The share of a quota at which `quota.warned` is told. */
export const quotaWarnShare = 0.8;
/** The least output worth a call. Tokens. */
export const outputTokensMin = 64;
/** An agent that has heard no answer of its coordinator for so long asks again. Milliseconds. */
export const settleRetryMs = 30_000;
