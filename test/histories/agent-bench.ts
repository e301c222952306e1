import type { AgentTable } from '../../actors/agent/agent.table.ts';
import type { Input, Request } from '../../actors/cell/kind.ts';
import { agentFold, allotment, assign } from './agent.ts';

interface Told {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** An agent and what it did with each input; answers find their request by its ref. */
export class Bench {
  readonly fold = agentFold();
  facts: Told[] = [];
  requests: Request[] = [];
  #at = 1_000;
  #told = 0;

  constructor(first: Input = assign()) {
    this.take(first);
  }

  get state(): string {
    return this.fold.state;
  }
  get table(): AgentTable {
    return this.fold.table;
  }
  get types(): string[] {
    return this.facts.map(({ type }) => type);
  }

  take(input: Input): this {
    const { facts, requests } = this.fold.step(JSON.parse(JSON.stringify(input)) as Input, this.#at);
    this.facts = [...facts];
    this.requests = requests.map(({ request }) => request);
    return this;
  }

  settle(ref: string, input: Input): this {
    const pending = this.fold.pendingRef(ref);
    if (pending === undefined) throw new Error(`nothing waits under ${ref}`);
    return this.take({ ...input, ref, key: pending.key });
  }

  reply(text: string, calls: readonly object[] = [], more: object = {}): this {
    const usage = { input: 100, cacheRead: 10, cacheWrite: 0, output: 40, reasoning: 5 };
    return this.settle(`c${this.table.calls}`, {
      type: 'model.replied',
      text,
      toolCalls: calls,
      finish: calls.length > 0 ? 'tool-calls' : 'stop',
      usage,
      costMicroUsd: 20,
      answeredBy: 'y-1',
      ...more,
    });
  }

  done(ref: string, text = `result of ${ref}`): this {
    return this.settle(ref, { type: 'tool.completed', text, truncated: false });
  }

  fail(ref: string, code: string, retryable = false, more: object = {}): this {
    return this.settle(ref, { type: 'effect.failed', code, message: `${code} happened`, retryable, ...more });
  }

  timer(): this {
    const [timer] = this.fold.timers;
    if (timer === undefined) throw new Error('no timer runs');
    this.#at = timer[1].due;
    return this.take({ type: 'timer.fired', name: timer[0], key: timer[1].key });
  }

  message(input: Input): this {
    this.#told += 1;
    return this.take({ ...input, id: `m${this.#told}` });
  }

  fact(type: string): Readonly<Record<string, unknown>> | undefined {
    return this.facts.find((one) => one.type === type)?.data;
  }
}

/** A tool call of a model's reply. */
export const call = (name: string, more: object = {}): object => ({ id: `id-${name}`, name, input: { path: 'a' }, ...more });
/** The refs of what it asked for with its last input. */
export const refs = (bench: Bench): string[] => bench.requests.map(({ ref }) => ref);
/** An assignment with another allotment. */
export const bigger = (more: object): Input => assign({ allotment: { ...allotment, ...more } });
