import type { AgentTable } from '../../actors/agent/agent.table.ts';
import { Cell } from '../../actors/cell/cell.ts';
import type { CellEnd, CellOptions, Perform } from '../../actors/cell/cell-options.ts';
import type { Input } from '../../actors/cell/kind.ts';
import { type Loaded, loadFold } from '../../actors/cell/load.ts';
import type { Delivery } from '../../actors/ports/queue.ts';
import { type Failure, failureOf } from '../../protocols/errors/error.ts';
import { type GoalStatus, isEnded } from '../../protocols/goals/goal.ts';
import { agentActor, coordinatorActor, type TaskMessage, taskMessage } from '../../protocols/goals/task.ts';
import { deliverSubject, journalSubject } from '../../protocols/subjects.ts';
import { agentEffects, scopeOf } from '../effects/agent-effects.ts';
import { type GoalRow, goalKey } from '../goals/goal-index.ts';
import type { Adoption } from '../owner/adoption.ts';
import type { OpenCells } from '../owner/open-cells.ts';
import type { SwarmHost } from '../swarm-host.ts';
import { assignmentOf } from './assignment.ts';
import { concurrency as concurrencyDefault, failedNakMs, heldNakMs, taskPullMs, unopenedDeliveriesMax as unopenedDeliveriesMaxDefault } from './bounds.ts';
import { Claim } from './claim.ts';
import { abandonment, isHopeless, tellUnreadable } from './hopeless.ts';
import { nodeKey } from './node-lease.ts';
import { hasGoal, strayOf } from './refusal.ts';

export interface WorkerOptions {
  readonly host: SwarmHost;
  readonly cells: OpenCells;
  readonly adoption: Adoption;
  readonly pools: readonly string[];
  readonly concurrency?: number;
  readonly unopenedDeliveriesMax?: number;
}

/** Pulls tasks, opens each agent where its journal stands, and acknowledges a task only after the agent's last record. */
export class Worker {
  readonly #host: SwarmHost;
  readonly #cells: OpenCells;
  readonly #adoption: Adoption;
  readonly #pools: readonly string[];
  readonly #concurrency: number;
  readonly #unopenedDeliveriesMax: number;
  readonly #perform: Perform;
  readonly #abort = new AbortController();
  /** Stops the cells, those that are still being opened among them. */
  readonly #halt = new AbortController();
  /** By delivery: a task whose claim was lost may come again while its first delivery is still being let go. */
  readonly #running = new Set<Promise<void>>();
  /** Streams of agents that a delivery is working on, from before their cell is open. */
  readonly #opening = new Set<string>();
  #loops: Promise<void>[] = [];
  #freed: (() => void)[] = [];

  constructor({ host, cells, adoption, pools, concurrency = concurrencyDefault, unopenedDeliveriesMax = unopenedDeliveriesMaxDefault }: WorkerOptions) {
    this.#host = host;
    this.#cells = cells;
    this.#adoption = adoption;
    this.#pools = pools;
    this.#concurrency = concurrency;
    this.#unopenedDeliveriesMax = unopenedDeliveriesMax;
    this.#perform = agentEffects(host);
  }

  /** Agents at work. */
  get load(): number {
    return this.#running.size;
  }

  start(): void {
    this.#loops = this.#pools.map((pool) => this.#pullFrom(pool));
  }

