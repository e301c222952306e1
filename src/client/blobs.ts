import { FlockworkError } from '../../protocols/errors/error.ts';
import { blobChunkBytesMax } from '../../protocols/wire/methods.ts';
import type { BlobChunkResult, BlobPartResult } from '../../protocols/wire/results.ts';
import type { ClientTransport } from './transport.ts';

/** Bytes per call of `String.fromCharCode`, which takes them as arguments. */
const charCodesMax = 8_192;

/** The SHA-256 of bytes in lower-case hex. */
export async function sha256Of(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', Uint8Array.from(bytes));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Sends bytes in chunks, unless the node has them; goes on where an earlier upload stopped. Answers the hash. */
export async function putBlob(transport: ClientTransport, bytes: Uint8Array): Promise<string> {
  const sha256 = await sha256Of(bytes);
  const size = bytes.length;
  const put = async (offset: number, chunk: Uint8Array): Promise<BlobChunkResult> =>
    (await transport.call('blob.put', { sha256, offset, size, data: toBase64(chunk) })) as BlobChunkResult;
  // A blob of one chunk is sent at once; for a larger one it pays to ask first.
  let answer = size <= blobChunkBytesMax ? await put(0, bytes) : await put(0, new Uint8Array());
  while (!answer.complete) {
    const { received } = answer;
    answer = await put(received, bytes.subarray(received, received + blobChunkBytesMax));
    if (!answer.complete && answer.received <= received) {
      throw new FlockworkError('blob_mismatch', `the node took nothing of blob ${sha256} at ${received}; send it again`, { details: { sha256, received } });
    }
  }
  return sha256;
}

/** Reads a whole blob and checks its hash. */
export async function getBlob(transport: ClientTransport, sha256: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (;;) {
    const part = (await transport.call('blob.get', { sha256, offset })) as BlobPartResult & { readonly bytes?: Uint8Array };
    const bytes = part.bytes ?? fromBase64(part.data);
    parts.push(bytes);
    offset += bytes.length;
    if (offset >= part.size || bytes.length === 0) break;
  }
  const whole = joined(parts, offset);
  const found = await sha256Of(whole);
  if (found !== sha256)
    throw new FlockworkError('blob_mismatch', `the node sent bytes with the hash ${found} for blob ${sha256}`, { details: { sha256, found } });
  return whole;
}

function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += charCodesMax) text += String.fromCharCode(...bytes.subarray(at, at + charCodesMax));
  return btoa(text);
}

/** The bytes of base64, in Node.js and browsers alike. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}
