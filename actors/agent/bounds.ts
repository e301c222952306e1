/** Calls of one round that may fail retryably before the agent gives up. */
export const modelTriesMax = 5;
/** First and longest wait between two tries of a call. Milliseconds. */
export const modelBackoffMs = 500;
export const modelBackoffMsMax = 30_000;
/** A result longer than this travels as a blob. Characters. */
export const resultInlineCharsMax = 16_000;
/** What a fact shows of a longer text. Characters. */
export const excerptCharsMax = 2_000;
/** Tool calls that one reply of a model may ask for; the rest is answered with an error. */
export const toolCallsPerRoundMax = 64;
/** The share of a quota at which `quota.warned` is told. */
export const quotaWarnShare = 0.8;
/** The least output worth a call. Tokens. */
export const outputTokensMin = 64;
