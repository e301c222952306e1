import { type Emitted, fact, request, type Verdict } from '../../actors/cell/kind.ts';
import { newWarnings, quotaFigures, settleAttempt, settleUnknown } from '../ledger/ledger.ts';
import { strategyOf } from '../strategies/index.ts';
import { durationsMax, excerptCharsMax } from './bounds.ts';
import type { CoordinatorState } from './coordinator.chart.ts';
import { pause, proceed } from './coordinator.endings.ts';
import type { TaskEnded } from './coordinator.inputs.ts';
import { disarmLimit, limitOf } from './coordinator.limits.ts';
import { decidedFacts } from './coordinator.plan.ts';
import { acceptOf, attemptRef, type CoordinatorTable, ledgerOf, taskIndex, taskOf } from './coordinator.table.ts';
import { tellAgent } from './coordinator.window.ts';

type CoordinatorVerdict = Verdict<CoordinatorState>;

/** An attempt has ended. The first answer of a task counts; what comes later is superseded. */
export function taskEnded(table: CoordinatorTable, input: TaskEnded, at: number): CoordinatorVerdict {
  const index = taskIndex(input.task);
  const task = taskOf(table, index);
  // Its end was told before, and so long ago that its id is forgotten: the reservation went then.
  if (ledgerOf(table).reserved[attemptRef(index, input.attempt)] === undefined) return { emit: [] };
  const open = task.open.indexOf(input.attempt);
  if (open >= 0) {
    task.open.splice(open, 1);
    table.running -= 1;
  }
  const ref = attemptRef(index, input.attempt);
  const stopped = table.stopped.indexOf(ref);
  if (stopped >= 0) table.stopped.splice(stopped, 1);
  const emitted = [...account(table, input, ref), ...(open < 0 ? [] : disarmLimit(table, ref))];
  if (task.state === 'completed' || task.state === 'failed' || open < 0) {
    return proceed(table, at, [...emitted, fact('task.superseded', { task: input.task, attempt: input.attempt, outcome: input.outcome })]);
  }
  return input.outcome === 'answered' ? answered(table, index, input, at, emitted) : failed(table, index, input, at, emitted, stopped >= 0);
}

function answered(table: CoordinatorTable, index: number, input: TaskEnded, at: number, emitted: Emitted[]): CoordinatorVerdict {
  const task = taskOf(table, index);
  task.state = 'completed';
  task.result = input.result ?? '';
  task.blob = input.blob ?? null;
  table.completed += 1;
  table.durations.push(at - task.pushedAt);
  if (table.durations.length > durationsMax) table.durations.shift();
  task.artifacts = input.artifacts ?? [];
  task.artifactsBlob = input.artifactsBlob ?? null;
  table.changed += input.changed ?? task.artifacts.length;
  emitted.push(
    fact('task.completed', {
      task: input.task,
      attempt: input.attempt,
      hash: input.hash,
      result: (input.result ?? '').slice(0, excerptCharsMax),
      ...(input.blob === undefined ? {} : { blob: input.blob }),
      ...(input.changed === undefined ? {} : { changed: input.changed }),
      tokens: input.usage?.tokens ?? 0,
    }),
  );
  // A slower attempt of the same task is no longer wanted.
  for (const attempt of task.open)
    emitted.push(
      request('effect.abort', attemptRef(index, attempt)),
      tellAgent(table, index, attempt, { type: 'agent.cancel', reason: 'another attempt was first' }),
    );
  table.running -= task.open.length;
  task.open = [];
  emitted.push(...decidedFacts(table, strategyOf(acceptOf(table).strategy.type).completed(table.plan, task.place, { task: index, text: task.result })));
  return proceed(table, at, emitted);
}

function failed(table: CoordinatorTable, index: number, input: TaskEnded, at: number, emitted: Emitted[], stopped: boolean): CoordinatorVerdict {
  const task = taskOf(table, index);
  const { taskAttemptsMax } = acceptOf(table);
  const code = input.outcome === 'poisoned' ? 'actor_poisoned' : (input.code ?? 'internal');
  const message = (input.message ?? '').slice(0, excerptCharsMax);
  emitted.push(fact('task.failed', { task: input.task, attempt: input.attempt, code, message, retryable: input.retryable ?? false, final: false }));
  // Another attempt of the task is still at work.
  if (task.open.length > 0) return proceed(table, at, emitted);
  if (code === 'quota_exceeded' || (code === 'cancelled' && stopped)) {
    task.state = 'waiting';
    table.retries.push(index);
    const quota = stopped ? null : table.refusedBy;
    // Refused or stopped before the goal was resumed: there is room again.
    if (quota === null) return proceed(table, at, [...emitted, fact('task.retried', { task: input.task, attempt: task.attempts + 1, reason: code })]);
    const { used, limit } = quotaFigures(ledgerOf(table), quota);
    return pause(table, quota, used, limit, emitted);
  }
  const again = (input.retryable === true || input.outcome === 'poisoned') && task.attempts < taskAttemptsMax;
  if (again) {
    task.state = 'waiting';
    table.retries.push(index);
    emitted.push(fact('task.retried', { task: input.task, attempt: task.attempts + 1, reason: code }));
    return proceed(table, at, emitted);
  }
  task.state = 'failed';
  table.failed += 1;
  emitted[emitted.length - 1] = fact('task.failed', {
    task: input.task,
    attempt: input.attempt,
    code,
    message,
    retryable: input.retryable ?? false,
    final: true,
  });
  emitted.push(...decidedFacts(table, strategyOf(acceptOf(table).strategy.type).failed(table.plan, task.place, index)));
  return proceed(table, at, emitted);
}

function account(table: CoordinatorTable, input: TaskEnded, attempt: string): Emitted[] {
  const ledger = ledgerOf(table);
  if (input.usage === undefined) settleUnknown(ledger, attempt);
  else settleAttempt(ledger, attempt, input.usage);
  return newWarnings(ledger).map((warning) => fact('quota.warned', warning));
}

/** The time of an attempt is up: its task has failed for good, what it says later is superseded, and its agent is told to stop. */
export function limitReached(table: CoordinatorTable, timer: string, at: number): CoordinatorVerdict {
  const { index, attempt } = limitOf(timer);
  const row = taskOf(table, index);
  if (row.state !== 'running' || !row.open.includes(attempt)) return { emit: [] };
  const strategy = strategyOf(acceptOf(table).strategy.type);
  const message = `no answer within the ${(strategy.taskMsMax?.(table.plan) ?? at - row.pushedAt) / 1_000} s that the strategy gives one task`;
  const stopping = row.open.flatMap((one) => [
    request('effect.abort', attemptRef(index, one)),
    tellAgent(table, index, one, { type: 'agent.cancel', reason: message }),
  ]);
  table.running -= row.open.length;
  row.open = [];
  row.state = 'failed';
  table.failed += 1;
  const told = fact('task.failed', { task: `t${index}`, attempt, code: 'task_timeout', message, retryable: false, final: true });
  return proceed(table, at, [...stopping, told, ...decidedFacts(table, strategy.failed(table.plan, row.place, index))]);
}
