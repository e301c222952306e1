import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Blobs } from '../../../actors/ports/blobs.ts';
import { FlockworkError } from '../../../protocols/errors/error.ts';
import { isToken } from '../../../protocols/subjects.ts';
import type { DurableFiles } from './durable-file.ts';
import { storeError, systemCode } from './store-error.ts';

const hashPattern = /^[0-9a-f]{64}$/;
const hashBytes = 32;
const snapshotEnding = '.snapshot';

const sha256Of = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

/** What is read of a file that may not be there. */
async function ifThere<T>(reading: Promise<T>, doing: string): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw storeError(error, doing);
  }
}

/** Blobs as files `blobs/<tenant>/<aa>/<sha256>`, snapshots as `snapshots/<name>.snapshot`, their hash before their bytes. */
export class EmbeddedBlobs implements Blobs {
  readonly #folder: string;
  readonly #files: DurableFiles;

  constructor(folder: string, files: DurableFiles) {
    this.#folder = folder;
    this.#files = files;
  }

  async put(tenant: string, bytes: Uint8Array): Promise<string> {
    const sha256 = sha256Of(bytes).toString('hex');
    const path = this.#path(tenant, sha256);
    const doing = `store the blob ${tenant}/${sha256}`;
    const there = await ifThere(stat(path), doing);
    // Its age begins anew, so that a sweep of old blobs does not take one that was just stored again.
    if (there?.size === bytes.byteLength && (await ifThere(this.#touch(path), doing)) === true) return sha256;
    await this.#files.write(path, bytes).catch((error: unknown) => {
      throw storeError(error, doing);
    });
    return sha256;
  }

  async get(tenant: string, sha256: string): Promise<Uint8Array> {
    const path = this.#path(tenant, sha256);
    const bytes = await ifThere(readFile(path), `read the blob ${tenant}/${sha256}`);
    if (bytes === undefined) throw new FlockworkError('blob_unknown', `there is no blob ${tenant}/${sha256}`, { details: { tenant, sha256 } });
    const found = sha256Of(bytes).toString('hex');
    if (found !== sha256) {
      throw new FlockworkError(
        'journal_corrupt',
        `the bytes of blob ${tenant}/${sha256} have the hash ${found}: the file ${path} was changed; restore it from a backup`,
        {
          details: { tenant, sha256, found, path },
        },
      );
    }
    return bytes;
  }

  async size(tenant: string, sha256: string): Promise<number | undefined> {
    return (await ifThere(stat(this.#path(tenant, sha256)), `look for the blob ${tenant}/${sha256}`))?.size;
  }

  async delete(tenant: string, sha256: string): Promise<void> {
    await ifThere(rm(this.#path(tenant, sha256)), `delete the blob ${tenant}/${sha256}`);
  }

  async *list(tenant: string): AsyncIterable<{ readonly sha256: string; readonly size: number; readonly storedAt: number }> {
    const folder = this.#tenantFolder(tenant);
    const doing = `list the blobs of ${tenant}`;
    for (const part of (await ifThere(readdir(folder), doing)) ?? []) {
      for (const sha256 of (await ifThere(readdir(join(folder, part)), doing)) ?? []) {
        if (!hashPattern.test(sha256)) continue;
        const file = await ifThere(stat(join(folder, part, sha256)), doing);
        if (file !== undefined) yield { sha256, size: file.size, storedAt: Math.floor(file.mtimeMs) };
      }
    }
  }

  async putNamed(name: string, bytes: Uint8Array): Promise<void> {
    const path = this.#namedPath(name);
    await this.#files.write(path, sha256Of(bytes), bytes).catch((error: unknown) => {
      throw storeError(error, `store the snapshot ${name}`);
    });
  }

  async getNamed(name: string): Promise<Uint8Array | undefined> {
    const path = this.#namedPath(name);
    // Most actors never have one, and an error for each of them is dear.
    if (!existsSync(path)) return undefined;
    const stored = await ifThere(readFile(path), `read the snapshot ${name}`);
    if (stored === undefined) return undefined;
    const bytes = stored.subarray(hashBytes);
    if (!sha256Of(bytes).equals(stored.subarray(0, hashBytes))) {
      throw new FlockworkError(
        'journal_corrupt',
        `the snapshot ${name} does not have the hash it was stored with; delete the file ${path}, it is made again from the journal`,
        {
          details: { name, path },
        },
      );
    }
    return bytes;
  }

  async deleteNamed(name: string): Promise<void> {
    await ifThere(rm(this.#namedPath(name)), `delete the snapshot ${name}`);
  }

  async #touch(path: string): Promise<true> {
    const now = new Date();
    await utimes(path, now, now);
    return true;
  }

  #tenantFolder(tenant: string): string {
    if (!isToken(tenant)) throw new FlockworkError('subject_invalid', `'${tenant}' is not a tenant: use letters, digits, '-' and '_'`, { details: { tenant } });
    return join(this.#folder, 'blobs', tenant);
  }

  #path(tenant: string, sha256: string): string {
    const folder = this.#tenantFolder(tenant);
    if (!hashPattern.test(sha256))
      throw new FlockworkError('blob_unknown', `'${sha256.slice(0, 80)}' is not a SHA-256 in lower-case hex`, { details: { tenant } });
    return join(folder, sha256.slice(0, 2), sha256);
  }

  #namedPath(name: string): string {
    const tokens = name.split('/');
    if (!tokens.every(isToken)) {
      throw new FlockworkError('subject_invalid', `'${name}' is not the name of a snapshot: use tokens of letters, digits, '-' and '_' joined by '/'`, {
        details: { name },
      });
    }
    // No token has a dot, so a snapshot never stands where another needs a folder.
    return join(this.#folder, 'snapshots', `${name}${snapshotEnding}`);
  }
}
