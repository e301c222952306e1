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
  /** Whether it can be used now; absent where nothing lies between the process and its store. */
  readonly health?: BusHealth;
  close(): Promise<void>;
}

/** How a bus that is elsewhere stands, as far as this process knows. */
export interface BusHealth {
  /** False from the moment the bus stops answering until it answers again. */
  readonly connected: boolean;
  /** The clock of the bus minus the one of this process, in milliseconds. */
  readonly clockOffsetMs: number;
}
