import { type Failure, failureOf } from '../../protocols/errors/error.ts';
import type { EffectContext, Perform } from './cell-options.ts';
import type { PendingRequest } from './fold.ts';
import type { Input } from './kind.ts';

/** What a cell has running outside, by the key of the request. Each ends as at most one input. */
export class Effects {
  readonly #perform: Perform;
  readonly #settle: (input: Input) => void;
  readonly #running = new Map<string, AbortController>();

  constructor(perform: Perform, settle: (input: Input) => void) {
    this.#perform = perform;
    this.#settle = settle;
  }

  get size(): number {
    return this.#running.size;
  }

  has(key: string): boolean {
    return this.#running.has(key);
  }

  /** Starts the effect of a request. What it answers, or how it failed, becomes the input that settles it. */
  start({ key, request }: PendingRequest, context: Omit<EffectContext, 'key' | 'signal'>): void {
    const controller = new AbortController();
    this.#running.set(key, controller);
    const settle = (input: Input | undefined): void => {
      this.#running.delete(key);
      // Whoever aborted it has no use for its answer.
      if (input !== undefined && !controller.signal.aborted) this.#settle(input);
    };
    // A performer that throws at once has failed like one that rejects.
    new Promise<Awaited<ReturnType<Perform>>>((resolve) => resolve(this.#perform(request, { ...context, key, signal: controller.signal }))).then(
      (answer) => settle(answer === undefined ? undefined : { ...answer, key, ref: request.ref }),
      (error: unknown) => settle({ type: 'effect.failed', key, ref: request.ref, ...failureInput(failureOf(error)) }),
    );
  }

  abort(key: string): void {
    this.#running.get(key)?.abort();
  }

  abortAll(): void {
    for (const controller of this.#running.values()) controller.abort();
  }
}

/** A failure as input fields: details may hold what a provider sent, which is no business of a journal. */
function failureInput({ code, message, retryable, details }: Failure): Record<string, unknown> {
  const retryAfterMs = details?.['retryAfterMs'];
  return { code, message: message.slice(0, 4_096), retryable, ...(typeof retryAfterMs === 'number' ? { retryAfterMs } : {}) };
}
