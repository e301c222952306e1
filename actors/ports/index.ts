/** Every port is declared here once: what actors need of the world. Interfaces only. */
export type { Blobs } from './blobs.ts';
export type { Bus } from './bus.ts';
export type { Clock } from './clock.ts';
export type { Ids } from './ids.ts';
export { type Journal, type JournalEntry, nothingBefore, type Position, type ReadOptions, type Subscription } from './journal.ts';
export type { ModelCallOptions, ModelMessage, ModelReply, ModelRequest, Models, ModelToolCall } from './models.ts';
export type { Observation, Observer } from './observer.ts';
export type { Projection, ProjectionChange, ProjectionRow, Projector } from './projection.ts';
export type { LiveMessage, Pubsub } from './pubsub.ts';
export type { DeadLetter, Delivery, PullOptions, Queue, QueueMessage } from './queue.ts';
export type { Registry, RegistryEntry } from './registry.ts';
export type { ToolAnswer, ToolCall, ToolScope, Tools } from './tools.ts';
