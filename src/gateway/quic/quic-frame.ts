import type { FrameDecoder } from '../../../protocols/wire/frame.ts';
import { eventNotification, type FeedEvent } from '../event-batch.ts';

const headerBytes = 4;

/** JSON text that is ready, as one frame; `encodeFrame` would parse and write it again. */
export function textFrame(text: string): Buffer {
  const size = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(headerBytes + size);
  frame.writeUInt32BE(size, 0);
  frame.write(text, headerBytes, 'utf8');
  return frame;
}

/** The notifications of a batch, one frame each, in one piece. */
export function batchFrames(events: readonly FeedEvent[]): Uint8Array {
  return Buffer.concat(events.map((event) => textFrame(eventNotification(event))));
}

/** What a stream hands over: bytes, or a list of them. */
export type StreamData = Uint8Array | Iterable<Uint8Array>;

/** The frame bodies that end in this piece. Throws `frame_too_large`. */
export function* bodies(decoder: FrameDecoder, data: StreamData): Generator<Uint8Array> {
  for (const chunk of data instanceof Uint8Array ? [data] : data) yield* decoder.push(chunk);
}
