/** One call, as the model's side saw it. Times are milliseconds since 1970. */
export interface MockCall {
  /** Counted from 1. */
  readonly id: number;
  readonly model: string;
  /** The caller's idempotency key; empty when it sent none. */
  readonly key: string;
  readonly role: string;
  readonly toolResults: number;
  /** Whose wire it came on. */
  readonly wire: 'openai' | 'anthropic';
  readonly stream: boolean;
  readonly start: number;
  end?: number;
  /** The HTTP status that was sent; 0 while none was. */
  status: number;
  /** The whole answer left this server. */
  answered: boolean;
  /** The client closed the connection before it had the answer. */
  clientLeft: boolean;
}

/** Calls that are kept; above it the oldest go, and are counted. */
export const callsMaxDefault = 100_000;

/** The calls in their order, bounded. */
export class CallJournal {
  readonly #callsMax: number;
  readonly #calls: MockCall[] = [];
  #total = 0;

  constructor(callsMax: number) {
    this.#callsMax = callsMax;
  }

  get calls(): readonly MockCall[] {
    return this.#calls;
  }

  get total(): number {
    return this.#total;
  }

  get dropped(): number {
    return this.#total - this.#calls.length;
  }

  begin(call: Omit<MockCall, 'id' | 'status' | 'answered' | 'clientLeft'>): MockCall {
    this.#total += 1;
    const entry: MockCall = { id: this.#total, ...call, status: 0, answered: false, clientLeft: false };
    this.#calls.push(entry);
    if (this.#calls.length > this.#callsMax) this.#calls.shift();
    return entry;
  }
}
