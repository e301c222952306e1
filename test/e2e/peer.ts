import { until } from './stage.ts';

/** A message of the wire, as a stranger reads it. */
export interface Message {
  readonly jsonrpc: string;
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly code: number; readonly message: string; readonly data: { readonly code: string; readonly retryable: boolean } };
}

/** A stranger at the WebSocket: the platform's own client, JSON-RPC by hand. */
export class Peer {
  readonly messages: Message[] = [];
  readonly socket: WebSocket;
  #closed: { code: number; reason: string } | undefined;
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.addEventListener('message', ({ data }) => this.messages.push(JSON.parse(String(data)) as Message));
    socket.addEventListener('close', ({ code, reason }) => {
      this.#closed = { code, reason };
    });
  }

  /** Connected, not yet opened. */
  static async connect(url: string): Promise<Peer> {
    const socket = new WebSocket(url);
    const peer = new Peer(socket);
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener('open', () => resolve());
      socket.addEventListener('error', () => reject(new Error(`no WebSocket at ${url}`)));
    });
    return peer;
  }

  static async open(url: string): Promise<Peer> {
    const peer = await Peer.connect(url);
    await peer.call('connection.open', { version: 1 });
    return peer;
  }

  get closed(): { code: number; reason: string } | undefined {
    return this.#closed;
  }

  async call(method: string, params?: Record<string, unknown>): Promise<Message> {
    const id = ++this.#lastId;
    this.socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, ...(params === undefined ? {} : { params }) }));
    const answer = (): Message | undefined => this.messages.find((message) => message.id === id && message.method === undefined);
    await until(`${method} is answered`, () => answer() !== undefined || this.#closed !== undefined);
    const found = answer();
    if (found === undefined) throw new Error(`closed before ${method} was answered: ${JSON.stringify(this.#closed)}`);
    return found;
  }

  /** The events heard of a goal. */
  events(goalId: string): Record<string, unknown>[] {
    return this.messages.flatMap(({ method, params }) => (method === 'goal.event' && params?.['goalId'] === goalId ? [params] : []));
  }

  close(): void {
    this.socket.close();
  }
}

/** One block of a stream of server-sent events. */
export interface SseBlock {
  readonly id?: string;
  readonly event?: string;
  readonly data?: Record<string, unknown>;
  readonly comment?: string;
}

/** Reads server-sent events by the rules of the standard, to the end of the stream or until `enough`. */
export async function readSse(
  url: string,
  headers: Record<string, string> = {},
  enough: (blocks: readonly SseBlock[]) => boolean = () => false,
): Promise<SseBlock[]> {
  const leave = new AbortController();
  const response = await fetch(url, { headers: { accept: 'text/event-stream', ...headers }, signal: leave.signal });
  if (!response.ok || response.body === null) throw new Error(`${response.status} ${await response.text()}`);
  const blocks: SseBlock[] = [];
  let text = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const parts = text.split('\n\n');
    text = parts.pop() ?? '';
    for (const part of parts) blocks.push(blockOf(part));
    if (enough(blocks)) {
      leave.abort();
      break;
    }
  }
  return blocks;
}

function blockOf(part: string): SseBlock {
  const field = (name: string): string | undefined => new RegExp(`^${name}: ?(.*)$`, 'm').exec(part)?.[1];
  const [id, event, data, comment] = [field('id'), field('event'), field('data'), field('')];
  return {
    ...(id === undefined ? {} : { id }),
    ...(event === undefined ? {} : { event }),
    ...(data === undefined ? {} : { data: JSON.parse(data) as Record<string, unknown> }),
    ...(comment === undefined ? {} : { comment }),
  };
}
