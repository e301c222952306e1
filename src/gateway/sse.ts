import type { ServerResponse } from 'node:http';
import type { FlockworkError } from '../../protocols/errors/error.ts';
import type { EventBatch, FeedEvent } from './event-batch.ts';
import { problemOf } from './problem.ts';
import type { EventSink } from './sink.ts';

/** How long a browser is told to wait before it asks again for a goal that has ended, ms: without it an EventSource asks every few seconds. */
const retryAfterEndMs = 3_600_000;

/** Watchers over server-sent events: `id:` is the cursor, `data:` the parameters of `goal.event`. */
export class SseSink implements EventSink {
  readonly #response: ServerResponse;
  readonly #comment: NodeJS.Timeout;
  #wrote = false;

  constructor(response: ServerResponse, sseCommentMs: number) {
    this.#response = response;
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
    });
    response.flushHeaders();
    this.#comment = setInterval(() => {
      if (this.bufferedBytes === 0) response.write(': still here\n\n');
    }, sseCommentMs);
    this.#comment.unref();
    response.once('close', () => clearInterval(this.#comment));
  }

  get bufferedBytes(): number {
    return this.#response.writableLength;
  }

  get closed(): boolean {
    return this.#response.destroyed || this.#response.writableEnded;
  }

  sendBatch(batch: EventBatch): void {
    this.#wrote = true;
    this.#comment.refresh();
    this.#response.write(batch.form('sse', eventLines));
  }

  sendDelta(json: string): void {
    this.#response.write(`event: goal.delta\ndata: ${json}\n\n`);
  }

  drained(): Promise<void> {
    const response = this.#response;
    if (this.closed || response.writableLength === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        response.off('drain', done);
        response.off('close', done);
        resolve();
      };
      response.on('drain', done);
      response.on('close', done);
    });
  }

  /** Everything was sent; `goalEnded` is false when the node stops. */
  end(goalEnded: boolean): void {
    if (this.closed) return;
    this.#response.end(goalEnded && !this.#wrote ? `retry: ${retryAfterEndMs}\n\n` : undefined);
  }

  /** The watch broke or the reader was too slow: the reason goes last, and the socket is not kept for a peer that does not read. */
  close(reason: FlockworkError): void {
    if (this.closed) return;
    const idle = this.bufferedBytes === 0;
    this.#response.end(`event: goal.unwatched\ndata: ${JSON.stringify(problemOf(reason))}\n\n`);
    if (!idle) this.#response.destroy();
  }
}

function eventLines(events: readonly FeedEvent[]): Uint8Array {
  return Buffer.from(events.map(({ cursor, json }) => `id: ${cursor}\ndata: ${json}\n\n`).join(''));
}
