/**
 * A durable work queue, delivered at least once. Two of them make up the bus: `tasks` (topic = pool) and `inbox` (topic = shard).
 * The topic is a token of the subject; the implementation knows which.
 */
export interface QueueMessage {
  readonly subject: string;
  /** Pushing the same id again within the window of `dedupeMs` stores nothing. */
  readonly id: string;
  /** JSON text. */
  readonly body: string;
}

/** Once a claim was lost or settled, ack, nak, working and bury reject with `closed`. */
export interface Delivery extends QueueMessage {
  /** 1 for the first delivery. Deliveries are unlimited; the consumer decides when it is enough. */
  readonly deliveries: number;
  /** Takes the message off the queue; resolves once that is durable. */
  ack(): Promise<void>;
  /** Gives it back, to be delivered again after `delayMs` (default 0). */
  nak(delayMs?: number): Promise<void>;
  /** Extends the claim by ackWaitMs from now; resolves when the bus has confirmed, rejects with `closed` when the claim was lost. */
  working(): Promise<void>;
  /** Moves it to the dead letters with a reason someone can read. */
  bury(reason: string): Promise<void>;
}

export interface DeadLetter extends QueueMessage {
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface PullOptions {
  readonly topic: string;
  /** At most this many. */
  readonly max: number;
  /** Resolves with none after this long. */
  readonly waitMs: number;
  readonly signal?: AbortSignal;
}

export interface Queue {
  /** How long a delivery is claimed before it is delivered again. Milliseconds. */
  readonly ackWaitMs: number;
  /** Resolves once the message is durable. */
  push(message: QueueMessage): Promise<{ duplicate: boolean }>;
  /** First in, first out per topic, but for what was given back. */
  pull(options: PullOptions): Promise<readonly Delivery[]>;
  /** Waiting and claimed messages of a topic. */
  depth(topic: string): Promise<{ waiting: number; claimed: number }>;
  dead(options?: { limit?: number }): Promise<readonly DeadLetter[]>;
  /** Stores a dead letter directly, for a message that was never delivered whole. */
  buryMessage(message: QueueMessage, reason: string): Promise<void>;
  /**
   * Puts the dead letters of this subject and id back into the queue, as new messages with the same id and body, and takes them off the
   * dead letters; answers how many. `as` is the subject they get, by default the one they had.
   */
  requeue(letter: Pick<QueueMessage, 'subject' | 'id'>, as?: string): Promise<number>;
}
