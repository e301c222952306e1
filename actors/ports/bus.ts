import type { Blobs } from './blobs.ts';
import type { Journal } from './journal.ts';
import type { Projection } from './projection.ts';
import type { Pubsub } from './pubsub.ts';
import type { Queue } from './queue.ts';
import type { Registry } from './registry.ts';

/** What actors need of the world to talk and to last: five ports, and the index that is projected from the journal. */
export interface Bus {
  /** `embedded` or `nats`. */
  readonly kind: string;
  readonly journal: Journal;
  readonly tasks: Queue;
  readonly inbox: Queue;
  readonly registry: Registry;
  readonly pubsub: Pubsub;
  readonly blobs: Blobs;
  readonly index: Projection;
  close(): Promise<void>;
}
