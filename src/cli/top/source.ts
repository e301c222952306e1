import { FlockworkError } from '../../../protocols/errors/error.ts';
import type { GoalView } from '../../../protocols/goals/goal.ts';
import type { FlockworkClient } from '../../client/index.ts';
import { AgentsFeed } from './agents-feed.ts';
import { type NodeFigures, readFigures } from './figures.ts';
import type { TopState } from './state.ts';

/** Goals that are asked for, of each status. */
const goalsMax = 50;
const endedGoalsMax = 10;
/** How long the first picture waits for the feed of the inspector. Milliseconds. */
const feedMaxMs = 1_500;
const figuresMaxMs = 2_000;

export interface SourceOptions {
  readonly client: FlockworkClient;
  /** As it was named: `ws://…`, `http://…`, or a multiaddr. */
  readonly address: string;
  readonly token: string | undefined;
}

/** Asks one node for what the view shows: goals and nodes by its methods, agents and queues where it speaks HTTP. */
export class TopSource {
  readonly #options: SourceOptions;
  readonly #http: string | undefined;
  readonly #feed: AgentsFeed | undefined;
  #records: { readonly count: number; readonly at: number } | undefined;
  #rate: number | undefined;

  constructor(options: SourceOptions) {
    this.#options = options;
    this.#http = httpOf(options.address);
    this.#feed = this.#http === undefined ? undefined : new AgentsFeed(`${this.#http.replace(/^http/, 'ws')}/v1/inspect`, options.token);
  }

  /** Waits until the feed has told something, or will not. */
  async ready(): Promise<void> {
    const until = Date.now() + feedMaxMs;
    while (this.#feed !== undefined && !this.#feed.opened && this.#feed.failure === undefined && Date.now() < until)
      await new Promise((resolve) => setTimeout(resolve, 20));
    // The first frame comes with the next tick of the node.
    if (this.#feed?.opened === true) await new Promise((resolve) => setTimeout(resolve, 250));
  }

  /** Throws what the methods of the node throw. */
  async read(): Promise<TopState> {
    const { client, address } = this.#options;
    const [nodes, approvals, goals, figures] = await Promise.all([client.nodes(), client.approvals(), this.#goals(), this.#figures()]);
    const at = Date.now();
    this.#count(figures, at);
    const missing = this.#http === undefined ? 'agents and queues are shown where the node is reached over HTTP or WebSocket' : this.#feed?.failure;
    return {
      at,
      address,
      nodes: nodes.map(({ id, roles, shards, load, startedAt }) => ({ id, roles, shards, goals: load.goals, agents: load.agents, startedAt })),
      goals,
      approvals: approvals.length,
      agents: this.#feed?.opened === true ? this.#feed.agents() : undefined,
      queues: figures?.queues,
      recordsPerSecond: this.#rate,
      missing,
    };
  }

  close(): void {
    this.#feed?.close();
  }

  async #goals(): Promise<readonly GoalView[]> {
    const { client } = this.#options;
    const atWork = await Promise.all((['running', 'paused', 'accepted'] as const).map((status) => client.list({ limit: goalsMax, status })));
    const { items } = await client.list({ limit: endedGoalsMax });
    const first = atWork.flatMap((page) => page.items);
    const known = new Set(first.map(({ id }) => id));
    return [...first, ...items.filter(({ id }) => !known.has(id))];
  }

  async #figures(): Promise<NodeFigures | undefined> {
    if (this.#http === undefined) return undefined;
    const { token } = this.#options;
    try {
      const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const answer = await fetch(`${this.#http}/metrics`, { headers, signal: AbortSignal.timeout(figuresMaxMs) });
      return answer.ok ? readFigures(await answer.text()) : undefined;
    } catch (error) {
      // A node that is gone is told by its methods; what is late is left out of this picture.
      if (error instanceof TypeError || error instanceof DOMException) return undefined;
      throw error;
    }
  }

  #count(figures: NodeFigures | undefined, at: number): void {
    const before = this.#records;
    if (figures === undefined) return;
    if (before !== undefined && at > before.at) this.#rate = Math.max(0, ((figures.records - before.count) * 1_000) / (at - before.at));
    this.#records = { count: figures.records, at };
  }
}

/** The HTTP address of the node behind an address; undefined over QUIC or TCP. */
function httpOf(address: string): string | undefined {
  if (address.startsWith('/')) return undefined;
  if (!URL.canParse(address)) throw new FlockworkError('usage', `--connect ${address} is no address`);
  const url = new URL(address);
  return `${/^(wss|https):$/.test(url.protocol) ? 'https' : 'http'}://${url.host}`;
}
