/** How long one pull of an inbox waits. Milliseconds. */
export const inboxPullMs = 20_000;
/** Messages taken from an inbox at once. */
export const inboxPullMax = 64;
/** Deliveries of a message whose actor is not open before it becomes a dead letter; for an agent, before it is looked whether it has ended. */
export const inboxDeliveriesMax = 60;
/** First and longest wait before such a message is delivered again. Milliseconds. */
export const inboxNakMs = 100;
export const inboxNakMsMax = 2_000;
/** How long an idle cell stays in memory. Milliseconds. */
export const idleMs = 60_000;
/** Roots opened at the same time when shards are taken. */
export const openingsAtOnceMax = 32;
/** How long another process may take to journal a message for one of its agents. Milliseconds. */
export const handoverMs = 5_000;
