/** Different label sets of one metric; what comes above it is counted under `other`, so that no name from outside can fill the memory. */
export const labelSetsMax = 256;
/** The longest value of a label. Characters. */
export const labelCharsMax = 96;
/** Agents whose round is remembered, to tell a new round from a call that is tried again. */
export const agentRoundsMax = 20_000;
/** Depths of queues are counted on the bus at most this often, however often somebody scrapes. Milliseconds. */
export const depthRefreshMs = 5_000;
/** A bus that does not answer in this time leaves the depths out of that scrape. Milliseconds. */
export const depthMaxMs = 2_000;

/** Upper ends of the buckets of latencies, in seconds: from a commit on a fast disk to a slow model. */
export const latencySeconds: readonly number[] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];
/** The same for whole goals. */
export const goalSeconds: readonly number[] = [0.1, 0.5, 1, 5, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600];
