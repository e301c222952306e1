import { Cell } from '../../actors/cell/cell.ts';
import type { JournalEntry } from '../../actors/ports/journal.ts';
import { failureOf } from '../../protocols/errors/error.ts';
import { coordinatorActor } from '../../protocols/goals/task.ts';
import { journalSubject, rootPattern } from '../../protocols/subjects.ts';
import { coordinatorEffects } from '../../swarm/effects/coordinator-effects.ts';
import { agentEndOf } from '../../swarm/owner/agent-end.ts';
import type { SwarmHost } from '../../swarm/swarm-host.ts';
import type { Process } from './process.ts';
import type { Store } from './store.ts';
import type { World } from './world.ts';

/** The wait before a cell that failed is opened again. Milliseconds. */
const reopenMs = 100;
/** Ends of agents that a follower is told a second time. */
const doubleTellShare = 0.1;

/** Hosts the coordinator of the goal in a real cell: opens its journal, tells it the ends of its agents, and gives up when another has taken it. */
export class Owner {
  readonly #world: World;
  readonly #store: Store;
  readonly #process: Process;
  readonly #host: SwarmHost;
  readonly #tenant: string;
  readonly #root: string;
  readonly #holds: () => boolean;
  #cell: Cell | undefined;
  #unfollow: (() => void) | undefined;
  #stopped = false;
  /** When the last followed entry arrives: entries overtake no other. */
  #lastArrival = 0;

  constructor(parts: { world: World; store: Store; process: Process; host: SwarmHost; tenant: string; root: string; holds: () => boolean }) {
    this.#world = parts.world;
    this.#store = parts.store;
    this.#process = parts.process;
    this.#host = parts.host;
    this.#tenant = parts.tenant;
    this.#root = parts.root;
    this.#holds = parts.holds;
  }

  get process(): Process {
    return this.#process;
  }

  get cell(): Cell | undefined {
    return this.#cell;
  }

  /** Live first, then what stands in the journals: nothing falls between. */
  start(): void {
    this.#unfollow = this.#store.follow((entry) => this.#follow(entry));
    void this.#open();
  }

  stop(): void {
    this.#stopped = true;
    this.#unfollow?.();
    this.#cell?.stop();
  }

  async #open(): Promise<void> {
    try {
      const cell = await Cell.open({
        address: { tenant: this.#tenant, root: this.#root, actor: coordinatorActor },
        stream: this.#stream,
        kinds: this.#host.kinds,
        node: this.#host.node,
        ports: { journal: this.#host.bus.journal, blobs: this.#host.bus.blobs, clock: this.#host.clock, ids: this.#host.ids },
        perform: coordinatorEffects(this.#host),
        bounds: this.#host.cellBounds,
        mayStart: this.#holds,
        onDead: this.#host.onDead,
      });
      if (this.#stopped) return cell?.stop();
      this.#cell = cell;
      if (cell === undefined || cell.end !== undefined) return;
      void cell.whenStopped().then(({ reason }) => {
        this.#world.note(`${this.#host.node}: the coordinator's cell stopped: ${reason}`);
        // A process that has lost the goal may open its journal once more before it learns of it: whoever holds the goal takes it back.
        if ((reason === 'failed' || reason === 'conflict') && !this.#stopped) this.#later();
      });
      for await (const entry of this.#host.bus.journal.read(rootPattern(this.#tenant, this.#root))) this.#tell(entry);
    } catch (error) {
      this.#world.note(`${this.#host.node}: the coordinator could not be opened (${failureOf(error).code})`);
      if (!this.#stopped) this.#later();
    }
  }

  get #stream(): string {
    return journalSubject({ tenant: this.#tenant, root: this.#root, actor: coordinatorActor });
  }

  #later(): void {
    this.#process.clock.timer(reopenMs, () => {
      if (!this.#stopped && this.#holds()) void this.#open();
    });
  }

  #follow(entry: JournalEntry): void {
    if (entry.stream === this.#stream || agentEndOf(entry) === undefined) return;
    const now = this.#world.clock.now();
    this.#lastArrival = Math.max(this.#lastArrival, now + this.#world.delay());
    const times = this.#world.random.chance(doubleTellShare) ? 2 : 1;
    for (let time = 0; time < times; time += 1) this.#world.clock.timer(this.#lastArrival - now, () => this.#process.deliver(() => this.#tell(entry)));
  }

  #tell(entry: JournalEntry): void {
    const end = agentEndOf(entry);
    const cell = this.#cell;
    if (end === undefined || cell === undefined || this.#stopped) return;
    const key = cell.keyOf(`${end.input.task}-${end.input.attempt}`);
    // What a stopping cell does not store, whoever opens it next reads in the agent's journal.
    cell
      .settle(key === undefined ? { ...end.input } : { ...end.input, key })
      .catch((error: unknown) => this.#world.note(`${end.input.agent} is told again later (${failureOf(error).code})`));
  }
}
