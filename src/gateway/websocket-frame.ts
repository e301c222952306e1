import { eventNotification, type FeedEvent } from './event-batch.ts';

/** A final, unmasked text frame, as a server sends it (RFC 6455, section 5.2). */
export function textFrame(text: string): Buffer {
  const size = Buffer.byteLength(text);
  const header = size < 126 ? 2 : size < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(header + size);
  frame[0] = 0x81;
  if (header === 2) frame[1] = size;
  else if (header === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(size, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(size), 2);
  }
  frame.write(text, header, 'utf8');
  return frame;
}

/** The notifications of a batch, one frame each, in one piece. */
export function batchFrames(events: readonly FeedEvent[]): Uint8Array {
  return Buffer.concat(events.map((event) => textFrame(eventNotification(event))));
}
