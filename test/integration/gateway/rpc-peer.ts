import { type ClientOptions, WebSocket } from 'ws';
import { until } from './fixture.ts';

export interface Message {
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: {
    readonly code: number;
    readonly message: string;
    readonly data: { readonly code: string; readonly retryable: boolean; readonly details?: Record<string, unknown> };
  };
}

/** A raw peer of the WebSocket: sends what it is told, keeps what it hears in order. */
export class RpcPeer {
  readonly messages: Message[] = [];
  readonly socket: WebSocket;
  closed: { code: number; reason: string } | undefined;
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data: Buffer) => this.messages.push(JSON.parse(data.toString('utf8')) as Message));
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString('utf8') };
    });
  }

  static async connect(url: string, options: ClientOptions = {}): Promise<RpcPeer> {
    const socket = new WebSocket(url, { perMessageDeflate: false, ...options });
    const peer = new RpcPeer(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    socket.on('error', () => socket.terminate());
    return peer;
  }

  /** Connected and opened. */
  static async open(url: string, token?: string): Promise<RpcPeer> {
    const peer = await RpcPeer.connect(url);
    const answer = await peer.call('connection.open', { version: 1, ...(token === undefined ? {} : { token }) });
    if (answer.error !== undefined) throw new Error(answer.error.message);
    return peer;
  }

  send(text: string | Uint8Array, binary = false): void {
    this.socket.send(text, { binary });
  }

  async call(method: string, params?: Record<string, unknown>): Promise<Message> {
    const id = ++this.#lastId;
    this.send(JSON.stringify({ jsonrpc: '2.0', id, method, ...(params === undefined ? {} : { params }) }));
    return this.answer(id);
  }

  async answer(id: unknown): Promise<Message> {
    await until(`request ${String(id)} is answered`, () => this.closed !== undefined || this.#find(id) !== undefined);
    const found = this.#find(id);
    if (found === undefined) throw new Error(`closed without an answer: ${JSON.stringify(this.closed)}`);
    return found;
  }

  notifications(method: string): Record<string, unknown>[] {
    return this.messages.filter((message) => message.method === method).map((message) => message.params ?? {});
  }

  async close(): Promise<void> {
    this.socket.close();
    await until('the peer is closed', () => this.closed !== undefined);
  }

  #find(id: unknown): Message | undefined {
    return this.messages.find((message) => message.method === undefined && message.id === id);
  }
}

export interface SseEvent {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: Record<string, unknown>;
}

/** Reads an SSE answer to its end, or until `count` events are there. */
export async function readSse(url: string, headers: Record<string, string> = {}, count = Number.POSITIVE_INFINITY): Promise<SseEvent[]> {
  const abort = new AbortController();
  const response = await fetch(url, { headers, signal: abort.signal });
  if (!response.ok || response.body === null) throw new Error(`${response.status} ${await response.text()}`);
  const events: SseEvent[] = [];
  let text = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const data = /^data: (.*)$/m.exec(block)?.[1];
      if (data !== undefined)
        events.push({ id: /^id: (.*)$/m.exec(block)?.[1], event: /^event: (.*)$/m.exec(block)?.[1], data: JSON.parse(data) as Record<string, unknown> });
    }
    if (events.length >= count) {
      abort.abort();
      break;
    }
  }
  return events;
}
