/** Agents at work in one worker. */
export const concurrency = 16;
/** How long one pull of a pool waits. Milliseconds. */
export const taskPullMs = 20_000;
/** The wait before a task that is held by a living node is offered again. Milliseconds. */
export const heldNakMs = 500;
/** The wait before a task is offered again after its agent's cell failed. Milliseconds. */
export const failedNakMs = 1_000;
/** Deliveries of a task whose agent cannot be had, before the task is ended: another worker may have what this one has not. */
export const unopenedDeliveriesMax = 5;
/** The share of ackWaitMs after the last confirmation at which a worker no longer owns a task. */
export const deadlineShare = 0.8;
