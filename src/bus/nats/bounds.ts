/** Every bound of the NATS bus, with its default. */

/** How long one attempt to connect to a server may take, in milliseconds. */
export const connectTimeoutMs = 1_000;
/** How long a nats-server beside the node may take to come up, and to end before it is killed, in milliseconds. */
export const localReadyMs = 10_000;
export const localStopMs = 10_000;
/** How often a quiet connection is probed, and how many unanswered probes make it dead. */
export const pingIntervalMs = 1_000;
export const pingsUnansweredMax = 2;
/** The pause between two attempts to reconnect, in milliseconds. */
export const reconnectPauseMs = 250;
/** A random part of it more, so that the nodes of a cluster do not all come back at once, in milliseconds. */
export const reconnectJitterMs = 750;
/** How often JetStream is asked whether it is there, and how many unanswered questions make the bus away. */
export const healthCheckMs = 2_000;
export const healthUnansweredMax = 2;
/** How often the clock is measured against servers that do not tell the time with every answer (before 2.10), in milliseconds. */
export const clockMeasureMs = 10_000;
/** How long a process that may not make streams waits for one that does, and how often it looks, in milliseconds. */
export const streamsWaitMs = 20_000;
export const streamsPollMs = 250;
/** How long one request to the server may take before it is tried again or given up, in milliseconds. */
export const requestTimeoutMs = 2_000;
/** How long a write is repeated under the same id while the bus is away, before `bus_unreachable`, in milliseconds. */
export const retryForMs = 10_000;
/** The first and the longest pause between two attempts of a write, in milliseconds. */
export const retryPauseMs = 30;
export const retryPauseMaxMs = 1_000;
/** How often an append asks again when the stream's leader seems to be behind the position named (three replicas only). */
export const behindRetriesMax = 5;

/** How long a delivery of either queue is claimed before it is delivered again, in milliseconds. */
export const ackWaitMs = 30_000;
/** A claim counts as lost this much before the server may pass it on, in milliseconds. */
export const claimMarginMs = 20;
/** How long an id that was pushed is remembered, in milliseconds. */
export const dedupeMs = 120_000;
/** The most claimed messages of one topic and priority. */
export const claimedMessagesMax = 10_000;
/** The most waiting pulls of one topic. */
export const waitingPullsMax = 2_048;
/** The most messages of one queue; above it `store_full`. */
export const queueMessagesMax = 1_000_000;
/** The most dead letters kept of both queues; above it the oldest are dropped. */
export const deadLettersMax = 20_000;
/** The most dead letters listed when no limit is named. */
export const deadListedMax = 1_000;
/** How long a pull that was given up waits for messages already under way, in milliseconds. */
export const pullDrainMs = 1_000;

/** What a reader takes at once: messages and bytes. */
export const readBatchMessagesMax = 256;
export const readBatchBytesMax = 4_194_304;
/** A reader that rests longer than this loses its consumer and makes another, in milliseconds. */
export const readerIdleMs = 30_000;
/** How often in a row a reader that gets nothing begins anew before `bus_unreachable`. */
export const readerRestartsMax = 5;
/** The most live entries that wait for a follower while it reads what it missed; above it, it reads again. */
export const followBufferMax = 1_024;
/** How often a follower asks whether it missed the newest entry, in milliseconds. */
export const followCheckMs = 5_000;

/** What the headers and protocol of a message may take beside its body, in bytes. */
export const messageOverheadBytes = 1_024;
/** The largest value of a registry key, in bytes. */
export const registryValueBytesMax = 65_536;
/** The largest piece of a blob in one message, in bytes. */
export const blobChunkBytes = 524_288;
/** How many pieces of a blob are under way at once. */
export const blobChunksInFlight = 4;
/** How long a read of the index waits for what this process has appended, in milliseconds. */
export const indexWaitMs = 10_000;
