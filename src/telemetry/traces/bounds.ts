/** Actors whose open spans are kept; above it the one that began first is forgotten, and its spans are counted as dropped. */
export const tracedActorsMax = 20_000;
/** Steps that wait while the past of their goal is read. */
export const waitingStepsMax = 10_000;
/** Calls of tools and tasks that one actor may have open in a trace. */
export const openSpansMax = 10_000;
/**
 * Spans that ended this long before a crash are sent again by whoever goes on, because they may never have left the process that died.
 * They have the same ids as before. Milliseconds.
 */
export const sentAgainMs = 15_000;
