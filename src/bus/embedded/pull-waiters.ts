import type { Delivery, PullOptions } from '../../../actors/ports/queue.ts';
import type { ClaimedMessage } from './message-table.ts';

/** One pull that has not been answered. */
export class PullWaiter {
  readonly topic: string;
  readonly max: number;
  /** What the running transaction has claimed for it. */
  claimed: readonly ClaimedMessage[] = [];
  readonly #waitMs: number;
  readonly #signal: AbortSignal | undefined;
  readonly #settle: (deliveries: readonly Delivery[]) => void;
  readonly #reject: (error: unknown) => void;
  readonly #leave: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    options: PullOptions,
    answers: { resolve: (deliveries: readonly Delivery[]) => void; reject: (error: unknown) => void; onEnd: (waiter: PullWaiter) => void },
  ) {
    this.topic = options.topic;
    this.max = options.max;
    this.#waitMs = options.waitMs;
    this.#signal = options.signal;
    this.#leave = () => this.resolve([]);
    this.#settle = (deliveries) => {
      this.#end(answers.onEnd);
      answers.resolve(deliveries);
    };
    this.#reject = (error) => {
      this.#end(answers.onEnd);
      answers.reject(error);
    };
    this.#signal?.addEventListener('abort', this.#leave, { once: true });
  }

  resolve(deliveries: readonly Delivery[]): void {
    this.#settle(deliveries);
  }

  reject(error: unknown): void {
    this.#reject(error);
  }

  /** There was nothing at the first look: the wait begins, or ends here when it is none. */
  foundNothing(): void {
    if (this.#timer !== undefined) return;
    if (this.#waitMs <= 0) this.#leave();
    else this.#timer = setTimeout(this.#leave, this.#waitMs);
  }

  #end(onEnd: (waiter: PullWaiter) => void): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#leave);
    onEnd(this);
  }
}

/** The pulls that wait, first come first served per topic. */
export class PullWaiters {
  readonly #byTopic = new Map<string, Set<PullWaiter>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(waiter: PullWaiter): void {
    const of = this.#byTopic.get(waiter.topic);
    if (of === undefined) this.#byTopic.set(waiter.topic, new Set([waiter]));
    else of.add(waiter);
    this.#size++;
  }

  remove(waiter: PullWaiter): void {
    const of = this.#byTopic.get(waiter.topic);
    if (of?.delete(waiter) !== true) return;
    this.#size--;
    if (of.size === 0) this.#byTopic.delete(waiter.topic);
  }

  of(topic: string): Iterable<PullWaiter> {
    return this.#byTopic.get(topic) ?? [];
  }

  all(): readonly PullWaiter[] {
    return [...this.#byTopic.values()].flatMap((waiters) => [...waiters]);
  }
}
