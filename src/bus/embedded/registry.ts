import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import type { Registry, RegistryEntry } from '../../../actors/ports/registry.ts';
import { FlockworkError } from '../../../protocols/errors/error.ts';
import { isToken } from '../../../protocols/subjects.ts';
import { registryValueBytesMax } from './bounds.ts';
import type { GroupCommit } from './group-commit.ts';
import { reading } from './store-error.ts';

const afterAll = '\u{10ffff}';

function checkKey(key: string): void {
  if (!key.split('.').every(isToken)) {
    throw new FlockworkError('subject_invalid', `'${key}' is not a registry key: use tokens of letters, digits, '-' and '_' joined by dots`, {
      details: { key },
    });
  }
}

function checkValue(key: string, value: string): void {
  const bytes = Buffer.byteLength(value);
  if (bytes > registryValueBytesMax || !value.isWellFormed()) {
    throw new FlockworkError(
      'invalid_request',
      `the value of registry key ${key} has ${bytes} bytes or is not well-formed text; the bound is ${registryValueBytesMax}`,
      {
        details: { key, bytes, registryValueBytesMax },
      },
    );
  }
}

const entryOf = (row: Record<string, SQLOutputValue>): RegistryEntry => ({
  key: String(row['key']),
  value: String(row['value']),
  revision: Number(row['revision']),
});

/** Keys as rows; revisions come from one counter of the store that only grows. */
export class EmbeddedRegistry implements Registry {
  readonly #commits: GroupCommit;
  readonly #now: () => number;
  readonly #get: StatementSync;
  readonly #list: StatementSync;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #delete: StatementSync;
  readonly #expire: StatementSync;
  readonly #release: StatementSync;
  readonly #next: StatementSync;

  constructor(database: DatabaseSync, parts: { commits: GroupCommit; now: () => number }) {
    this.#commits = parts.commits;
    this.#now = parts.now;
    this.#get = database.prepare('SELECT key, value, revision, ttl FROM registry WHERE key = ? AND (expires IS NULL OR expires > ?)');
    this.#list = database.prepare('SELECT key, value, revision FROM registry WHERE key >= ? AND key < ? AND (expires IS NULL OR expires > ?) ORDER BY key');
    this.#insert = database.prepare('INSERT INTO registry(key, value, revision, ttl, expires) VALUES (?, ?, ?, ?, ?)');
    this.#update = database.prepare('UPDATE registry SET value = ?, revision = ?, expires = ? WHERE key = ?');
    this.#delete = database.prepare('DELETE FROM registry WHERE key = ?');
    this.#expire = database.prepare('DELETE FROM registry WHERE expires IS NOT NULL AND expires <= ?');
    this.#release = database.prepare('DELETE FROM registry WHERE ttl IS NOT NULL');
    this.#next = database.prepare(`UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE name = 'revision' RETURNING CAST(value AS INTEGER) AS revision`);
  }

  async get(key: string): Promise<RegistryEntry | undefined> {
    checkKey(key);
    const row = reading(`read the registry key ${key}`, () => this.#get.get(key, this.#now()));
    return row === undefined ? undefined : entryOf(row);
  }

  async create(key: string, value: string, options: { ttlMs?: number } = {}): Promise<number> {
    checkKey(key);
    checkValue(key, value);
    return this.#commits.run(`create the registry key ${key}`, () => {
      const now = this.#now();
      const row = this.#get.get(key, now);
      if (row !== undefined) throw this.#conflict(key, undefined, Number(row['revision']));
      this.#expire.run(now);
      const revision = this.#revision();
      this.#insert.run(key, value, revision, options.ttlMs ?? null, options.ttlMs === undefined ? null : now + options.ttlMs);
      return revision;
    });
  }

  async update(key: string, value: string, revision: number): Promise<number> {
    checkKey(key);
    checkValue(key, value);
    return this.#commits.run(`update the registry key ${key}`, () => {
      const now = this.#now();
      const ttl = this.#expect(key, revision, now)['ttl'];
      const next = this.#revision();
      this.#update.run(value, next, typeof ttl === 'number' ? now + ttl : null, key);
      return next;
    });
  }

  async delete(key: string, revision: number): Promise<void> {
    checkKey(key);
    return this.#commits.run(`delete the registry key ${key}`, () => {
      this.#expect(key, revision, this.#now());
      this.#revision();
      this.#delete.run(key);
    });
  }

  async list(prefix: string): Promise<readonly RegistryEntry[]> {
    return reading(`list the registry keys of ${prefix}`, () => this.#list.all(prefix, prefix + afterAll, this.#now()).map(entryOf));
  }

  /** Drops all keys that have a ttl, because the lock on the folder proves their holders dead. Runs inside a transaction. */
  releaseAll(): void {
    this.#release.run();
  }

  #expect(key: string, revision: number, now: number): Record<string, SQLOutputValue> {
    const row = this.#get.get(key, now);
    if (row === undefined || row['revision'] !== revision) throw this.#conflict(key, revision, row === undefined ? undefined : Number(row['revision']));
    return row;
  }

  #conflict(key: string, expected: number | undefined, found: number | undefined): FlockworkError {
    const wanted = expected === undefined ? 'absent' : `at revision ${expected}`;
    return new FlockworkError(
      'registry_conflict',
      `registry key ${key} is ${found === undefined ? 'absent' : `at revision ${found}`}, not ${wanted}: read it again before deciding`,
      {
        details: { key, expected: expected ?? null, found: found ?? null },
      },
    );
  }

  #revision(): number {
    return Number(this.#next.get()?.['revision']);
  }
}
