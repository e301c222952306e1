import type { Clock } from '../../actors/ports/clock.ts';
import { failureOf } from '../../protocols/errors/error.ts';

/** First and longest wait before a store that was full or away is tried again. Milliseconds. */
const storeRetryMs = 200;
const storeRetryMsMax = 10_000;

/** Does something that a store answers, again as long as its failures are retryable and nobody has aborted it. */
export async function patiently<Value>(clock: Clock, signal: AbortSignal, work: () => Promise<Value>): Promise<Value> {
  for (let waitMs = storeRetryMs; ; waitMs = Math.min(waitMs * 2, storeRetryMsMax)) {
    try {
      return await work();
    } catch (error) {
      if (!failureOf(error).retryable || signal.aborted) throw error;
      await new Promise<void>((resolve) => clock.timer(waitMs, resolve));
      if (signal.aborted) throw error;
    }
  }
}
