import type { GoalEvent } from '../../protocols/wire/methods.ts';
import type { FlockworkClient } from '../client/index.ts';

export interface EventOptions {
  readonly after?: string | undefined;
  /** Ends the watch in the middle, without an error. */
  readonly signal?: AbortSignal | undefined;
}

/** The events of a goal up to its end, or until the signal. */
export async function* goalEvents(client: FlockworkClient, goalId: string, { after, signal }: EventOptions = {}): AsyncGenerator<GoalEvent> {
  const items = client.watch(goalId, after === undefined ? {} : { after })[Symbol.asyncIterator]();
  for (;;) {
    if (signal?.aborted === true) return;
    const next = await untilAborted(items.next(), signal);
    if (next === undefined || next.done === true) return;
    if (next.value.kind === 'event') yield next.value.event;
  }
}

/** What the promise answers; undefined when the signal comes first. */
function untilAborted<Value>(promise: Promise<Value>, signal: AbortSignal | undefined): Promise<Value | undefined> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const stop = (): void => resolve(undefined);
    signal.addEventListener('abort', stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
