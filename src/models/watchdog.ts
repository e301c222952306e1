import { FlockworkError } from '../../protocols/errors/error.ts';
import type { ModelBounds } from './bounds.ts';

export interface WatchOptions extends Pick<ModelBounds, 'firstByteMaxMs' | 'idleMaxMs' | 'callMaxMs' | 'tailMaxMs'> {
  readonly signal: AbortSignal;
  /** Names the call in errors. */
  readonly model: string;
  /** The end marker has come: what is still missing is not worth a failure. */
  readonly ended: () => boolean;
}

type Wait = 'firstByteMaxMs' | 'idleMaxMs' | 'callMaxMs';

const sentences: Record<Wait, string> = {
  firstByteMaxMs: 'sent no first byte',
  idleMaxMs: 'fell silent in the middle of its answer',
  callMaxMs: 'had not finished its answer',
};

/**
 * Reads a stream under the watchdogs of a model call. The request is aborted, and its socket closed, when a watchdog
 * fires, when the caller aborts and when the reader stops early. Throws `model_timeout`, `aborted`, or what the stream threw.
 */
export async function* watched<Chunk>(open: (signal: AbortSignal) => Promise<AsyncIterable<Chunk>>, options: WatchOptions): AsyncGenerator<Chunk, void, void> {
  const own = new AbortController();
  // Joined by hand: AbortSignal.any leaves weak references that every collection has to look through.
  const stop = (): void => own.abort(options.signal.reason);
  options.signal.addEventListener('abort', stop, { once: true });
  if (options.signal.aborted) stop();
  let fired: Wait | undefined;
  let complete = false;
  const arm = (wait: Wait, afterMs: number): NodeJS.Timeout =>
    setTimeout(() => {
      fired = wait;
      own.abort();
    }, afterMs);
  const whole = arm('callMaxMs', options.callMaxMs);
  let gap = arm('firstByteMaxMs', options.firstByteMaxMs);
  try {
    for await (const chunk of await open(own.signal)) {
      clearTimeout(gap);
      yield chunk;
      gap = arm('idleMaxMs', options.ended() ? Math.min(options.tailMaxMs, options.idleMaxMs) : options.idleMaxMs);
    }
    complete = true;
  } catch (error) {
    // An abort shows as whatever the socket made of it; the reason is known below.
    if (!own.signal.aborted && !options.ended()) throw error;
  } finally {
    clearTimeout(gap);
    clearTimeout(whole);
    options.signal.removeEventListener('abort', stop);
    // What was read to its end has no socket left to close, and an abort is dear.
    if (!complete) own.abort();
  }
  if (options.signal.aborted) throw new FlockworkError('aborted', `The call of ${options.model} was aborted by its owner.`);
  if (fired !== undefined && !options.ended()) {
    const maxMs = options[fired];
    throw new FlockworkError(
      'model_timeout',
      `The model ${options.model} ${sentences[fired]} within ${maxMs} ms (${fired}). The call was closed; it can be made again.`,
      {
        details: { model: options.model, bound: fired, maxMs },
      },
    );
  }
}
