import { Fold } from '../../actors/cell/fold.ts';
import type { Input, Request } from '../../actors/cell/kind.ts';
import { quotaDefault } from '../../protocols/goals/goal.ts';
import type { Fact } from '../../protocols/journal/facts.ts';
import type { GoalAccept, TaskEnded } from '../../swarm/coordinator/coordinator.inputs.ts';
import { coordinatorKind } from '../../swarm/coordinator/coordinator.kind.ts';
import type { CoordinatorTable } from '../../swarm/coordinator/coordinator.table.ts';

export const coordinatorStream = 'flock.acme.journal.21.g1.coordinator';

export const accept = (more: Partial<GoalAccept> & { readonly parts?: number } = {}): Input => {
  const { parts = 6, ...rest } = more;
  return {
    type: 'goal.accept',
    machine: 'coordinator',
    version: coordinatorKind.version,
    tenant: 'acme',
    goalId: 'g1',
    goal: 'count',
    strategy: { type: 'map-reduce', fanIn: 4 },
    why: 'asked for',
    agents: 3,
    quota: quotaDefault,
    profile: { name: 'default', model: 'x/y', modelWhy: 'asked for', system: 's', tools: [], outputTokensMax: 500, pool: 'default' },
    plan: { blob: 'b'.repeat(64), count: parts },
    workspace: null,
    taskAttemptsMax: 3,
    stragglerFactor: 3,
    bodyHash: 'h'.repeat(64),
    ...rest,
  } satisfies GoalAccept;
};

export const usage = { modelCalls: 1, toolCalls: 1, tokens: 100, costMicroUsd: 10, costUnknown: false, estimated: false };

/** A coordinator driven by hand; each step's facts and requests can be looked at. */
export class CoordinatorBench {
  readonly fold = new Fold<CoordinatorTable>(coordinatorKind, coordinatorStream, 10_000);
  facts: readonly Fact[] = [];
  requests: readonly Request[] = [];
  aborted: readonly string[] = [];
  now = 1_000;
  #sent = 0;

  constructor(first: Input = accept()) {
    this.take(first);
    this.open();
  }

  get state(): string {
    return this.fold.state;
  }
  get table(): CoordinatorTable {
    return this.fold.table;
  }
  get types(): string[] {
    return this.facts.map(({ type }) => type);
  }
  /** Attempts whose push is pending, in the order they were made. */
  get atWork(): string[] {
    return [...this.fold.pending.values()].flatMap(({ request }) => (request.type === 'task.push' ? [request.ref] : []));
  }
  /** What the last step tells agents, by actor. */
  get told(): Record<string, string> {
    return Object.fromEntries(
      this.requests.flatMap((one) => (one.type === 'message.send' ? [[String(one['to']), String((one['message'] as { type: string }).type)]] : [])),
    );
  }

  take(input: Input): this {
    const { facts, requests, aborted } = this.fold.step(JSON.parse(JSON.stringify(input)) as Input, this.now);
    this.facts = facts;
    this.requests = requests.map(({ request }) => request);
    this.aborted = aborted;
    return this;
  }

  open(): this {
    return this.take({ type: 'cell.opened', node: 'n1', epoch: this.fold.epoch + 1 });
  }

  message(input: Input): this {
    this.#sent += 1;
    return this.take({ ...input, id: `m${this.#sent}` });
  }

  /** An attempt ends; `ref` is `t<index>-<attempt>`. */
  end(ref: string, more: Partial<TaskEnded> = {}): this {
    const [task = '', attempt = ''] = ref.split('-');
    const agent = `agent-${ref}`;
    const key = this.fold.pendingRef(ref)?.key;
    const ended: TaskEnded = {
      type: 'task.ended',
      task,
      attempt: Number(attempt),
      agent,
      n: 5,
      hash: 'a'.repeat(64),
      outcome: 'answered',
      result: `result of ${ref}`,
      usage,
      ...more,
    };
    return this.take({ ...ended, id: `${agent}:5`, ...(key === undefined ? {} : { key }) });
  }

  fail(ref: string, code: string, retryable = false): this {
    return this.end(ref, { outcome: 'failed', code, message: `${code} happened`, retryable });
  }

  timer(name: string): this {
    const timer = this.fold.timers.get(name);
    if (timer === undefined) throw new Error(`no timer ${name} runs`);
    this.now = Math.max(this.now, timer.due);
    return this.take({ type: 'timer.fired', name, key: timer.key });
  }

  fact(type: string): Readonly<Record<string, unknown>> | undefined {
    return this.facts.find((one) => one.type === type)?.data;
  }
}
