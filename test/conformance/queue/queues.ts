import type { Bus } from '../../../actors/ports/bus.ts';
import type { Delivery, Queue, QueueMessage } from '../../../actors/ports/queue.ts';
import { inboxSubject, shardOf, taskSubject } from '../../../protocols/subjects.ts';

/** One of the two queues, with how to name a topic and a message of it. */
export interface QueueUnderTest {
  readonly name: string;
  readonly of: (bus: Bus) => Queue;
  /** Two topics that differ. */
  readonly topics: readonly [string, string];
  /** A message of the topic, told apart by `id`. */
  readonly message: (id: string, topic?: string) => QueueMessage;
}

const rootOfShard = (shard: string): string => {
  for (let at = 0; ; at++) if (shardOf(`goal-${at}`) === Number(shard)) return `goal-${at}`;
};

export const queuesUnderTest: readonly QueueUnderTest[] = [
  {
    name: 'tasks',
    of: (bus) => bus.tasks,
    topics: ['default', 'large'],
    message: (id, topic = 'default') => ({
      subject: taskSubject({ tenant: 'acme', pool: topic, priority: 5, root: 'goal-1', task: id }),
      id,
      body: JSON.stringify({ id }),
    }),
  },
  {
    name: 'inbox',
    of: (bus) => bus.inbox,
    topics: ['7', '17'],
    message: (id, topic = '7') => ({
      subject: inboxSubject({ tenant: 'acme', root: rootOfShard(topic), actor: 'coordinator' }, 'node-1'),
      id,
      body: JSON.stringify({ id }),
    }),
  },
];

export const idsOf = (deliveries: readonly Delivery[]): string[] => deliveries.map((delivery) => delivery.id);

/** Long enough for a message that is there, in milliseconds. */
export const presentWaitMs = 5_000;

/** Pulls until `count` messages came or a pull had none. */
export async function pullAll(queue: Queue, topic: string, count: number): Promise<Delivery[]> {
  const all: Delivery[] = [];
  while (all.length < count) {
    const some = await queue.pull({ topic, max: count - all.length, waitMs: presentWaitMs });
    if (some.length === 0) break;
    all.push(...some);
  }
  return all;
}

/** The one message that is expected now. */
export async function pullOne(queue: Queue, topic: string): Promise<Delivery> {
  const [delivery] = await queue.pull({ topic, max: 1, waitMs: presentWaitMs });
  if (delivery === undefined) throw new Error(`topic ${topic} gave no message within ${presentWaitMs} ms`);
  return delivery;
}
