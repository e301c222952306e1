import { Cell } from '../../actors/cell/cell.ts';
import type { CellOptions } from '../../actors/cell/cell-options.ts';
import { loadFold } from '../../actors/cell/load.ts';
import { agentActor, type TaskMessage } from '../../protocols/goals/task.ts';
import { journalSubject } from '../../protocols/subjects.ts';
import { agentEffects } from '../../swarm/effects/agent-effects.ts';
import type { SwarmHost } from '../../swarm/swarm-host.ts';
import { assignmentOf } from '../../swarm/worker/assignment.ts';
import type { Process } from './process.ts';
import type { Store } from './store.ts';
import type { World } from './world.ts';

/** How long a task is claimed before it is offered to others, and the share of it after which its worker starts no effect. */
const ackWaitMs = 900;
const deadlineShare = 0.8;
/** The wait before a task that could not be taken is offered again. Milliseconds. */
const nakMs = 200;

/** One message of the queue in the hands of one worker. */
interface Claim {
  confirmedAt: number;
  over: boolean;
}

/** Takes tasks and runs their agents in real cells; acknowledges a task only after its agent's last record. */
export class Worker {
  readonly #world: World;
  readonly #store: Store;
  readonly #process: Process;
  readonly #host: SwarmHost;
  readonly #lives: (node: string) => boolean;
  /** Open cells by actor. */
  readonly cells = new Map<string, Cell>();
  /** Actors that are open or being opened here: one process opens an agent once at a time. */
  readonly #taken = new Set<string>();

  constructor(world: World, store: Store, process: Process, host: SwarmHost, lives: (node: string) => boolean) {
    this.#world = world;
    this.#store = store;
    this.#process = process;
    this.#host = host;
    this.#lives = lives;
  }

  /** Offers a message of the queue; `again` makes it visible to all workers, once. */
  take(id: string, message: TaskMessage, again: (afterMs: number) => void): void {
    const claim: Claim = { confirmedAt: this.#world.clock.now(), over: false };
    this.#extend(claim, again);
    const give = (afterMs: number): void => {
      if (!claim.over) again(afterMs);
      claim.over = true;
    };
    this.#process.deliver(() => {
      this.#work(message, claim).then(
        (done) =>
          void this.#process.call(() => {
            if (!done) return give(nakMs);
            claim.over = true;
            this.#store.tasks.delete(id);
          }),
        () => void this.#process.call(() => give(nakMs)),
      );
    });
  }

  /** A claim lasts while its worker can say so; another may take the task when it cannot. */
  #extend(claim: Claim, again: (afterMs: number) => void): void {
    this.#world.clock.timer(ackWaitMs / 3, () => {
      if (claim.over) return;
      if (this.#process.state === 'up') claim.confirmedAt = this.#world.clock.now();
      if (this.#world.clock.now() - claim.confirmedAt < ackWaitMs) return this.#extend(claim, again);
      claim.over = true;
      again(0);
    });
  }

  /** True when the task may leave the queue. */
  async #work(message: TaskMessage, claim: Claim): Promise<boolean> {
    const actor = agentActor(message.task, message.attempt);
    if (this.#store.ended) return true;
    if (this.#taken.has(actor)) return false;
    this.#taken.add(actor);
    try {
      return await this.#run(message, actor, claim);
    } finally {
      this.#taken.delete(actor);
    }
  }

  async #run(message: TaskMessage, actor: string, claim: Claim): Promise<boolean> {
    const { tenant, root } = message;
    const stream = journalSubject({ tenant, root, actor });
    const { fold } = await loadFold(this.#host.bus, this.#host.kinds, stream, this.#host.cellBounds.inboxSeenMax);
    if (fold?.ended) return true;
    if (fold !== undefined && fold.node !== this.#host.node && this.#lives(fold.node)) return false;
    const options: CellOptions = {
      address: { tenant, root, actor },
      stream,
      kinds: this.#host.kinds,
      node: this.#host.node,
      ports: { journal: this.#host.bus.journal, blobs: this.#host.bus.blobs, clock: this.#host.clock, ids: this.#host.ids },
      perform: agentEffects(this.#host),
      bounds: this.#host.cellBounds,
      mayStart: () => this.#world.clock.now() - claim.confirmedAt < ackWaitMs * deadlineShare,
      onDead: this.#host.onDead,
    };
    const cell = fold === undefined ? await Cell.create(options, await assignmentOf(message, this.#host.node, this.#host.bus.blobs)) : await Cell.open(options);
    if (cell === undefined) throw new Error(`the journal of ${actor} vanished`);
    this.cells.set(actor, cell);
    const end = await cell.whenStopped();
    this.cells.delete(actor);
    return end.reason === 'ended';
  }
}
