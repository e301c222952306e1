import { FlockworkError } from '../../protocols/errors/error.ts';
import type { Counters } from './counters.ts';
import type { EventBatch } from './event-batch.ts';
import type { FeedReader } from './feed-reader.ts';
import type { GatewayLimits } from './limits.ts';

/** The way out to one peer. Messages leave in the order in which they were given. */
export interface EventSink {
  /** Bytes that the peer has not taken yet. */
  readonly bufferedBytes: number;
  readonly closed: boolean;
  sendBatch(batch: EventBatch): void;
  /** `json` is a `GoalDelta`. */
  sendDelta(json: string): void;
  /** Resolves when the bytes have gone out, or when the sink has closed. */
  drained(): Promise<void>;
  /** Ends the peer and says why. `atOnce`: it is not waited for, where the transport can do that. */
  close(reason: FlockworkError, atOnce?: boolean): void;
}

/** Waits until the peer has taken what waits for it; a peer that is too slow is closed. Answers whether the sink still stands. */
export async function waitForReader(sink: EventSink, limits: GatewayLimits, counters: Counters): Promise<boolean> {
  const { slowReaderMaxMs, highWaterBytes } = limits;
  if (sink.bufferedBytes <= highWaterBytes) return !sink.closed;
  let timer: NodeJS.Timeout | undefined;
  const tooSlow = new Promise<'slow'>((resolve) => {
    timer = setTimeout(() => resolve('slow'), slowReaderMaxMs);
    timer.unref();
  });
  const outcome = await Promise.race([sink.drained(), tooSlow]);
  clearTimeout(timer);
  if (outcome === 'slow' && !sink.closed) {
    counters.refused('slow_reader');
    sink.close(
      new FlockworkError(
        'slow_reader',
        `the peer left more than ${highWaterBytes} bytes unread for ${slowReaderMaxMs} ms; read faster, or watch again from the last cursor`,
        {
          details: { highWaterBytes, slowReaderMaxMs },
        },
      ),
    );
  }
  return !sink.closed;
}

/**
 * Moves events from the journal to the peer at the peer's pace, until the goal ends, the reader is closed or the sink is
 * gone. Answers whether the event that ends the goal was sent.
 */
export async function pump(reader: FeedReader, sink: EventSink, limits: GatewayLimits, counters: Counters): Promise<boolean> {
  let ended = false;
  try {
    for (;;) {
      // Nothing is read for a peer that has not taken what it has, be it of another watch.
      if (sink.bufferedBytes > limits.highWaterBytes && !(await waitForReader(sink, limits, counters))) return ended;
      const batch = await reader.next();
      if (batch === undefined || sink.closed) return ended;
      sink.sendBatch(batch);
      ended = batch.ends;
      counters.eventsDeliveredTotal += batch.events.length;
    }
  } finally {
    reader.close();
  }
}

/** Hands a delta on, or drops it when the reader is behind. */
export function offerDelta(sink: EventSink, json: string, limits: GatewayLimits, counters: Counters): void {
  if (sink.closed || sink.bufferedBytes > limits.deltaHighWaterBytes) {
    counters.deltasDroppedTotal++;
    return;
  }
  counters.deltasDeliveredTotal++;
  sink.sendDelta(json);
}
