import { createHash } from 'node:crypto';
import type { Blobs } from '../../actors/ports/blobs.ts';
import { FlockworkError } from '../../protocols/errors/error.ts';
import type { GatewayLimits } from './limits.ts';

interface Upload {
  readonly size: number;
  readonly chunks: Uint8Array[];
  received: number;
  expiry: NodeJS.Timeout;
  storing: Promise<void> | undefined;
}

export interface Chunk {
  readonly sha256: string;
  readonly offset: number;
  readonly size: number;
  readonly bytes: Uint8Array;
}

export interface ChunkAnswer {
  readonly sha256: string;
  /** True once the blob is stored; also when it was there before. */
  readonly complete: boolean;
  /** Where the next chunk begins. */
  readonly received: number;
}

/**
 * Puts blobs together from chunks that arrive in order. Bytes are held only as they arrive, under the bounds
 * `uploadsMax`, `uploadBytesMax`, `blobBytesMax`, and dropped after `uploadIdleMs` of rest.
 */
export class Uploads {
  readonly #blobs: Blobs;
  readonly #limits: GatewayLimits;
  readonly #uploads = new Map<string, Upload>();
  #bytes = 0;

  constructor(blobs: Blobs, limits: GatewayLimits) {
    this.#blobs = blobs;
    this.#limits = limits;
  }

  /** Takes one chunk; a chunk of no bytes asks how far the upload is. Throws `invalid_request`, `input_too_large`, `too_many_requests`, `blob_mismatch`. */
  async put(tenant: string, { sha256, offset, size, bytes }: Chunk): Promise<ChunkAnswer> {
    const { blobBytesMax } = this.#limits;
    if (size > blobBytesMax) {
      throw new FlockworkError('input_too_large', `a blob of ${size} bytes is above the bound of ${blobBytesMax} (blobBytesMax)`, {
        details: { size, blobBytesMax },
      });
    }
    if (offset + bytes.length > size) {
      throw new FlockworkError('invalid_request', `a chunk of ${bytes.length} bytes at ${offset} ends after the announced size of ${size}`, {
        details: { offset, size },
      });
    }
    if ((await this.#blobs.size(tenant, sha256)) === size) return { sha256, complete: true, received: size };
    const key = `${tenant}/${sha256}`;
    const known = this.#uploads.get(key);
    if (known === undefined && bytes.length === 0 && size > 0) return { sha256, complete: false, received: 0 };
    const upload = known ?? this.#begin(key, size);
    upload.expiry.refresh();
    this.#take(key, upload, offset, size, bytes);
    if (upload.received < size) return { sha256, complete: false, received: upload.received };
    upload.storing ??= this.#store(tenant, sha256, upload).finally(() => this.#drop(key));
    await upload.storing;
    return { sha256, complete: true, received: size };
  }

  stop(): void {
    for (const key of this.#uploads.keys()) this.#drop(key);
  }

  #begin(key: string, size: number): Upload {
    const { uploadsMax, uploadIdleMs } = this.#limits;
    if (this.#uploads.size >= uploadsMax) {
      throw new FlockworkError('too_many_requests', `${uploadsMax} uploads are under way (uploadsMax); try again in a moment`, { details: { uploadsMax } });
    }
    const expiry = setTimeout(() => this.#drop(key), uploadIdleMs);
    expiry.unref();
    const upload: Upload = { size, chunks: [], received: 0, expiry, storing: undefined };
    this.#uploads.set(key, upload);
    return upload;
  }

  #take(key: string, upload: Upload, offset: number, size: number, bytes: Uint8Array): void {
    if (size !== upload.size)
      throw new FlockworkError('invalid_request', `this upload was announced with ${upload.size} bytes, not ${size}`, { details: { size: upload.size } });
    if (offset > upload.received) {
      throw new FlockworkError('invalid_request', `the chunk at ${offset} leaves a gap; the next one begins at ${upload.received}`, {
        details: { received: upload.received },
      });
    }
    const fresh = bytes.subarray(Math.min(bytes.length, upload.received - offset));
    const { uploadBytesMax } = this.#limits;
    if (this.#bytes + fresh.length > uploadBytesMax) {
      if (upload.received === 0) this.#drop(key);
      throw new FlockworkError('too_many_requests', `the uploads under way hold ${uploadBytesMax} bytes (uploadBytesMax); try again in a moment`, {
        details: { uploadBytesMax },
      });
    }
    if (fresh.length === 0) return;
    upload.chunks.push(Uint8Array.from(fresh));
    upload.received += fresh.length;
    this.#bytes += fresh.length;
  }

  async #store(tenant: string, sha256: string, upload: Upload): Promise<void> {
    const hash = createHash('sha256');
    for (const chunk of upload.chunks) hash.update(chunk);
    const found = hash.digest('hex');
    if (found !== sha256) {
      throw new FlockworkError('blob_mismatch', `the bytes have the hash ${found}, not ${sha256} as announced; nothing was stored`, {
        details: { announced: sha256, found },
      });
    }
    await this.#blobs.put(tenant, Buffer.concat(upload.chunks));
  }

  #drop(key: string): void {
    const upload = this.#uploads.get(key);
    if (upload === undefined) return;
    clearTimeout(upload.expiry);
    this.#uploads.delete(key);
    this.#bytes -= upload.received;
  }
}
