import type { Pubsub } from '../../../actors/ports/pubsub.ts';
import { failureOf } from '../../../protocols/errors/error.ts';
import { nodeSubject } from '../../../protocols/subjects.ts';
import type { InspectorBounds } from '../bounds.ts';
import type { TenantHub } from '../hub.ts';
import type { UsageTold } from '../usage/usage-view.ts';
import { type RemoteRow, remoteAnswer } from './remote-protocol.ts';

export interface RemotePorts {
  /** This node. */
  readonly node: string;
  readonly pubsub: Pubsub;
  /** Ids of the living nodes, this one among them. */
  readonly nodes: () => Promise<readonly string[]>;
}

interface Asked {
  life: string;
  after: number;
  behind: number;
  busy: boolean;
  usage?: UsageTold;
}

/**
 * The other nodes as the pages of one tenant see them. While a page is open each node is asked in turn what changed there; an answer that is
 * late holds up nobody else, and without a page nobody is asked at all.
 */
export class RemoteNodes {
  readonly #ports: RemotePorts;
  readonly #bounds: InspectorBounds;
  readonly #hub: TenantHub;
  readonly #tenant: string;
  readonly #watched: () => readonly string[];
  readonly #wantsUsage: () => boolean;
  readonly #nodes = new Map<string, Asked>();
  #listedAt = Number.NEGATIVE_INFINITY;
  #listing = false;
  /** Questions that were not answered. */
  failures = 0;
  /** Why the last of them was not. */
  lastFailure = '';

  constructor(options: {
    ports: RemotePorts;
    bounds: InspectorBounds;
    hub: TenantHub;
    tenant: string;
    watched: () => readonly string[];
    wantsUsage: () => boolean;
  }) {
    this.#ports = options.ports;
    this.#bounds = options.bounds;
    this.#hub = options.hub;
    this.#tenant = options.tenant;
    this.#watched = options.watched;
    this.#wantsUsage = options.wantsUsage;
  }

  /** Changed actors of other nodes that are not told yet. */
  get behind(): number {
    let sum = 0;
    for (const { behind } of this.#nodes.values()) sum += behind;
    return sum;
  }

  /** What tools and models did on the other nodes, as they last told. */
  get usage(): UsageTold[] {
    return [...this.#nodes.values()].flatMap(({ usage }) => (usage === undefined ? [] : [usage]));
  }

  /** Asks every node that has answered the last question. `at` in ms. */
  ask(at: number): void {
    if (!this.#listing && at - this.#listedAt >= this.#bounds.remoteListMs) {
      this.#listing = true;
      this.#listedAt = at;
      void this.#list();
    }
    for (const [node, asked] of this.#nodes) if (!asked.busy) void this.#question(node, asked);
  }

  async #list(): Promise<void> {
    try {
      const nodes = new Set(await this.#ports.nodes());
      nodes.delete(this.#ports.node);
      for (const node of this.#nodes.keys()) if (!nodes.has(node)) this.#nodes.delete(node);
      for (const node of nodes) if (!this.#nodes.has(node)) this.#nodes.set(node, { life: '', after: 0, behind: 0, busy: false });
    } catch (error) {
      this.#failed(error);
    }
    this.#listing = false;
  }

  async #question(node: string, asked: Asked): Promise<void> {
    asked.busy = true;
    try {
      const question = { type: 'inspect', tenant: this.#tenant, life: asked.life, after: asked.after, watch: this.#watched(), usage: this.#wantsUsage() };
      const text = await this.#ports.pubsub.request(nodeSubject(node), JSON.stringify(question), {
        timeoutMs: this.#bounds.remoteAnswerMs,
      });
      const { life, after, rows, behind, usage } = remoteAnswer.parse(JSON.parse(text));
      Object.assign(asked, { life, after, behind, ...(usage === undefined ? {} : { usage }) });
      for (const row of rows) this.#take(node, row);
    } catch (error) {
      this.#failed(error);
    }
    asked.busy = false;
  }

  #failed(error: unknown): void {
    this.failures++;
    this.lastFailure = failureOf(error).message;
  }

  #take(node: string, row: RemoteRow): void {
    const { root, actor, machine, parent, state, event, seq, mailboxDepth, restarts, steps, moves, context } = row;
    const known = this.#hub.actor(`${root}/${actor}`);
    // What runs here is known better here.
    if (known !== undefined && known.node === '' && known.seq >= seq) return;
    const base = {
      actor: { tenant: this.#tenant, root, actor },
      parent,
      machine,
      at: 0,
      facts: [],
      context: known?.context ?? {},
      mailboxDepth,
      restarts,
    };
    const before = known?.seq ?? 0;
    for (const [number, , name, then] of steps ?? [])
      if (number > before && number < seq) this.#hub.observe({ ...base, seq: number, event: name, state: then }, node);
    const fresh = known === undefined || seq > before || known.state !== this.#hub.names.numberOf(state);
    if (fresh) this.#hub.observe({ ...base, seq, event, state }, node);
    const seen = this.#hub.actor(`${root}/${actor}`);
    if (seen !== undefined && context !== undefined) this.#hub.learn(seen, { context, moves: moves ?? [], steps: steps ?? [] });
  }
}
