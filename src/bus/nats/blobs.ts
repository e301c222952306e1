import { createHash, randomUUID } from 'node:crypto';
import type { Blobs } from '../../../actors/ports/blobs.ts';
import { FlockworkError } from '../../../protocols/errors/error.ts';
import { isToken } from '../../../protocols/subjects.ts';
import * as bounds from './bounds.ts';
import type { Link } from './link.ts';
import { wrong } from './patterns.ts';
import { publishStored } from './publish.ts';
import { readStream } from './read-stream.ts';
import { headOf, lastOf } from './stored.ts';

/** On the first piece: how many bytes and pieces there are, and for a named blob where the others lie. */
const sizeHeader = 'Flock-Size';
const piecesHeader = 'Flock-Pieces';
const restHeader = 'Flock-Rest';
const versionHeader = 'Flock-Version';
/** How often a named blob is read again when it was replaced meanwhile. */
const replacedRetriesMax = 3;

/** Pieces of at most `blobChunkBytes` in one stream. The first piece is stored last: with it, the blob is there. */
export class NatsBlobs implements Blobs {
  readonly #link: Link;

  constructor(link: Link) {
    this.#link = link;
  }

  async put(tenant: string, bytes: Uint8Array): Promise<string> {
    if (!isToken(tenant)) throw wrong(tenant, 'one token for a tenant');
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    if ((await this.size(tenant, sha256)) === undefined) await this.#store(this.#firstOf(tenant, sha256), `${this.#firstOf(tenant, sha256)}.rest`, bytes);
    return sha256;
  }

  async get(tenant: string, sha256: string): Promise<Uint8Array> {
    const bytes = known(tenant, sha256) ? await this.#load(this.#firstOf(tenant, sha256)) : undefined;
    if (bytes === undefined)
      throw new FlockworkError('blob_unknown', `tenant ${tenant} has no blob ${sha256.slice(0, 64)}`, { details: { tenant, sha256: sha256.slice(0, 64) } });
    if (createHash('sha256').update(bytes).digest('hex') === sha256) return bytes;
    throw new FlockworkError('journal_corrupt', `blob ${sha256} of tenant ${tenant} no longer has the bytes it was stored with`, {
      details: { tenant, sha256 },
    });
  }

  async size(tenant: string, sha256: string): Promise<number | undefined> {
    if (!known(tenant, sha256)) return undefined;
    const first = await lastOf(this.#link, this.#link.names.blobs, this.#firstOf(tenant, sha256));
    return first === undefined ? undefined : Number(first.header.get(sizeHeader));
  }

  async delete(tenant: string, sha256: string): Promise<void> {
    if (!known(tenant, sha256)) return;
    await this.#purge(this.#firstOf(tenant, sha256));
    await this.#purge(`${this.#firstOf(tenant, sha256)}.rest.*`);
  }

  async *list(tenant: string): AsyncGenerator<{ sha256: string; size: number; storedAt: number }, void, undefined> {
    if (!isToken(tenant)) throw wrong(tenant, 'one token for a tenant');
    const head = await headOf(this.#link, this.#link.names.blobs);
    for await (const { subject, headers, storedAt } of readStream(this.#link, {
      stream: this.#link.names.blobs,
      filter: this.#firstOf(tenant, '*'),
      after: 0,
      head,
      headersOnly: true,
    })) {
      yield { sha256: subject.split('.').at(-1) ?? '', size: Number(headers?.get(sizeHeader)), storedAt };
    }
  }

  /**
   * The pieces lie in two places by turns, so that those of the one before are there while the first piece is replaced. Nothing is deleted: that
   * would take the right to delete anything of the stream.
   */
  async putNamed(name: string, bytes: Uint8Array): Promise<void> {
    const subject = this.#namedOf(name);
    const before = (await lastOf(this.#link, this.#link.names.blobs, subject))?.header.get(restHeader);
    const [even, odd] = [`${subject}.rest.even`, `${subject}.rest.odd`];
    await this.#store(subject, before === even ? odd : even, bytes, randomUUID());
  }

  async getNamed(name: string): Promise<Uint8Array | undefined> {
    const subject = this.#namedOf(name);
    for (let tries = 1; ; tries++) {
      try {
        return await this.#load(subject);
      } catch (error) {
        if (!(error instanceof FlockworkError) || error.code !== 'journal_corrupt') throw error;
        if (tries <= replacedRetriesMax) continue;
        // Two wrote it at the same time, and neither is whole. What has a name is made again from what does not change.
        this.#link.fault(error);
        return undefined;
      }
    }
  }

  async deleteNamed(name: string): Promise<void> {
    const subject = this.#namedOf(name);
    await this.#purge(subject);
    await this.#purge(`${subject}.rest.>`);
  }

  /** `version` marks the pieces that belong together, where others may come to their place. */
  async #store(first: string, rest: string, bytes: Uint8Array, version?: string): Promise<void> {
    const marked = version === undefined ? {} : { [versionHeader]: version };
    const pieces = Math.max(1, Math.ceil(bytes.byteLength / bounds.blobChunkBytes));
    const piece = (at: number): Uint8Array => bytes.subarray(at * bounds.blobChunkBytes, (at + 1) * bounds.blobChunkBytes);
    for (let at = 1; at < pieces; at += bounds.blobChunksInFlight) {
      const some = Array.from({ length: Math.min(bounds.blobChunksInFlight, pieces - at) }, (_, index) => at + index);
      await Promise.all(
        some.map((one) => publishStored(this.#link, { subject: `${rest}.${one}`, body: piece(one), headers: marked }, `store a piece of ${first}`)),
      );
    }
    const headers = { [sizeHeader]: String(bytes.byteLength), [piecesHeader]: String(pieces), ...marked, ...(pieces > 1 ? { [restHeader]: rest } : {}) };
    await publishStored(this.#link, { subject: first, body: piece(0), headers }, `store ${first}`);
  }

  async #load(subject: string): Promise<Uint8Array | undefined> {
    const first = await lastOf(this.#link, this.#link.names.blobs, subject);
    if (first === undefined) return undefined;
    const size = Number(first.header.get(sizeHeader));
    const pieces = Number(first.header.get(piecesHeader));
    const rest = first.header.get(restHeader);
    const bytes = new Uint8Array(size);
    bytes.set(first.data);
    for (let at = 1; at < pieces; at++) {
      const piece = await lastOf(this.#link, this.#link.names.blobs, `${rest}.${at}`);
      if (piece === undefined || (piece.header?.get(versionHeader) ?? '') !== first.header.get(versionHeader))
        throw new FlockworkError('journal_corrupt', `piece ${at} of ${pieces} of ${subject} is missing`, { details: { subject, at, pieces } });
      bytes.set(piece.data, at * bounds.blobChunkBytes);
    }
    return bytes;
  }

  async #purge(filter: string): Promise<void> {
    try {
      await this.#link.jsm.streams.purge(this.#link.names.blobs, { filter });
    } catch (error) {
      throw this.#link.error(error, `delete ${filter}`);
    }
  }

  #firstOf(tenant: string, sha256: string): string {
    return `${this.#link.names.blobsPrefix}data.${tenant}.${sha256}`;
  }

  /** The length keeps `a` apart from `a/b`. */
  #namedOf(name: string): string {
    const tokens = name.split('/');
    if (!tokens.every(isToken)) throw wrong(name, "tokens joined by '/'");
    return `${this.#link.names.blobsPrefix}named.${tokens.length}.${tokens.join('.')}`;
  }
}

const known = (tenant: string, sha256: string): boolean => isToken(tenant) && /^[0-9a-f]{64}$/.test(sha256);
