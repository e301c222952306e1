import type { Bus } from '../../../actors/ports/bus.ts';
import type { Journal } from '../../../actors/ports/journal.ts';
import type { Models } from '../../../actors/ports/models.ts';
import type { Queue } from '../../../actors/ports/queue.ts';
import type { ToolAnswer, Tools } from '../../../actors/ports/tools.ts';
import { failureOf } from '../../../protocols/errors/error.ts';
import { latencySeconds } from './bounds.ts';
import type { MetricFamily } from './family.ts';
import { Counter, Histogram } from './instruments.ts';

/** Milliseconds that only grow. */
export type Stopwatch = () => number;

/** Times and counts what a node does outside: journal, queues, models, tools. Each wrapper does what the port does, and nothing it counts can fail a call. */
export class PortMetrics {
  readonly #now: Stopwatch;
  readonly #append = new Histogram({
    name: 'flockwork.journal.append',
    help: 'Until an append to the journal was durable.',
    unit: 's',
    labels: ['outcome'],
    bounds: latencySeconds,
  });
  readonly #records = new Counter({ name: 'flockwork.journal.records', help: 'Records that were appended.' });
  readonly #deliveries = new Counter({ name: 'flockwork.queue.deliveries', help: 'Messages that were delivered from the queues.', labels: ['queue'] });
  readonly #redeliveries = new Counter({ name: 'flockwork.queue.redeliveries', help: 'Deliveries of a message after its first.', labels: ['queue'] });
  readonly #model = new Histogram({
    name: 'flockwork.model.latency',
    help: 'One call of a model, until its whole reply is there.',
    unit: 's',
    labels: ['model', 'outcome'],
    bounds: latencySeconds,
  });
  readonly #firstText = new Histogram({
    name: 'flockwork.model.first.text',
    help: 'Until a model sent its first text.',
    unit: 's',
    labels: ['model'],
    bounds: latencySeconds,
  });
  readonly #tokens = new Counter({ name: 'flockwork.tokens', help: 'Tokens that models told they used.', labels: ['model', 'kind'] });
  readonly #cost = new Counter({ name: 'flockwork.cost', help: 'What models cost, as far as prices are known.', unit: 'USD', labels: ['model'] });
  readonly #tools = new Histogram({
    name: 'flockwork.tools.latency',
    help: 'One run of a tool behind the gate.',
    unit: 's',
    labels: ['tool', 'outcome'],
    bounds: latencySeconds,
  });

  constructor(now: Stopwatch) {
    this.#now = now;
    for (const outcome of ['ok', 'store_full', 'store_failed', 'bus_unreachable', 'journal_conflict']) this.#append.show(outcome);
    for (const queue of ['tasks', 'inbox']) this.#redeliveries.show(queue);
  }

  families(): readonly MetricFamily[] {
    return [this.#append, this.#records, this.#deliveries, this.#redeliveries, this.#model, this.#firstText, this.#tokens, this.#cost, this.#tools].map(
      (metric) => metric.family(),
    );
  }

  bus(bus: Bus): Bus {
    const { kind, registry, pubsub, blobs, index } = bus;
    return {
      kind,
      registry,
      pubsub,
      blobs,
      index,
      journal: this.#journal(bus.journal),
      tasks: this.#queue(bus.tasks, 'tasks'),
      inbox: this.#queue(bus.inbox, 'inbox'),
      close: () => bus.close(),
    };
  }

  models(models: Models): Models {
    return {
      call: async (request, { signal, onDelta }) => {
        const began = this.#now();
        let silent = true;
        const heard = (delta: string): void => {
          if (silent) this.#firstText.observe((this.#now() - began) / 1_000, request.model);
          silent = false;
          onDelta?.(delta);
        };
        const timed = (outcome: string): void => this.#model.observe((this.#now() - began) / 1_000, request.model, outcome);
        try {
          const reply = await models.call(request, { signal, onDelta: heard });
          timed('ok');
          for (const [name, count] of Object.entries(reply.usage ?? {})) if (typeof count === 'number') this.#tokens.add(count, request.model, name);
          if (reply.costMicroUsd !== null) this.#cost.add(reply.costMicroUsd / 1_000_000, request.model);
          return reply;
        } catch (error) {
          timed(failureOf(error).code);
          throw error;
        }
      },
    };
  }

  tools(tools: Tools): Tools {
    return {
      run: async (call, options): Promise<ToolAnswer> => {
        const began = this.#now();
        const timed = (tool: string, outcome: string): void => this.#tools.observe((this.#now() - began) / 1_000, tool, outcome);
        try {
          const answer = await tools.run(call, options);
          timed(call.name, 'ok');
          return answer;
        } catch (error) {
          const { code } = failureOf(error);
          timed(code === 'tool_unknown' ? 'unknown' : call.name, code);
          throw error;
        }
      },
      collect: (scope) => tools.collect(scope),
      release: (scope) => tools.release(scope),
    };
  }

  #journal(journal: Journal): Journal {
    return {
      get store() {
        return journal.store;
      },
      append: async (stream, after, records) => {
        const began = this.#now();
        try {
          const position = await journal.append(stream, after, records);
          this.#append.observe((this.#now() - began) / 1_000, 'ok');
          this.#records.add(records.length);
          return position;
        } catch (error) {
          this.#append.observe((this.#now() - began) / 1_000, failureOf(error, 'store_failed').code);
          throw error;
        }
      },
      read: (pattern, options) => journal.read(pattern, options),
      follow: (pattern, onEntry) => journal.follow(pattern, onEntry),
      head: () => journal.head(),
    };
  }

  #queue(queue: Queue, name: string): Queue {
    return {
      get ackWaitMs() {
        return queue.ackWaitMs;
      },
      push: (message) => queue.push(message),
      pull: async (options) => {
        const deliveries = await queue.pull(options);
        this.#deliveries.add(deliveries.length, name);
        this.#redeliveries.add(deliveries.filter((delivery) => delivery.deliveries > 1).length, name);
        return deliveries;
      },
      depth: (topic) => queue.depth(topic),
      dead: (options) => queue.dead(options),
      buryMessage: (message, reason) => queue.buryMessage(message, reason),
      requeue: (letter, as) => queue.requeue(letter, as),
    };
  }
}
