import type { FlockworkError } from '../../protocols/errors/error.ts';
import type { RpcSink } from '../../src/gateway/connection.ts';
import type { EventBatch } from '../../src/gateway/event-batch.ts';

export interface Answer {
  readonly id: string | number | null;
  /** The code of an error; undefined for a result. */
  readonly code: string | undefined;
}

const isId = (value: unknown): value is string | number | null => value === null || typeof value === 'string' || typeof value === 'number';

/** The peer's end: keeps who was answered, and notes what no client could make sense of. */
export class FuzzSink implements RpcSink {
  readonly answers: Answer[] = [];
  events = 0;
  closedAs: string | undefined;
  violation: string | undefined;
  readonly #slow: boolean;
  #unread = 0;

  /** A slow peer has always left unread what came since it was last waited for. */
  constructor(slow: boolean) {
    this.#slow = slow;
  }

  get bufferedBytes(): number {
    return this.#slow ? this.#unread : 0;
  }

  get closed(): boolean {
    return this.closedAs !== undefined;
  }

  send(text: string): void {
    if (this.closed) this.violation ??= 'something was sent after the connection was ended';
    this.#unread += text.length * 1_000;
    const message = JSON.parse(text) as { id?: unknown; method?: unknown; result?: unknown; error?: { data?: { code?: unknown } } };
    if (typeof message.method === 'string') return;
    const code = message.error?.data?.code;
    const whole = Object.hasOwn(message, 'result') !== (typeof code === 'string');
    if (!whole || !isId(message.id)) this.violation ??= `this is no answer: ${text.slice(0, 300)}`;
    else this.answers.push({ id: message.id, code: typeof code === 'string' ? code : undefined });
  }

  sendBatch(batch: EventBatch): void {
    for (const { json } of batch.events) JSON.parse(json);
    this.events += batch.events.length;
  }

  sendDelta(json: string): void {
    JSON.parse(json);
  }

  drained(): Promise<void> {
    this.#unread = 0;
    return Promise.resolve();
  }

  close(reason: FlockworkError): void {
    this.closedAs = reason.code;
  }
}
