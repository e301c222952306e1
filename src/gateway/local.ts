import { FlockworkError } from '../../protocols/errors/error.ts';
import type { GoalDelta, GoalEvent } from '../../protocols/wire/methods.ts';
import type { DispatcherParts } from './dispatcher.ts';
import type { EventBatch } from './event-batch.ts';
import { checkMethod, parseParams } from './methods.ts';

export type LocalWatchItem = { readonly kind: 'event'; readonly event: GoalEvent } | { readonly kind: 'delta'; readonly delta: GoalDelta };

/** A transport for `createClient` of the client that stays inside this process. */
export interface LocalTransport {
  call(method: string, params: Readonly<Record<string, unknown>>): Promise<unknown>;
  watch(
    params: { readonly goalId: string; readonly after?: string; readonly deltas?: boolean },
    control?: { readonly signal?: AbortSignal | undefined },
  ): AsyncIterable<LocalWatchItem>;
  close(): Promise<void>;
}

/** Deltas that wait for an in-process reader; more are dropped. */
const localDeltasMax = 1_024;

/** The same methods, schemas and watches as over a wire, without the wire. `tenant` stands for the credential. */
export function localTransport(parts: DispatcherParts, tenant: string): LocalTransport {
  const ends = new Set<() => void>();
  let closed = false;

  async function* watch(params: unknown, signal: AbortSignal | undefined): AsyncGenerator<LocalWatchItem> {
    checkOpen(closed);
    const { goalId, after, deltas } = parseParams('goal.watch', params);
    const release = parts.watchSlots();
    const waiting: LocalWatchItem[] = [];
    let wake = (): void => undefined;
    const onDelta = (json: string): void => {
      if (waiting.length >= localDeltasMax) {
        parts.counters.deltasDroppedTotal++;
        return;
      }
      waiting.push({ kind: 'delta', delta: JSON.parse(json) as GoalDelta });
      wake();
    };
    try {
      const { ended } = await parts.methods.find(tenant, goalId);
      const reader = await parts.feed.open(tenant, goalId, { after, ended, onDelta: deltas === true ? onDelta : undefined });
      const end = (): void => reader.close();
      ends.add(end);
      signal?.addEventListener('abort', end);
      if (signal?.aborted === true) end();
      try {
        let next = settled(reader.next());
        for (;;) {
          const woken = new Promise<'delta'>((resolve) => {
            wake = () => resolve('delta');
          });
          yield* waiting.splice(0);
          const outcome = await Promise.race([next, woken]);
          if (outcome === 'delta') continue;
          if ('error' in outcome) throw outcome.error;
          if (outcome.batch === undefined) {
            if (closed) throw closedError();
            return;
          }
          for (const { json } of outcome.batch.events) yield { kind: 'event', event: JSON.parse(json) as GoalEvent };
          parts.counters.eventsDeliveredTotal += outcome.batch.events.length;
          next = settled(reader.next());
        }
      } finally {
        reader.close();
        ends.delete(end);
        signal?.removeEventListener('abort', end);
      }
    } finally {
      release();
    }
  }

  return {
    async call(name, params) {
      checkOpen(closed);
      const method = checkMethod(name);
      if (method === 'connection.open' || method === 'goal.watch' || method === 'goal.unwatch') {
        throw new FlockworkError('method_unknown', `${method} is not called inside the process; use watch()`, { details: { method } });
      }
      return parts.methods.call({ tenant, admin: true }, method, parseParams(method, params));
    },
    watch: (params, { signal } = {}) => watch(params, signal),
    async close() {
      closed = true;
      for (const end of ends) end();
    },
  };
}

/** A failure that comes while the consumer is busy waits for it as a value. */
function settled(next: Promise<EventBatch | undefined>): Promise<{ readonly batch: EventBatch | undefined } | { readonly error: unknown }> {
  return next.then(
    (batch) => ({ batch }),
    (error: unknown) => ({ error }),
  );
}

function checkOpen(closed: boolean): void {
  if (closed) throw closedError();
}

function closedError(): FlockworkError {
  return new FlockworkError('closed', 'this client is closed');
}
