import type { PubAck, StoredMsg } from '@nats-io/jetstream';
import type { Registry, RegistryEntry } from '../../../actors/ports/registry.ts';
import { FlockworkError } from '../../../protocols/errors/error.ts';
import { isToken } from '../../../protocols/subjects.ts';
import * as bounds from './bounds.ts';
import { apiCode, apiCodes } from './errors.ts';
import type { Link } from './link.ts';
import { wrong } from './patterns.ts';
import { publishOptions } from './publish.ts';
import { type ReadMessage, readStream } from './read-stream.ts';
import { headOf, lastOf } from './stored.ts';

const ttlHeader = 'Flock-Ttl-Ms';
/** The header by which KV tools know a deleted key. */
const operationHeader = 'KV-Operation';
const decoder = new TextDecoder();

/** A key as stored, with what decides whether it lives. */
interface Stored {
  readonly key: string;
  readonly value: string;
  readonly revision: number;
  readonly live: boolean;
  readonly ttlMs: number | undefined;
}

/**
 * Keys in a stream laid out as a KV bucket; the revision is the stream's sequence, so it never comes twice. Servers before
 * 2.11 know no ttl per key: it stands in a header and counts from the server's own time of storing, against the
 * server's clock as this process has measured it.
 */
export class NatsRegistry implements Registry {
  readonly #link: Link;
  /** The server's time. */
  readonly #now: () => number;

  constructor(link: Link, now: () => number) {
    this.#link = link;
    this.#now = now;
  }

  async get(key: string): Promise<RegistryEntry | undefined> {
    const stored = await this.#stored(key);
    return stored?.live === true ? { key, value: stored.value, revision: stored.revision } : undefined;
  }

  async create(key: string, value: string, options: { ttlMs?: number } = {}): Promise<number> {
    checkValue(key, value);
    const stored = await this.#stored(key);
    if (stored?.live === true) throw conflict(key, 'it exists');
    return this.#write(key, value, stored?.revision ?? 0, ttlOf(options.ttlMs));
  }

  async update(key: string, value: string, revision: number): Promise<number> {
    checkValue(key, value);
    const { ttlMs } = await this.#at(key, revision);
    return this.#write(key, value, revision, ttlOf(ttlMs));
  }

  async delete(key: string, revision: number): Promise<void> {
    await this.#at(key, revision);
    await this.#write(key, '', revision, { [operationHeader]: 'DEL' });
  }

  async list(prefix: string): Promise<readonly RegistryEntry[]> {
    const whole = prefix.slice(0, prefix.lastIndexOf('.') + 1);
    const narrow = whole.slice(0, -1).split('.').every(isToken) ? whole : '';
    const { registry: stream, registryPrefix } = this.#link.names;
    const entries: RegistryEntry[] = [];
    for await (const message of readStream(this.#link, { stream, filter: `${registryPrefix}${narrow}>`, after: 0, head: await headOf(this.#link, stream) })) {
      const { key, value, revision, live } = this.#read(message);
      if (live && key.startsWith(prefix)) entries.push({ key, value, revision });
    }
    return entries.sort((one, two) => (one.key < two.key ? -1 : 1));
  }

  /** The live entry at this very revision. */
  async #at(key: string, revision: number): Promise<Stored> {
    const stored = await this.#stored(key);
    if (stored?.live !== true) throw conflict(key, 'it does not exist any more');
    if (stored.revision !== revision) throw conflict(key, `it is at revision ${stored.revision}, not ${revision}`);
    return stored;
  }

  async #stored(key: string): Promise<Stored | undefined> {
    checkKey(key);
    const message = await lastOf(this.#link, this.#link.names.registry, this.#link.names.registryPrefix + key);
    return message === undefined ? undefined : this.#read(messageOf(message));
  }

  #read({ subject, sequence, headers, data, storedAt }: ReadMessage): Stored {
    const ttl = headers?.get(ttlHeader) ?? '';
    const ttlMs = ttl === '' ? undefined : Number(ttl);
    const expired = ttlMs !== undefined && this.#now() >= storedAt + ttlMs;
    const live = (headers?.get(operationHeader) ?? '') === '' && !expired;
    return { key: subject.slice(this.#link.names.registryPrefix.length), value: decoder.decode(data), revision: sequence, live, ttlMs };
  }

  /** One try: whether a write landed whose answer was lost can only be told by reading the key. */
  async #write(key: string, value: string, revision: number, headers: Readonly<Record<string, string>>): Promise<number> {
    const what = `write the registry key ${key}`;
    let answer: PubAck;
    try {
      answer = await this.#link.js.publish(this.#link.names.registryPrefix + key, value, {
        ...publishOptions(this.#link, { headers }),
        expect: { lastSubjectSequence: revision },
      });
    } catch (error) {
      const code = apiCode(error);
      if (code === apiCodes.wrongLastSequence || code === apiCodes.wrongLastSequenceUnknown) throw conflict(key, 'another was first');
      throw this.#link.error(error, what);
    }
    return answer.seq;
  }
}

const ttlOf = (ttlMs: number | undefined): Readonly<Record<string, string>> => (ttlMs === undefined ? {} : { [ttlHeader]: String(ttlMs) });

function messageOf(message: StoredMsg): ReadMessage {
  return { sequence: message.seq, subject: message.subject, headers: message.header, data: message.data, storedAt: message.time.getTime() };
}

function checkKey(key: string): void {
  if (!key.split('.').every(isToken)) throw wrong(key, 'tokens joined by dots');
}

function checkValue(key: string, value: string): void {
  const bytes = Buffer.byteLength(value);
  if (bytes <= bounds.registryValueBytesMax) return;
  throw new FlockworkError('invalid_request', `the value of registry key ${key} has ${bytes} bytes, more than ${bounds.registryValueBytesMax}`, {
    details: { key, bytes, registryValueBytesMax: bounds.registryValueBytesMax },
  });
}

function conflict(key: string, why: string): FlockworkError {
  return new FlockworkError('registry_conflict', `registry key ${key} was not changed: ${why}; read it again before deciding`, { details: { key } });
}
