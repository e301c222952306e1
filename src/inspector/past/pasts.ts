import { FlockworkError, failureOf } from '../../../protocols/errors/error.ts';
import { isToken } from '../../../protocols/subjects.ts';
import type { PastBounds } from '../bounds.ts';
import type { PastView } from '../protocol.ts';
import { GoalPast, type PastPorts } from './goal-past.ts';
import { type PastWish, pastView } from './past-view.ts';

/** What a page is told: the moment that it asked for, or why there is none. */
export type PastTold = PastView | { readonly type: 'past'; readonly root: string; readonly failure: { readonly code: string; readonly message: string } };

/** The goals that pages look back at; the one looked at longest ago is let go above `goalsMax`. */
export class Pasts {
  readonly #ports: PastPorts;
  readonly #bounds: PastBounds;
  readonly #redact: (text: string) => string;
  /** A goal is among them from its first question on, so that a second one does not read it again. */
  readonly #goals = new Map<string, GoalPast>();

  constructor(ports: PastPorts, bounds: PastBounds, redact: (text: string) => string) {
    this.#ports = ports;
    this.#bounds = bounds;
    this.#redact = redact;
  }

  /** Throws `invalid_request`, `not_found`. */
  async view(tenant: string, wish: PastWish): Promise<PastView> {
    const { root } = wish;
    if (!isToken(root)) throw new FlockworkError('invalid_request', 'the root is a goal id: letters, digits, - and _', { details: { path: 'root' } });
    const key = `${tenant}/${root}`;
    const past = this.#goals.get(key) ?? new GoalPast(this.#ports, this.#bounds, tenant, root);
    this.#goals.set(key, past);
    const whole = await past.read();
    if (past.index.total === 0 && !whole)
      throw new FlockworkError('request_timeout', `the journals of ${root} are not read yet; ask again`, { details: { root } });
    if (past.index.total === 0) {
      this.#goals.delete(key);
      throw new FlockworkError('not_found', `there is no journal of ${root}`, { details: { root } });
    }
    this.#goals.delete(key);
    this.#goals.set(key, past);
    const [oldest] = this.#goals.keys();
    if (this.#goals.size > this.#bounds.goalsMax && oldest !== undefined) this.#goals.delete(oldest);
    return { ...(await pastView(past, wish, this.#bounds, this.#redact)), ...(whole ? {} : { reading: true as const }) };
  }
}

/** One page's way back: at most one question is answered at a time, and of those that came meanwhile only the newest. */
export class PastDesk {
  readonly #answer: (wish: PastWish) => Promise<PastView>;
  readonly #tell: (told: PastTold) => void;
  #next: PastWish | undefined;
  #busy = false;
  #closed = false;

  constructor(answer: (wish: PastWish) => Promise<PastView>, tell: (told: PastTold) => void) {
    this.#answer = answer;
    this.#tell = tell;
  }

  ask(wish: PastWish): void {
    this.#next = wish;
    if (!this.#busy) void this.#work();
  }

  close(): void {
    this.#closed = true;
    this.#next = undefined;
  }

  async #work(): Promise<void> {
    this.#busy = true;
    while (this.#next !== undefined) {
      const wish = this.#next;
      this.#next = undefined;
      const told = await this.#told(wish);
      if (!this.#closed) this.#tell(told);
    }
    this.#busy = false;
  }

  async #told(wish: PastWish): Promise<PastTold> {
    try {
      return await this.#answer(wish);
    } catch (error) {
      const { code, message } = failureOf(error, 'internal');
      return { type: 'past', root: wish.root, failure: { code, message } };
    }
  }
}
