/** Values too large for a record, by content: `<tenant>/<sha256>`. */
export interface Blobs {
  /** Stores the bytes durably and answers their SHA-256 in lower-case hex. Storing again is free. */
  put(tenant: string, bytes: Uint8Array): Promise<string>;
  /** Throws `blob_unknown`; `journal_corrupt` when the bytes no longer have that hash. */
  get(tenant: string, sha256: string): Promise<Uint8Array>;
  /** The size in bytes, undefined when there is none. */
  size(tenant: string, sha256: string): Promise<number | undefined>;
  delete(tenant: string, sha256: string): Promise<void>;
  list(tenant: string): AsyncIterable<{ readonly sha256: string; readonly size: number; readonly storedAt: number }>;

  /** A snapshot: a replaceable blob with a name (tokens joined by '/'), never the only copy of anything. */
  putNamed(name: string, bytes: Uint8Array): Promise<void>;
  getNamed(name: string): Promise<Uint8Array | undefined>;
  deleteNamed(name: string): Promise<void>;
}
