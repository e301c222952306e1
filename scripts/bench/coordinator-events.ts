/**
 * What one event of a coordinator costs with 10,000 tasks in one goal: the Fold alone is driven with made-up inputs, nothing is stored.
 * The note has the cost by tenths of the run, and that of a snapshot.
 */
import { cellBoundsDefault, snapshotBytesPerRecord } from '../../actors/cell/bounds.ts';
import { Fold } from '../../actors/cell/fold.ts';
import type { Input } from '../../actors/cell/kind.ts';
import { quotaDefault } from '../../protocols/goals/goal.ts';
import { coordinatorActor } from '../../protocols/goals/task.ts';
import { journalSubject } from '../../protocols/subjects.ts';
import type { GoalAccept, TaskEnded } from '../../swarm/coordinator/coordinator.inputs.ts';
import { coordinatorKind } from '../../swarm/coordinator/coordinator.kind.ts';
import { type BenchResult, resultOf } from './result.ts';

const stream = journalSubject({ tenant: 'bench', root: 'g1', actor: coordinatorActor });
const usage = { modelCalls: 2, toolCalls: 1, tokens: 150, costMicroUsd: 20, costUnknown: false, estimated: false };

const accept = (parts: number, agents: number): Input =>
  ({
    type: 'goal.accept',
    machine: 'coordinator',
    version: coordinatorKind.version,
    tenant: 'bench',
    goalId: 'g1',
    goal: 'count every item',
    strategy: { type: 'map-reduce', fanIn: 8, onFailure: 'partial' },
    why: 'asked for',
    agents,
    quota: { ...quotaDefault, maxTokens: 100_000_000, maxSeconds: 1_000_000 },
    profile: { name: 'default', model: 'x/y', modelWhy: 'bench', system: 's', tools: [], outputTokensMax: 500, pool: 'default' },
    plan: { blob: 'b'.repeat(64), count: parts },
    workspace: null,
    taskAttemptsMax: 3,
    stragglerFactor: 3,
    bodyHash: 'h'.repeat(64),
  }) satisfies GoalAccept;

interface Measured {
  readonly tasks: number;
  readonly events: number;
  readonly cpuUsPerEvent: number;
  /** By tenths of the run. */
  readonly tenths: readonly number[];
  /** Making the text of one snapshot at the end of the run, and its share of each event. */
  readonly snapshot: { readonly bytes: number; readonly cpuUs: number; readonly cpuUsPerEvent: number };
}

/** Runs one goal of this many parts to its end; only the steps are timed, not the making of their inputs. */
function measure(parts: number, agents: number): Measured {
  const fold = new Fold(coordinatorKind, stream, cellBoundsDefault.inboxSeenMax);
  const costs: number[] = [];
  let at = 1_000;
  const pushes: { readonly key: string; readonly ref: string }[] = [];
  const step = (input: Input): void => {
    const plain = JSON.parse(JSON.stringify(input)) as Input;
    at += 1;
    const before = process.cpuUsage();
    const { requests } = fold.step(plain, at);
    const { user, system } = process.cpuUsage(before);
    costs.push(user + system);
    for (const { key, request } of requests) if (request.type === 'task.push') pushes.push({ key, ref: request.ref });
  };
  step(accept(parts, agents));
  step({ type: 'cell.opened', node: 'n1', epoch: 1 });
  for (let push = pushes.shift(); push !== undefined; push = pushes.shift()) {
    const { key, ref } = push;
    const [task = '', attempt = ''] = ref.split('-');
    const ended: TaskEnded = {
      type: 'task.ended',
      task,
      attempt: Number(attempt),
      agent: `agent-${ref}`,
      n: 7,
      hash: 'a'.repeat(64),
      outcome: 'answered',
      result: `${'a result of some length '.repeat(8)}${ref}`,
      usage,
    };
    step({ ...ended, id: `agent-${ref}:7`, key });
  }
  if (fold.state !== 'completed') throw new Error(`the goal ended as ${fold.state}`);
  const mean = (some: readonly number[]): number => Math.round((some.reduce((sum, one) => sum + one, 0) / some.length) * 10) / 10;
  const before = process.cpuUsage();
  const text = JSON.stringify(fold.toState());
  const { user, system } = process.cpuUsage(before);
  const bytes = Buffer.byteLength(text);
  const snapshot = {
    bytes,
    cpuUs: user + system,
    cpuUsPerEvent: Math.round((user + system) / Math.max(cellBoundsDefault.snapshotRecords, bytes / snapshotBytesPerRecord)),
  };
  const tenth = Math.ceil(costs.length / 10);
  return {
    tasks: parts,
    events: costs.length,
    cpuUsPerEvent: mean(costs),
    tenths: Array.from({ length: 10 }, (_, index) => mean(costs.slice(index * tenth, (index + 1) * tenth))),
    snapshot,
  };
}

const tasks = 10_000;
const agents = 16;
/** µs CPU. */
const demanded = 50;

export async function coordinatorEvents(): Promise<readonly BenchResult[]> {
  measure(2_000, agents);
  const small = measure(100, agents);
  const large = measure(tasks, agents);
  return [
    resultOf({
      name: `an event of a coordinator, ${tasks} tasks, ${agents} agents`,
      figure: large.cpuUsPerEvent,
      unit: 'µs CPU',
      demand: demanded,
      yardstick: { what: 'the same with 100 tasks', figure: small.cpuUsPerEvent },
      runs: large.events,
      note: `by tenths of the run ${large.tenths.join(', ')}; a snapshot at the end has ${large.snapshot.bytes} bytes and costs ${large.snapshot.cpuUs} µs, ${large.snapshot.cpuUsPerEvent} for each event`,
    }),
  ];
}
