/** Small shared keys with compare-and-set. Keys are tokens joined by dots; values are JSON text of at most 64 KiB. */
export interface RegistryEntry {
  readonly key: string;
  readonly value: string;
  /** Grows with every change in the store; never reused, also not after expiry or deletion. */
  readonly revision: number;
}

export interface Registry {
  get(key: string): Promise<RegistryEntry | undefined>;
  /** Throws `registry_conflict` when the key exists. With `ttlMs` the key is gone that long after its last change. */
  create(key: string, value: string, options?: { ttlMs?: number }): Promise<number>;
  /** Throws `registry_conflict` unless the key is at `revision`. Keeps its ttl, counted again from now. */
  update(key: string, value: string, revision: number): Promise<number>;
  /** Throws `registry_conflict` unless the key is at `revision`. */
  delete(key: string, revision: number): Promise<void>;
  /** Live entries whose key begins with `prefix`, ordered by key. */
  list(prefix: string): Promise<readonly RegistryEntry[]>;
}
