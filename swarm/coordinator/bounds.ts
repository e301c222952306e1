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
/** Artifacts that a coordinator lists itself; more come as blobs. */
export const artifactsInlineMax = 500;
