import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest } from '../../protocols/goals/goal.ts';
import { removeTree, writeTree } from './tree.ts';
import { byCodeUnit } from './walk.ts';

/** A read-only tree of one manifest, shared by all tasks of a tenant that began with it. */
interface Base {
  readonly name: string;
  made: Promise<string> | undefined;
  /** Tasks that read from it; it is not removed while there is one. */
  users: number;
}

/**
 * The read-only trees of a node: each manifest is written once, appears whole (temporary folder, then rename), and the
 * least recently used go when there are more than `basesMax`. A tree belongs to a tenant: a hash alone gives nobody another's files.
 */
export class Bases {
  readonly #folder: string;
  readonly #basesMax: number;
  readonly #read: (tenant: string, sha256: string) => Promise<Uint8Array>;
  /** In the order of their use, the oldest first. */
  readonly #bases = new Map<string, Base>();
  /** Trees on their way out; a new one of the same name waits for it. */
  readonly #leaving = new Map<string, Promise<void>>();
  readonly #hashes = new WeakMap<Manifest, string>();
  #opened: Promise<void> | undefined;

  constructor(options: { folder: string; basesMax: number; read: (tenant: string, sha256: string) => Promise<Uint8Array> }) {
    this.#folder = options.folder;
    this.#basesMax = options.basesMax;
    this.#read = options.read;
  }

  /** Finds the trees of earlier processes and removes what they left half-made. */
  open(): Promise<void> {
    this.#opened ??= this.#find();
    return this.#opened;
  }

  /** The folder of the manifest's tree, kept until `leave`. */
  async use(tenant: string, manifest: Manifest): Promise<{ folder: string; leave: () => Promise<void> }> {
    await this.open();
    const name = `${tenant}.${this.#hashOf(manifest)}`;
    const base = this.#bases.get(name) ?? { name, made: undefined, users: 0 };
    this.#bases.delete(name);
    this.#bases.set(name, base);
    base.users++;
    let left = false;
    const leave = async (): Promise<void> => {
      if (left) return;
      left = true;
      base.users--;
      await this.#evict();
    };
    try {
      base.made ??= this.#make(tenant, base.name, manifest);
      return { folder: await base.made, leave };
    } catch (error) {
      base.made = undefined;
      await leave();
      throw error;
    }
  }

  async #make(tenant: string, name: string, manifest: Manifest): Promise<string> {
    const temporary = join(this.#folder, `.making-${randomUUID()}`);
    const folder = join(this.#folder, name);
    await mkdir(temporary, { recursive: true });
    try {
      await this.#leaving.get(name);
      await writeTree(temporary, manifest, (sha256) => this.#read(tenant, sha256));
      await rename(temporary, folder);
    } catch (error) {
      await removeTree(temporary);
      throw error;
    }
    return folder;
  }

  async #evict(): Promise<void> {
    for (const [name, base] of this.#bases) {
      if (this.#bases.size <= this.#basesMax) return;
      if (base.users > 0) continue;
      this.#bases.delete(name);
      const removal = this.#remove(name).finally(() => this.#leaving.delete(name));
      this.#leaving.set(name, removal);
      await removal;
    }
  }

  /** Renamed first, so that a tree is whole or absent, never half-removed under its name. */
  async #remove(name: string): Promise<void> {
    const doomed = join(this.#folder, `.doomed-${randomUUID()}`);
    const moved = await rename(join(this.#folder, name), doomed).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return false;
        throw error;
      },
    );
    if (moved) await removeTree(doomed);
  }

  #hashOf(manifest: Manifest): string {
    const known = this.#hashes.get(manifest);
    if (known !== undefined) return known;
    const hash = hashOf(manifest);
    this.#hashes.set(manifest, hash);
    return hash;
  }

  async #find(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const found: { name: string; at: number }[] = [];
    for (const name of await readdir(this.#folder)) {
      if (name.startsWith('.')) await removeTree(join(this.#folder, name));
      else found.push({ name, at: (await stat(join(this.#folder, name))).mtimeMs });
    }
    found.sort((a, b) => a.at - b.at || byCodeUnit(a.name, b.name));
    for (const { name } of found) this.#bases.set(name, { name, made: Promise.resolve(join(this.#folder, name)), users: 0 });
    await this.#evict();
  }
}

/** The hash of a manifest, whatever the order of its files. */
function hashOf(manifest: Manifest): string {
  const lines = manifest.files.map(({ path, sha256, size, executable }) => JSON.stringify([path, sha256, size, executable === true])).sort(byCodeUnit);
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}
