/** Durations kept for the straggler rule. */
export const durationsMax = 64;
/** A straggler is tried again only after this long. Milliseconds. */
export const stragglerMsMin = 5_000;
/** Attempts of one task at work at the same time. */
export const openAttemptsMax = 2;
/** What a fact shows of a result. Characters. */
export const excerptCharsMax = 2_000;
/** A result up to this long stands in goal.completed whole. Characters. */
export const resultInlineCharsMax = 16_000;
/** First and longest wait before results that could not be put together are tried again. Milliseconds. */
export const joinRetryMs = 500;
export const joinRetryMsMax = 30_000;
