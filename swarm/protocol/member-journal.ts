import { inboxSeenMax } from '../../actors/cell/bounds.ts';
import { chainStart } from '../../actors/cell/chain.ts';
import { Fold } from '../../actors/cell/fold.ts';
import type { Input } from '../../actors/cell/kind.ts';
import { Kinds } from '../../actors/cell/kinds.ts';
import { loadFold } from '../../actors/cell/load.ts';
import { sealRecord } from '../../actors/cell/records.ts';
import type { Bus } from '../../actors/ports/bus.ts';
import type { Clock } from '../../actors/ports/clock.ts';
import type { Ids } from '../../actors/ports/ids.ts';
import { nothingBefore, type Position } from '../../actors/ports/journal.ts';
import { FlockworkError, failureOf } from '../../protocols/errors/error.ts';
import type { Fact } from '../../protocols/journal/facts.ts';
import { journalSubject } from '../../protocols/subjects.ts';
import type { ElectionState } from '../election/election.ts';
import { type MemberTable, memberKind } from './member.kind.ts';
import type { MemberInput } from './member-inputs.ts';

export interface MemberJournalOptions {
  readonly bus: Pick<Bus, 'journal' | 'blobs'>;
  readonly clock: Clock;
  readonly ids: Pick<Ids, 'salt'>;
  readonly tenant: string;
  readonly group: string;
  readonly self: string;
  readonly members: readonly string[];
}

/** The actor name of a member in the journals of its group. */
export function memberActor(self: string): string {
  return `member-${self}`;
}

/**
 * The journal of one member: a record for each thing that it says, hears or promises, appended before anything follows from it.
 * One writer: whoever opens the journal last speaks for the member, and any process of before is refused with its next append.
 */
export class MemberJournal {
  readonly #options: MemberJournalOptions;
  readonly #stream: string;
  readonly #kinds = new Kinds([memberKind as never]);
  #fold: Fold<MemberTable> | undefined;
  #position: Position = nothingBefore;
  #hash: string;
  /** One record at a time, in the order of the calls. */
  #turn: Promise<unknown> = Promise.resolve();
  #overtaken = false;

  constructor(options: MemberJournalOptions) {
    this.#options = options;
    this.#stream = journalSubject({ tenant: options.tenant, root: options.group, actor: memberActor(options.self) });
    this.#hash = chainStart(this.#stream);
  }

  /** Where the member stands, as of its last record; undefined before it is open. */
  get election(): ElectionState | undefined {
    return this.#fold?.table.election ?? undefined;
  }

  /** Takes the journal over, or begins it. Throws `invalid_request` when the journal is that of a group with other members. */
  async open(): Promise<void> {
    const { group, self, members } = this.#options;
    this.#overtaken = false;
    await this.#load();
    const known = this.election?.members;
    if (known === undefined) {
      await this.add({ type: 'member.join', machine: 'member', version: memberKind.version, node: self, epoch: 1, group, self, members });
      return;
    }
    if (JSON.stringify([...known].sort()) !== JSON.stringify([...members].sort())) {
      throw new FlockworkError(
        'invalid_request',
        `the members of ${group} are ${known.join(', ')}, as the journal of ${self} has it; a group of others needs another name`,
        {
          details: { group, self },
        },
      );
    }
    await this.add({ type: 'cell.opened', node: self, epoch: (this.#fold?.epoch ?? 0) + 1 });
  }

  /** Resolves with the facts of the record once it is durable. Throws `journal_conflict` when another process speaks for this member now. */
  add(input: MemberInput): Promise<readonly Fact[]> {
    const added = this.#turn.then(() => this.#append(input));
    this.#turn = added.catch(() => undefined);
    return added;
  }

  /** Resolves when nothing is being appended any more. */
  async settled(): Promise<void> {
    await this.#turn;
  }

  async #append(input: MemberInput): Promise<readonly Fact[]> {
    if (this.#overtaken) throw this.#conflict();
    if (this.#fold === undefined) await this.#load();
    this.#fold ??= new Fold(memberKind, this.#stream, inboxSeenMax);
    const fold = this.#fold;
    const at = Math.max(this.#options.clock.now(), fold.at);
    try {
      const inputJson = JSON.stringify(input);
      const { facts } = fold.step(JSON.parse(inputJson) as Input, at);
      const { line, hash } = sealRecord(this.#hash, { n: fold.n, at, inputJson, facts }, this.#options.ids.salt());
      this.#position = await this.#options.bus.journal.append(this.#stream, this.#position, [line]);
      this.#hash = hash;
      return facts;
    } catch (error) {
      // What was stepped and not stored must be forgotten: the journal is read again before the next record.
      this.#fold = undefined;
      this.#overtaken = failureOf(error).code === 'journal_conflict';
      throw this.#overtaken ? this.#conflict(error) : error;
    }
  }

  async #load(): Promise<void> {
    const { fold, position, hash } = await loadFold(this.#options.bus, this.#kinds, this.#stream, inboxSeenMax);
    this.#fold = fold as Fold<MemberTable> | undefined;
    this.#position = position;
    this.#hash = hash;
  }

  #conflict(cause?: unknown): FlockworkError {
    const { group, self } = this.#options;
    return new FlockworkError('journal_conflict', `another process speaks for ${self} of ${group} now; this one must stop`, {
      cause,
      details: { group, self },
    });
  }
}
