import { endsGoal } from '../../protocols/wire/methods.ts';
import type { WatchItem } from './transport.ts';

/** Between a connection that pushes and a consumer that pulls: a bounded queue that remembers the cursor. */
export class WatchQueue {
  readonly #itemsMax: number;
  #items: WatchItem[] = [];
  #head = 0;
  #cursor: string | undefined;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;
  #overflowed = false;
  #wake: (() => void) | undefined;

  constructor(after: string | undefined, itemsMax: number) {
    this.#cursor = after;
    this.#itemsMax = itemsMax;
  }

  /** Where the watch goes on after an interruption: the last event taken in. */
  get cursor(): string | undefined {
    return this.#cursor;
  }

  /** True when the node must be asked to stop, and asked again from the cursor once the queue is empty. */
  get overflowed(): boolean {
    return this.#overflowed;
  }

  get size(): number {
    return this.#items.length - this.#head;
  }

  /** Takes an item in; what comes after an overflow is dropped, it will come again. Deltas give way first. */
  push(item: WatchItem): void {
    if (this.#overflowed || this.#ended || this.#failure !== undefined) return;
    if (item.kind === 'delta') {
      if (this.size >= this.#itemsMax / 2) return;
    } else if (this.size >= this.#itemsMax) {
      this.#overflowed = true;
      return;
    } else {
      this.#cursor = item.event.cursor;
      if (endsGoal(item.event)) this.#ended = true;
    }
    this.#items.push(item);
    this.#wakeUp();
  }

  /** The watch goes on from the cursor. */
  resume(): void {
    this.#overflowed = false;
  }

  /** After the items taken in, the consumer gets the error. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#wakeUp();
  }

  /** Nothing will follow what was taken in. */
  finish(): void {
    this.#ended = true;
    this.#wakeUp();
  }

  /** The consumer has left: what still waits is dropped. */
  end(): void {
    this.#ended = true;
    this.#items = [];
    this.#head = 0;
    this.#wakeUp();
  }

  /** The next item; undefined after the goal's end, `'empty'` when an overflow has to be caught up with. Throws the failure. */
  async next(): Promise<WatchItem | 'empty' | undefined> {
    for (;;) {
      const item = this.#items[this.#head];
      if (item !== undefined) {
        this.#head++;
        if (this.#head > 1_024) {
          this.#items = this.#items.slice(this.#head);
          this.#head = 0;
        }
        return item;
      }
      this.#items = [];
      this.#head = 0;
      if (this.#ended) return undefined;
      if (this.#failure !== undefined) throw this.#failure.error;
      if (this.#overflowed) return 'empty';
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
