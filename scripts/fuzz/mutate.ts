import type { Random } from '../simulate/random.ts';

/** Bytes that are no UTF-8, or belong to what JSON is made of. */
const evil: readonly (readonly number[])[] = [
  [0xff, 0xfe],
  [0xc0, 0xaf],
  [0xed, 0xa0, 0x80],
  [0xf4, 0x90, 0x80, 0x80],
  [0xef, 0xbb, 0xbf],
  [0x00],
  [0x22],
  [0x5c],
  [0x7b],
  [0x5d],
  [0x2c, 0x22, 0x69, 0x64, 0x22, 0x3a, 0x37],
];

/** The bytes with one to four things done to them: flipped, cut, doubled, or with others put in. */
export function mutateBytes(bytes: Uint8Array, random: Random): Uint8Array {
  let out = Buffer.from(bytes);
  for (let count = random.whole(1, 4); count > 0; count--) {
    const at = random.whole(0, out.length);
    const to = random.whole(at, Math.min(out.length, at + 16));
    switch (random.whole(0, 4)) {
      case 0:
        if (at < out.length) out[at] = (out[at] ?? 0) ^ (1 << random.whole(0, 7));
        break;
      case 1:
        out = Buffer.concat([out.subarray(0, at), out.subarray(to)]);
        break;
      case 2:
        out = Buffer.concat([out.subarray(0, to), out.subarray(at)]);
        break;
      case 3:
        out = Buffer.concat([out.subarray(0, at), Buffer.from(random.pick(evil)), out.subarray(at)]);
        break;
      default:
        if (random.chance(0.2)) out = out.subarray(0, at);
    }
  }
  return out;
}

const headerBytes = 4;
const chunkBytesMax = 4_096;

/** The messages as one stream of frames; now and then a header lies, a frame is cut short, or bytes stand between two. */
export function fuzzedStream(bodies: readonly Uint8Array[], random: Random): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (const body of bodies) {
    const header = Buffer.alloc(headerBytes);
    header.writeUInt32BE(random.chance(0.01) ? random.whole(0, 0xffff_ffff) : random.chance(0.01) ? random.whole(0, body.length * 2) : body.length);
    pieces.push(header, random.chance(0.01) ? body.subarray(0, random.whole(0, body.length)) : body);
  }
  return Buffer.concat(pieces);
}

/** The same bytes in pieces as a network could hand them over. */
export function* chunksOf(bytes: Uint8Array, random: Random): Generator<Uint8Array> {
  const small = random.chance(0.1);
  for (let at = 0; at < bytes.length; ) {
    const size = small && bytes.length < chunkBytesMax ? random.whole(1, 7) : random.whole(1, chunkBytesMax);
    yield bytes.subarray(at, at + size);
    at += size;
  }
}
