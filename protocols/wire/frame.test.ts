import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FlockworkError } from '../errors/error.ts';
import { framesOverAStream } from './frame.examples.ts';
import { encodeFrame, FrameDecoder, frameBytesMax } from './frame.ts';

const decode = (body: Uint8Array): unknown => JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));

function joined(frames: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(frames.reduce((sum, frame) => sum + frame.length, 0));
  let at = 0;
  for (const frame of frames) {
    all.set(frame, at);
    at += frame.length;
  }
  return all;
}

/** Cuts `bytes` at each of the places, which may repeat. */
function cut(bytes: Uint8Array, places: readonly number[]): readonly Uint8Array[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  let from = 0;
  return ends.map((end) => {
    const piece = bytes.subarray(from, end);
    from = end;
    return piece;
  });
}

function header(length: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, length, false);
  return bytes;
}

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return error instanceof FlockworkError ? error.code : String(error);
  }
}

/** A message whose JSON is exactly this many bytes. */
const messageOf = (bytes: number): string => 'x'.repeat(bytes - 2);

describe('frames', () => {
  test('the example runs', () => {
    expect(framesOverAStream()).toEqual([{ jsonrpc: '2.0', method: 'goal.event', params: { goalId: 'g1', cursor: 's1-1-0', type: 'goal.accepted' } }]);
  });

  test('a frame is its length, big-endian, then UTF-8', () => {
    expect([...encodeFrame('é')]).toEqual([0, 0, 0, 4, 0x22, 0xc3, 0xa9, 0x22]);
  });

  test('any split of a stream gives the same bodies, in order', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue(), { maxLength: 12 }), fc.array(fc.nat(), { maxLength: 40 }), (messages, places) => {
        const decoder = new FrameDecoder();
        const out: unknown[] = [];
        for (const piece of cut(joined(messages.map(encodeFrame)), places)) for (const body of decoder.push(piece)) out.push(decode(body));
        expect(JSON.stringify(out)).toBe(JSON.stringify(messages));
        expect(decoder.pending).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  test('one byte at a time, with empty pieces between', () => {
    const messages = ['', { deep: [1, { two: 'drei' }] }, '🐦'.repeat(50)];
    const decoder = new FrameDecoder();
    const out: unknown[] = [];
    for (const byte of joined(messages.map(encodeFrame))) {
      out.push(...[...decoder.push(new Uint8Array(0))].map(decode));
      out.push(...[...decoder.push(Uint8Array.of(byte))].map(decode));
    }
    expect(out).toEqual(messages);
  });

  test('a body stays what it was when the caller goes on pushing', () => {
    const decoder = new FrameDecoder();
    const bodies = [...decoder.push(joined([encodeFrame('one'), encodeFrame('two')]))];
    expect([...decoder.push(encodeFrame('three'))]).toHaveLength(1);
    expect(bodies.map(decode)).toEqual(['one', 'two']);
  });

  test('an empty body is a frame', () => {
    expect([...new FrameDecoder().push(header(0))]).toEqual([new Uint8Array(0)]);
  });

  test('1 MiB passes both ways, one byte more is refused both ways', () => {
    const largest = encodeFrame(messageOf(frameBytesMax));
    expect([...new FrameDecoder().push(largest)].map((body) => body.length)).toEqual([frameBytesMax]);
    expect(codeOf(() => encodeFrame(messageOf(frameBytesMax + 1)))).toBe('frame_too_large');
    expect(codeOf(() => [...new FrameDecoder().push(header(frameBytesMax + 1))])).toBe('frame_too_large');
  });

  test('a length of 4 GiB is refused at its header, before anything is allocated', () => {
    const before = process.memoryUsage().arrayBuffers;
    expect(codeOf(() => [...new FrameDecoder().push(header(0xffff_ffff))])).toBe('frame_too_large');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(frameBytesMax);
  });

  test('frames before a bad length are still given', () => {
    const decoder = new FrameDecoder();
    const out: unknown[] = [];
    expect(
      codeOf(() => {
        for (const body of decoder.push(joined([encodeFrame('good'), header(0x7fff_ffff)]))) out.push(decode(body));
      }),
    ).toBe('frame_too_large');
    expect(out).toEqual(['good']);
  });

  test('a truncated stream is pending, at every byte', () => {
    const frame = encodeFrame({ a: 1 });
    for (let length = 1; length < frame.length; length++) {
      const decoder = new FrameDecoder();
      expect([...decoder.push(frame.subarray(0, length))]).toEqual([]);
      expect(decoder.pending).toBe(true);
    }
  });

  test('garbage never gives more bytes than came in, nor anything but frame_too_large', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 20 }), (pieces) => {
        const decoder = new FrameDecoder();
        let given = 0;
        const code = codeOf(() => {
          for (const piece of pieces) for (const body of decoder.push(piece)) given += body.length + 4;
        });
        expect([undefined, 'frame_too_large']).toContain(code);
        expect(given).toBeLessThanOrEqual(pieces.reduce((sum, piece) => sum + piece.length, 0));
      }),
    );
  });
});
