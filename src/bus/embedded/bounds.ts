/** Every bound of the embedded bus, with its default. */

/** How long a delivery of either queue is claimed before it is delivered again, in milliseconds. */
export const ackWaitMs = 30_000;
/** How long an id that was pushed is remembered, in milliseconds. */
export const dedupeMs = 120_000;
/** The most ids remembered; above it the oldest are forgotten before their time. */
export const dedupeIdsMax = 1_000_000;
/** The most dead letters kept per queue; above it the oldest are dropped and counted. */
export const deadLettersMax = 10_000;
/** The most pulls of one queue that wait at once; above it `too_many_requests`. */
export const waitingPullsMax = 10_000;
/** The largest body of a queue message, in bytes. */
export const messageBytesMax = 1_048_576;
/** The largest value of a registry key, in bytes. */
export const registryValueBytesMax = 65_536;
/** The most live messages that wait for one subscriber; above it the oldest are dropped and counted. */
export const pendingMessagesMax = 10_000;
/** The most requests that share one transaction; what is above it waits for the next turn. */
export const commitRequestsMax = 1_024;
/** The most requests that wait for a transaction; above it `too_many_requests`. */
export const waitingRequestsMax = 100_000;
/** The most entries that a reader takes from the store before it lets others run. */
export const readPageEntriesMax = 256;
/** The same in characters of records, at least one entry. */
export const readPageCharactersMax = 2_097_152;
/** The most entries without a change that an index may have applied without noting it; they are read again at the next opening. */
export const markEntriesMax = 1_024;
/** The most streams whose last position is kept in memory; the others are looked up in the store. */
export const streamsLatelyMax = 4_096;
