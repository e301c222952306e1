import { createHash } from 'node:crypto';
import { type JournalEntry, nothingBefore, type Position } from '../../actors/ports/journal.ts';
import type { QueueMessage } from '../../actors/ports/queue.ts';
import { FlockworkError } from '../../protocols/errors/error.ts';
import type { Fact } from '../../protocols/journal/facts.ts';
import { goalEndFacts } from '../../protocols/journal/facts.ts';
import { splitRecord } from '../../protocols/journal/record.ts';
import { parseJournalSubject } from '../../protocols/subjects.ts';

export interface StoredInput {
  readonly type: string;
  readonly key?: string;
  readonly id?: string;
  readonly [field: string]: unknown;
}

export interface StoredBody {
  readonly n: number;
  readonly input: StoredInput;
  readonly facts: readonly Fact[];
}

/** What survives every process: journals, blobs, and the messages of both queues. Everything here happens at once or not at all. */
export class Store {
  readonly #entries: JournalEntry[] = [];
  readonly #streams = new Map<string, JournalEntry[]>();
  readonly #blobs = new Map<string, Uint8Array>();
  readonly #named = new Map<string, Uint8Array>();
  readonly #followers = new Set<(entry: JournalEntry, bodies: readonly StoredBody[]) => void>();
  /** The node that opened each stream last. */
  readonly #openedBy = new Map<string, string>();
  /** Keys of requests that an input has settled. */
  readonly settled = new Set<string>();
  readonly tasks = new Map<string, QueueMessage>();
  readonly inbox = new Map<string, QueueMessage>();
  #ended = false;

  /** The coordinator has told the end of the goal. */
  get ended(): boolean {
    return this.#ended;
  }

  get streams(): ReadonlyMap<string, readonly JournalEntry[]> {
    return this.#streams;
  }

  append(stream: string, after: Position, records: readonly string[]): Position {
    const own = this.#streams.get(stream) ?? [];
    const found = own.at(-1)?.position ?? nothingBefore;
    if (found !== after) throw new FlockworkError('journal_conflict', `${stream} is at ${found}, not at ${after}`, { details: { stream } });
    const sequence = this.#entries.length + 1;
    const entry: JournalEntry = { sequence, stream, position: String(sequence), records: [...records] };
    this.#entries.push(entry);
    own.push(entry);
    this.#streams.set(stream, own);
    const bodies = bodiesOf(entry);
    for (const { input, facts } of bodies) {
      if (typeof input['node'] === 'string') this.#openedBy.set(stream, input['node']);
      if (input.key !== undefined && input.type !== 'tool.started') this.settled.add(input.key);
      if (parseJournalSubject(stream)?.actor === 'coordinator' && facts.some(({ type }) => goalEndFacts.has(type))) this.#ended = true;
    }
    for (const follower of this.#followers) follower(entry, bodies);
    return entry.position;
  }

  /** True when this node is the last that opened the stream of a key: nobody else is its writer. */
  writes(node: string, key: string): boolean {
    return this.#openedBy.get(key.slice(0, key.lastIndexOf(':'))) === node;
  }

  entriesOf(stream: string, after = 0): readonly JournalEntry[] {
    return (this.#streams.get(stream) ?? []).filter(({ sequence }) => sequence > after);
  }

  all(): readonly JournalEntry[] {
    return this.#entries;
  }

  follow(onEntry: (entry: JournalEntry, bodies: readonly StoredBody[]) => void): () => void {
    this.#followers.add(onEntry);
    return () => this.#followers.delete(onEntry);
  }

  putBlob(bytes: Uint8Array): string {
    const hash = createHash('sha256').update(bytes).digest('hex');
    this.#blobs.set(hash, bytes);
    return hash;
  }

  blob(hash: string): Uint8Array {
    const bytes = this.#blobs.get(hash);
    if (bytes === undefined) throw new FlockworkError('blob_unknown', `there is no blob ${hash}`);
    return bytes;
  }

  putNamed(name: string, bytes: Uint8Array): void {
    this.#named.set(name, bytes);
  }

  named(name: string): Uint8Array | undefined {
    return this.#named.get(name);
  }
}

export function bodiesOf({ records }: JournalEntry): StoredBody[] {
  return records.map((line) => JSON.parse(splitRecord(line).body) as StoredBody);
}
