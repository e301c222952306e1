import type { Bus } from '../../../actors/ports/bus.ts';
import type { JournalEntry } from '../../../actors/ports/journal.ts';
import { coordinatorActor } from '../../../protocols/goals/task.ts';
import { splitRecord } from '../../../protocols/journal/record.ts';
import { journalPattern, parseJournalSubject } from '../../../protocols/subjects.ts';
import { openNatsBus } from '../../../src/bus/nats/index.ts';
import { goalIndex } from '../../../swarm/goals/goal-index.ts';

/** One opening of an actor: by which node, and when. */
export interface Opening {
  readonly node: string;
  readonly at: number;
}

/** What the journal of one actor holds. */
export interface ActorPage {
  readonly root: string;
  readonly actor: string;
  readonly openings: Opening[];
  n: number;
  epoch: number;
  /** The types of its facts, counted. */
  readonly facts: Map<string, number>;
}

interface Body {
  readonly n: number;
  readonly at: number;
  readonly input: { readonly type: string; readonly key?: string; readonly node?: string; readonly epoch?: number };
  readonly facts: readonly { readonly seq: number; readonly type: string; readonly data: Readonly<Record<string, unknown>> }[];
}

const goalEnds: ReadonlySet<string> = new Set(['goal.completed', 'goal.failed', 'goal.cancelled']);

/** Every journal of a cluster as an onlooker reads it, folded while it grows; what may never be in it is noted. */
export class Ledger {
  readonly bus: Bus;
  readonly actors = new Map<string, ActorPage>();
  /** How each goal ended, and when. */
  readonly ended = new Map<string, { readonly how: string; readonly at: number }>();
  /** By `<root> <task>`: how often its coordinator took it as completed. */
  readonly completed = new Map<string, number>();
  /** When the answer to each model call was journaled, by the key of the call. */
  readonly replies = new Map<string, number[]>();
  /** What breaks a promise. */
  readonly broken: string[] = [];
  accepted = 0;

  private constructor(bus: Bus) {
    this.bus = bus;
  }

  static async open(servers: readonly string[], replicas: 1 | 3 = 1): Promise<Ledger> {
    const ledger = new Ledger(await openNatsBus({ servers, replicas, projector: goalIndex, name: 'ledger', onFault: () => undefined }));
    await ledger.bus.journal.follow(journalPattern, (entry) => ledger.#take(entry));
    return ledger;
  }

  /** Reads everything from the beginning, as nobody who followed it did. */
  async reread(): Promise<Ledger> {
    const again = new Ledger(this.bus);
    for await (const entry of this.bus.journal.read(journalPattern)) again.#take(entry);
    return again;
  }

  close(): Promise<void> {
    return this.bus.close();
  }

  /** Agents that were opened more than once: their work was begun again elsewhere. */
  get reopenedAgents(): number {
    return [...this.actors.values()].filter(({ actor, openings }) => actor !== coordinatorActor && openings.length > 1).length;
  }

  #take({ stream, records }: JournalEntry): void {
    const address = parseJournalSubject(stream);
    if (address === undefined) return;
    const page = this.actors.get(stream) ?? { root: address.root, actor: address.actor, openings: [], n: 0, epoch: 0, facts: new Map<string, number>() };
    this.actors.set(stream, page);
    for (const line of records) this.#record(page, JSON.parse(splitRecord(line).body) as Body);
  }

  #record(page: ActorPage, { n, at, input, facts }: Body): void {
    const where = `${page.root} ${page.actor}`;
    if (n !== page.n + 1) this.broken.push(`${where}: record ${n} stands after ${page.n}`);
    page.n = n;
    if (input.type === 'cell.opened' || input.type === 'agent.assign') {
      const epoch = input.epoch ?? 1;
      if (epoch !== page.epoch + 1) this.broken.push(`${where}: epoch ${epoch} stands after ${page.epoch}`);
      page.epoch = epoch;
      page.openings.push({ node: input.node ?? '', at });
    }
    if (input.type === 'model.replied' && input.key !== undefined) this.replies.set(input.key, [...(this.replies.get(input.key) ?? []), at]);
    for (const { type, data } of facts) {
      page.facts.set(type, (page.facts.get(type) ?? 0) + 1);
      if (type === 'goal.accepted') this.accepted += 1;
      if (goalEnds.has(type)) {
        if (this.ended.has(page.root)) this.broken.push(`${where}: ended twice`);
        this.ended.set(page.root, { how: type, at });
      }
      if (type !== 'task.completed') continue;
      const task = `${page.root} ${String(data['task'])}`;
      this.completed.set(task, (this.completed.get(task) ?? 0) + 1);
      if ((this.completed.get(task) ?? 0) > 1) this.broken.push(`${where}: task ${String(data['task'])} has a second result`);
    }
    if ((page.facts.get('agent.answered') ?? 0) > 1) this.broken.push(`${where}: answered twice`);
  }
}
