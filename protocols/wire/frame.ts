import { FlockworkError } from '../errors/error.ts';

/** The largest body of one frame, in bytes; also the largest WebSocket message and HTTP body. */
export const frameBytesMax = 1_048_576;

/** What libp2p peers name when they open a stream of frames, over QUIC or any other transport of libp2p. */
export const streamProtocol = '/flockwork/1.0.0';

const headerBytes = 4;

/** One message as a frame: uint32 big-endian length, then UTF-8 JSON. */
export function encodeFrame(message: unknown): Uint8Array {
  const body = new TextEncoder().encode(JSON.stringify(message));
  if (body.length > frameBytesMax) throw tooLarge(body.length);
  const frame = new Uint8Array(headerBytes + body.length);
  new DataView(frame.buffer).setUint32(0, body.length, false);
  frame.set(body, headerBytes);
  return frame;
}

/**
 * Cuts a byte stream into frame bodies, incrementally and without copying a body that arrived whole.
 * A length above the bound throws before anything is allocated; after a throw the stream is beyond repair: close it.
 */
export class FrameDecoder {
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #wanted = -1;

  /** True in the middle of a frame: an end of the stream now is a truncation. */
  get pending(): boolean {
    return this.#bytes > 0 || this.#wanted >= 0;
  }

  *push(data: Uint8Array): Generator<Uint8Array> {
    if (data.length > 0) {
      this.#chunks.push(data);
      this.#bytes += data.length;
    }
    for (;;) {
      if (this.#wanted < 0) {
        if (this.#bytes < headerBytes) return;
        const header = this.#take(headerBytes);
        const wanted = new DataView(header.buffer, header.byteOffset, headerBytes).getUint32(0, false);
        if (wanted > frameBytesMax) throw tooLarge(wanted);
        this.#wanted = wanted;
      }
      if (this.#bytes < this.#wanted) return;
      const body = this.#take(this.#wanted);
      this.#wanted = -1;
      yield body;
    }
  }

  #take(count: number): Uint8Array {
    this.#bytes -= count;
    const first = this.#chunks[0];
    if (first !== undefined && first.length > count) {
      this.#chunks[0] = first.subarray(count);
      return first.subarray(0, count);
    }
    if (first !== undefined && first.length === count) {
      this.#chunks.shift();
      return first;
    }
    const out = new Uint8Array(count);
    for (let at = 0; at < count; ) {
      const chunk = this.#chunks[0];
      if (chunk === undefined) break;
      const part = chunk.subarray(0, count - at);
      out.set(part, at);
      at += part.length;
      if (part.length === chunk.length) this.#chunks.shift();
      else this.#chunks[0] = chunk.subarray(part.length);
    }
    return out;
  }
}

function tooLarge(bytes: number): FlockworkError {
  return new FlockworkError('frame_too_large', `a frame of ${bytes} bytes is above the bound of ${frameBytesMax}; send files with blob.put in chunks`, {
    details: { bytes, frameBytesMax },
  });
}
