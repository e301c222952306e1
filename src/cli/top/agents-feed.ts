import type { TopAgent } from './state.ts';

/** The version of the feed of `/v1/inspect` that we speak; docs/operations/inspect-feed.md. */
const feedVersion = 1;
/** How long a feed that broke is left alone. Milliseconds. */
const reconnectMs = 2_000;
/** States in which an agent works no more. */
const endedStates: ReadonlySet<string> = new Set(['answered', 'failed', 'cancelled', 'poisoned']);

type Introduction = readonly [number: number, root: string, actor: string, machine: string, parent: string];
type Row = readonly [number: number, state: string, seq: number, mailbox: number, restarts: number, at: number, since: number];

interface Message {
  readonly type: string;
  readonly message?: string;
  readonly actors?: readonly Introduction[];
  readonly rows?: readonly Row[];
  readonly gone?: readonly number[];
}

/** The agents of one node, from the feed of its inspector. Connects again when it breaks. */
export class AgentsFeed {
  readonly #url: string;
  readonly #token: string | undefined;
  readonly #names = new Map<number, Introduction>();
  readonly #rows = new Map<number, Row>();
  #socket: WebSocket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #opened = false;
  #closed = false;
  #failure: string | undefined;

  /** `url`: `ws://host:port/v1/inspect`. */
  constructor(url: string, token: string | undefined) {
    this.#url = url;
    this.#token = token;
    this.#connect();
  }

  /** Why there are no agents to show. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** True once the node has begun to tell. */
  get opened(): boolean {
    return this.#opened;
  }

  /** Agents that are at work, those first that have been in their state for longest. */
  agents(): readonly TopAgent[] {
    const agents: TopAgent[] = [];
    for (const [number, state, seq, mailbox, restarts, , since] of this.#rows.values()) {
      const [, goal, agent, machine] = this.#names.get(number) ?? [0, '', '', ''];
      if (machine === 'agent' && !endedStates.has(state)) agents.push({ goal, agent, state, seq, mailbox, restarts, since });
    }
    return agents.sort((a, b) => a.since - b.since);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#socket?.close();
  }

  #connect(): void {
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    this.#names.clear();
    this.#rows.clear();
    socket.addEventListener('open', () =>
      socket.send(JSON.stringify({ type: 'open', version: feedVersion, ...(this.#token === undefined ? {} : { token: this.#token }) })),
    );
    socket.addEventListener('message', ({ data }) => this.#take(JSON.parse(String(data)) as Message));
    socket.addEventListener('close', () => {
      this.#opened = false;
      this.#failure ??= 'the feed of the inspector was closed';
      if (!this.#closed) this.#timer = setTimeout(() => this.#connect(), reconnectMs).unref();
    });
    socket.addEventListener('error', () => {
      this.#failure = 'the feed of the inspector cannot be reached';
    });
  }

  #take({ type, message, actors = [], rows = [], gone = [] }: Message): void {
    if (type === 'failed') this.#failure = message;
    if (type === 'opened') {
      this.#opened = true;
      this.#failure = undefined;
    }
    for (const introduction of actors) this.#names.set(introduction[0], introduction);
    for (const row of rows) this.#rows.set(row[0], row);
    for (const number of gone) {
      this.#names.delete(number);
      this.#rows.delete(number);
    }
  }
}
