import type { Bus } from '../../actors/ports/bus.ts';
import type { Delivery, Queue } from '../../actors/ports/queue.ts';
import { splitRecord } from '../../protocols/journal/record.ts';
import type { NodeParts } from '../node/index.ts';

/** Called at every crossing of a fault point, with its name. */
export type Crossing = (point: string) => void;

/**
 * Wraps what reaches outside so that every place where a process can die is crossed by name: before and after each append (by the types of
 * its inputs), at the start and end of each model call and tool, and around every step of the queues.
 */
export function withFaultPoints(parts: NodeParts, cross: Crossing): NodeParts {
  return { bus: faultyBus(parts.bus, cross), models: faultyModels(parts, cross), tools: faultyTools(parts, cross) };
}

/** Ends the process at once, as a power cut would: nothing of this turn runs any more. */
export function killAt(point: string, nth: number): Crossing {
  let seen = 0;
  return (crossed) => {
    if (crossed !== point) return;
    seen += 1;
    if (seen !== nth) return;
    process.kill(process.pid, 'SIGKILL');
    // The signal ends this thread before the wait does.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  };
}

function faultyBus(bus: Bus, cross: Crossing): Bus {
  return {
    kind: bus.kind,
    journal: {
      store: bus.journal.store,
      read: (pattern, options) => bus.journal.read(pattern, options),
      follow: (pattern, onEntry) => bus.journal.follow(pattern, onEntry),
      head: () => bus.journal.head(),
      async append(stream, after, records) {
        const inputs = records.map((line) => (JSON.parse(splitRecord(line).body) as { input: { type: string } }).input.type);
        for (const input of inputs) cross(`append.before:${input}`);
        const position = await bus.journal.append(stream, after, records);
        for (const input of inputs) cross(`append.after:${input}`);
        return position;
      },
    },
    tasks: faultyQueue('task', bus.tasks, cross),
    inbox: faultyQueue('inbox', bus.inbox, cross),
    registry: bus.registry,
    pubsub: bus.pubsub,
    blobs: bus.blobs,
    index: bus.index,
    close: () => bus.close(),
  };
}

function faultyQueue(name: string, queue: Queue, cross: Crossing): Queue {
  const faulty = (delivery: Delivery): Delivery => ({
    subject: delivery.subject,
    id: delivery.id,
    body: delivery.body,
    deliveries: delivery.deliveries,
    nak: (delayMs) => delivery.nak(delayMs),
    working: () => delivery.working(),
    bury: (reason) => delivery.bury(reason),
    async ack() {
      cross(`${name}.ack.before`);
      await delivery.ack();
      cross(`${name}.ack.after`);
    },
  });
  return {
    ackWaitMs: queue.ackWaitMs,
    async push(message) {
      cross(`${name}.push.before`);
      const pushed = await queue.push(message);
      cross(`${name}.push.after`);
      return pushed;
    },
    async pull(options) {
      const deliveries = await queue.pull(options);
      if (deliveries.length > 0) cross(`${name}.claim`);
      return deliveries.map(faulty);
    },
    depth: (topic) => queue.depth(topic),
    dead: (options) => queue.dead(options),
    buryMessage: (message, reason) => queue.buryMessage(message, reason),
    requeue: (letter, as) => queue.requeue(letter, as),
  };
}

function faultyModels({ models }: NodeParts, cross: Crossing): NodeParts['models'] {
  return {
    async call(request, options) {
      cross('model.start');
      const reply = await models.call(request, options);
      cross('model.answered');
      return reply;
    },
  };
}

function faultyTools({ tools }: NodeParts, cross: Crossing): NodeParts['tools'] {
  return {
    async run(call, options) {
      cross(`tool.start:${call.name}`);
      const answer = await tools.run(call, options);
      cross(`tool.answered:${call.name}`);
      return answer;
    },
    async collect(scope) {
      cross('workspace.collect');
      return tools.collect(scope);
    },
    release: (scope) => tools.release(scope),
  };
}
