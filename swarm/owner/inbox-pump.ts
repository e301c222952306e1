import type { Cell } from '../../actors/cell/cell.ts';
import type { Input } from '../../actors/cell/kind.ts';
import { loadFold } from '../../actors/cell/load.ts';
import type { Delivery } from '../../actors/ports/queue.ts';
import { failureOf } from '../../protocols/errors/error.ts';
import { isEnded } from '../../protocols/goals/goal.ts';
import { coordinatorActor } from '../../protocols/goals/task.ts';
import { recordInput } from '../../protocols/journal/record.ts';
import { type ActorAddress, deliverSubject, journalSubject, parseInboxSubject } from '../../protocols/subjects.ts';
import { type GoalRow, goalKey } from '../goals/goal-index.ts';
import type { SwarmHost } from '../swarm-host.ts';
import type { Adoption } from './adoption.ts';
import { handoverMs, inboxDeliveriesMax as inboxDeliveriesMaxDefault, inboxNakMs, inboxNakMsMax, inboxPullMax, inboxPullMs } from './bounds.ts';
import type { OpenCells } from './open-cells.ts';

interface InboxPumpOptions {
  readonly host: SwarmHost;
  readonly cells: OpenCells;
  readonly adoption: Adoption;
  readonly shard: number;
  /** Opens a root's coordinator. */
  readonly wake: (tenant: string, root: string) => Promise<Cell | undefined>;
  readonly inboxDeliveriesMax?: number;
}

/** Drains the inboxes of one shard: journals each message, then acknowledges it. */
export class InboxPump {
  readonly #options: InboxPumpOptions;
  readonly #abort = new AbortController();
  #loop: Promise<void> | undefined;

  constructor(options: InboxPumpOptions) {
    this.#options = options;
  }

  start(): void {
    this.#loop = this.#drain(String(this.#options.shard));
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#loop;
  }

  async #drain(topic: string): Promise<void> {
    const { signal } = this.#abort;
    const { host } = this.#options;
    while (!signal.aborted) {
      try {
        const deliveries = await host.bus.inbox.pull({ topic, max: inboxPullMax, waitMs: inboxPullMs, signal });
        await Promise.all(deliveries.map((delivery) => this.#deliver(delivery)));
      } catch (error) {
        if (signal.aborted) return;
        host.note(`the inbox of shard ${topic} could not be read: ${failureOf(error).message}`);
        await new Promise<void>((resolve) => host.clock.timer(inboxNakMsMax, resolve));
      }
    }
  }

  async #deliver(delivery: Delivery): Promise<void> {
    const address = parseInboxSubject(delivery.subject);
    const input = parseInput(delivery.body);
    if (address === undefined || input === undefined) return delivery.bury('not an inbox message of this version');
    try {
      const taken = await this.#hand(address, { ...input, id: delivery.id });
      if (!taken) return await this.#undeliverable(delivery, address);
      await delivery.ack();
    } catch (error) {
      if (failureOf(error).code === 'invalid_request') return delivery.bury(failureOf(error).message);
      // Full or stopped: the message is still in the inbox and comes again.
      this.#options.host.note(`${delivery.subject}: a message waits (${failureOf(error).code})`);
      await delivery.nak(inboxNakMs);
    }
  }

  /** Journals the message with its actor, here or at the worker that has the agent open; false when it is open nowhere. */
  async #hand(address: ActorAddress, input: Input): Promise<boolean> {
    const cell = await this.#find(address);
    if (cell !== undefined) {
      await cell.post(settling(cell, input));
      return true;
    }
    if (address.actor === coordinatorActor) return false;
    try {
      await this.#options.host.bus.pubsub.request(deliverSubject(address), JSON.stringify(input), { timeoutMs: handoverMs });
      return true;
    } catch (error) {
      if (failureOf(error).code === 'no_responder') return false;
      throw error;
    }
  }

  async #find({ tenant, root, actor }: ActorAddress): Promise<Cell | undefined> {
    const open = this.#options.cells.get(journalSubject({ tenant, root, actor }));
    if (open !== undefined || actor !== coordinatorActor) return open;
    return this.#options.wake(tenant, root);
  }

  /** True for an agent that is over, or whose journal nobody can read. */
  async #hasEnded(address: ActorAddress): Promise<boolean> {
    const { bus, kinds, cellBounds } = this.#options.host;
    try {
      const { fold } = await loadFold(bus, kinds, journalSubject(address), cellBounds.inboxSeenMax);
      return fold?.ended === true;
    } catch (error) {
      if (failureOf(error).retryable) throw error;
      return true;
    }
  }

  /** An actor that is over gets no messages; one that is not open is given time to be, an agent as long as it may be opened again. */
  async #undeliverable(delivery: Delivery, { tenant, root, actor }: ActorAddress): Promise<void> {
    const row = await this.#options.host.bus.index.get(goalKey(tenant, root));
    if (row === undefined) return delivery.bury(`there is no root '${root}'`);
    if (isEnded((JSON.parse(row) as GoalRow).status)) return delivery.bury(`goal ${root} has ended`);
    // Whoever takes the root up finds it here.
    if (!this.#options.adoption.has(tenant, root)) return delivery.nak(inboxNakMsMax);
    const { inboxDeliveriesMax = inboxDeliveriesMaxDefault } = this.#options;
    if (actor === coordinatorActor && delivery.deliveries >= inboxDeliveriesMax)
      return delivery.bury(`${actor} was not open in ${inboxDeliveriesMax} deliveries`);
    // Its worker may be away for long; a budget that was granted, or a decision, must find it all the same.
    if (actor !== coordinatorActor && delivery.deliveries % inboxDeliveriesMax === 0 && (await this.#hasEnded({ tenant, root, actor })))
      return delivery.bury(`${actor} has ended`);
    await delivery.nak(Math.min(inboxNakMs * 2 ** Math.min(delivery.deliveries - 1, 10), inboxNakMsMax));
  }
}

/** The end of an attempt settles its push, whoever tells it. */
function settling(cell: Cell, input: Input): Input {
  const key = input.type === 'task.ended' ? cell.keyOf(`${String(input['task'])}-${String(input['attempt'])}`) : undefined;
  return key === undefined ? input : { ...input, key };
}

function parseInput(body: string): Input | undefined {
  try {
    const parsed = recordInput.safeParse(JSON.parse(body));
    return parsed.success ? (parsed.data as Input) : undefined;
  } catch {
    // Not JSON: the caller buries it with a reason.
    return undefined;
  }
}