  /** Stops pulling, gives agents `drainMs` to end, then stops their cells: the journals go on elsewhere. */
  async stop(drainMs = 0): Promise<void> {
    this.#abort.abort();
    for (const free of this.#freed) free();
    if (drainMs > 0 && this.#running.size > 0) {
      let disarm = (): void => undefined;
      const late = new Promise<void>((resolve) => (disarm = this.#host.clock.timer(drainMs, resolve)));
      await Promise.race([Promise.allSettled(this.#running), late]);
      disarm();
    }
    this.#halt.abort();
    await Promise.allSettled([...this.#running, ...this.#loops]);
  }

  async #pullFrom(topic: string): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      const room = this.#concurrency - this.#running.size;
      if (room <= 0) {
        await new Promise<void>((resolve) => this.#freed.push(resolve));
        continue;
      }
      try {
        for (const delivery of await this.#host.bus.tasks.pull({ topic, max: room, waitMs: taskPullMs, signal })) {
          // Another pool may have filled the room while this one was asked.
          if (this.#running.size < this.#concurrency) this.#begin(delivery);
          else void this.#giveBack(delivery, 0);
        }
      } catch (error) {
        if (signal.aborted) return;
        this.#host.note(`pool ${topic} could not be read: ${failureOf(error).message}`);
        await new Promise<void>((resolve) => this.#host.clock.timer(failedNakMs, resolve));
      }
    }
  }

  #begin(delivery: Delivery): void {
    // The claim counts from the delivery, not from when its agent has been loaded.
    const claim = new Claim(delivery, this.#host.bus.tasks.ackWaitMs, this.#host.clock);
    const work = this.#work(delivery, claim)
      .catch(async (error: unknown) => {
        // A stopping worker hands its tasks over at once; that is no failure.
        if (this.#abort.signal.aborted) return await this.#giveBack(delivery, heldNakMs);
        this.#host.note(`task ${delivery.id}: ${failureOf(error).message} (${failureOf(error).code})`);
        await this.#giveBack(delivery, failedNakMs);
      })
      .finally(() => {
        this.#running.delete(work);
        for (const free of this.#freed.splice(0)) free();
      });
    this.#running.add(work);
  }

  #giveBack(delivery: Delivery, delayMs: number): Promise<void> {
    return delivery.nak(delayMs).catch((cause: unknown) => this.#host.note(`task ${delivery.id} could not be given back: ${failureOf(cause).message}`));
  }

  async #work(delivery: Delivery, claim: Claim): Promise<void> {
    let reserved = '';
    try {
      const message = readTask(delivery.body);
      if (message === undefined) return delivery.bury('not a task message of this version');
      const stray = strayOf(delivery, message);
      if (stray !== undefined) return delivery.bury(stray);
      if (!this.#adoption.has(message.tenant, message.root)) return delivery.nak(heldNakMs);
      const status = await this.#goalStatus(message);
      const over = isOver(status);
      const stream = journalSubject({ tenant: message.tenant, root: message.root, actor: agentActor(message.task, message.attempt) });
      // Two deliveries of one task must not open its journal side by side.
      if (this.#cells.get(stream) !== undefined || this.#opening.has(stream)) return delivery.nak(heldNakMs);
      this.#opening.add(stream);
      reserved = stream;
      // A task that comes for the first time has no journal: where it has one after all, the first append conflicts, and the next delivery reads it.
      const loaded = over || delivery.deliveries > 1 ? await this.#load(stream, delivery) : { fold: undefined };
      if ('failure' in loaded) {
        if (!over) await tellUnreadable(this.#host, message, loaded.failure);
        return await delivery.ack();
      }
      const { fold } = loaded;
      if (fold?.ended || (over && fold === undefined)) return await delivery.ack();
      // An index that lags behind knows no goal either: its journal decides.
      if (fold === undefined && status === undefined && !(await hasGoal(this.#host, message)))
        return await delivery.bury(`there is no goal '${message.root}' of tenant '${message.tenant}'`);
      // Two workers must not steal one journal from each other for ever: a living node keeps what it opened.
      if (fold !== undefined && fold.node !== this.#host.node && (await this.#host.bus.registry.get(nodeKey(fold.node))) !== undefined)
        return delivery.nak(heldNakMs);
      await this.#runAgent({ delivery, message, stream, claim, fresh: fold === undefined, over });
      await delivery.ack();
    } finally {
      claim.release();
      this.#opening.delete(reserved);
    }
  }

  /** The journal of an agent; its failure once no other worker need be waited for. */
  async #load(stream: string, delivery: Delivery): Promise<Loaded | { readonly failure: Failure }> {
    const { bus, kinds, cellBounds } = this.#host;
    try {
      return await loadFold(bus, kinds, stream, cellBounds.inboxSeenMax);
    } catch (error) {
      return { failure: this.#hopeless(delivery, error) };
    }
  }

  /** Why no worker can have the agent of a task. Throws the error on, so that the task is given back, as long as another one may. */
  #hopeless(delivery: Delivery, error: unknown): Failure {
    const failure = failureOf(error);
    if (!isHopeless(failure) || delivery.deliveries < this.#unopenedDeliveriesMax) throw error;
    this.#host.note(`task ${delivery.id} is ended, for no worker can have its agent: ${failure.message} (${failure.code})`);
    return failure;
  }

  async #runAgent(work: AgentWork): Promise<void> {
    const { message, stream, claim } = work;
    const lost = new AbortController();
    claim.onLost(() => lost.abort());
    const options = this.#cellOptions(message, stream, claim, AbortSignal.any([this.#halt.signal, lost.signal]));
    const cell = await this.#cellOf(work, options);
    if (cell === undefined) throw new Error(`the journal ${stream} vanished while it was opened`);
    this.#cells.add(cell);
    claim.onExtended(() => void this.#cancelWithGoal(message, cell));
    try {
      const end = await this.#served(cell);
      if (end.reason === 'failed') throw Object.assign(new Error(end.failure.message), { cause: end.failure });
      if (end.reason !== 'ended') throw new Error(`the cell stopped: ${end.reason}`);
    } finally {
      // A task that is given back must not leave its agent at work.
      cell.stop();
    }
    await this.#host.tools.release(scopeOf(cell.address, cell.table as AgentTable));
  }

  /** The end of a cell, to which messages are handed over until then. */
  async #served(cell: Cell): Promise<CellEnd> {
    // The owner of the shard may be another process: it hands over here what came into the agent's inbox.
    const door = await this.#host.bus.pubsub.serve(deliverSubject(cell.address), async (body) => cell.post(JSON.parse(body) as Input));
    const end = await cell.whenStopped();
    await door.stop();
    return end;
  }

  async #cellOf({ delivery, message, fresh, over }: AgentWork, options: CellOptions): Promise<Cell | undefined> {
    // What it had asked for when its worker died is not asked again for a goal that has ended.
    if (!fresh) return Cell.open(options, over ? cancelWithGoal(options.stream) : undefined);
    try {
      return await Cell.create(options, await assignmentOf(message, this.#host.node, this.#host.bus.blobs));
    } catch (error) {
      return Cell.create(options, abandonment(message, this.#host.node, this.#hopeless(delivery, error)));
    }
  }

  /** The coordinator tells its agents when the goal ends. Should it die before it has, they learn it with their heartbeat. */
  async #cancelWithGoal(message: TaskMessage, cell: Cell): Promise<void> {
    try {
      if (cell.end === undefined && isOver(await this.#goalStatus(message)) && cell.end === undefined) await cell.post(cancelWithGoal(cell.stream));
    } catch (error) {
      // The next heartbeat looks again.
      this.#host.note(`${cell.stream}: not known whether its goal goes on (${failureOf(error).code})`);
    }
  }

  /** As the index has it. */
  async #goalStatus({ tenant, root }: TaskMessage): Promise<GoalStatus | undefined> {
    const row = await this.#host.bus.index.get(goalKey(tenant, root));
    return row === undefined ? undefined : (JSON.parse(row) as GoalRow).status;
  }

  #cellOptions({ tenant, root, task, attempt }: TaskMessage, stream: string, claim: Claim, signal: AbortSignal): CellOptions {
    const { bus, clock, ids, kinds, node, cellBounds, onDead, observe } = this.#host;
    return {
      address: { tenant, root, actor: agentActor(task, attempt) },
      stream,
      kinds,
      node,
      ports: { journal: bus.journal, blobs: bus.blobs, clock, ids },
      perform: this.#perform,
      bounds: cellBounds,
      mayStart: () => claim.held,
      onDead,
      signal,
      parent: coordinatorActor,
      ...(observe === undefined ? {} : { observe }),
    };
  }
}

/** One delivery, and what is known of its agent. */
interface AgentWork {
  readonly delivery: Delivery;
  readonly message: TaskMessage;
  readonly stream: string;
  readonly claim: Claim;
  /** Its journal is empty. */
  readonly fresh: boolean;
  /** Its goal has ended. */
  readonly over: boolean;
}

function isOver(status: GoalStatus | undefined): boolean {
  return status !== undefined && isEnded(status);
}

/** What ends an agent that its coordinator could no longer tell. */
function cancelWithGoal(stream: string): Input {
  return { type: 'agent.cancel', id: `${stream}:goal-ended`, reason: 'the goal has ended' };
}

function readTask(body: string): TaskMessage | undefined {
  try {
    const parsed = taskMessage.safeParse(JSON.parse(body));
    return parsed.success ? parsed.data : undefined;
  } catch {
    // Not JSON: the caller buries it with a reason.
    return undefined;
  }
}
