/** Durations kept for the straggler rule. */
export const durationsMax = 64;
/** A straggler is tried again only after this long. Milliseconds. */
export const stragglerMsMin = 5_000;
/** Attempts of one task at work at the same time. */
export const openAttemptsMax = 2;
/** What a fact shows of a result. Characters. */
export const excerptCharsMax = 2_000;
/** First and longest wait before results that could not be put together are tried again. Milliseconds. */
export const joinRetryMs = 500;
export const joinRetryMsMax = 30_000;
/** What all values of one goal's memory may come to. Bytes of their JSON. */
export const memoryBytesMax = 1_048_576;
/** The share of maxMemoryKeys at which quota.warned is told. */
export const memoryWarnShare = 0.8;
/** Messages that the agents of one goal may send each other. */
export const tellsMax = 1_000;
