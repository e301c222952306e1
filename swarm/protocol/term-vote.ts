import type { Registry } from '../../actors/ports/registry.ts';
import { FlockworkError } from '../../protocols/errors/error.ts';

/** What a member must never forget: its newest term, and whom it gave its vote of that term. */
export interface TermVote {
  readonly term: number;
  readonly votedFor: string | null;
}

/** Keeps the term and the vote of one member in the registry, by compare-and-set: two processes with one name cannot both vote. */
export class TermVoteStore {
  readonly #registry: Registry;
  readonly #key: string;
  #revision = 0;

  constructor(registry: Registry, key: string) {
    this.#registry = registry;
    this.#key = key;
  }

  async load(): Promise<TermVote> {
    const entry = await this.#registry.get(this.#key);
    this.#revision = entry?.revision ?? 0;
    if (entry === undefined) return { term: 0, votedFor: null };
    const { term, votedFor } = JSON.parse(entry.value) as TermVote;
    if (!Number.isSafeInteger(term))
      throw new FlockworkError('journal_corrupt', `the registry key ${this.#key} holds no term; restore it or remove it while no member of the group runs`);
    return { term, votedFor };
  }

  /** Resolves once it is durable. Throws `registry_conflict` when another process speaks for this member. */
  async save({ term, votedFor }: TermVote): Promise<void> {
    const value = JSON.stringify({ term, votedFor });
    this.#revision = this.#revision === 0 ? await this.#registry.create(this.#key, value) : await this.#registry.update(this.#key, value, this.#revision);
  }
}
