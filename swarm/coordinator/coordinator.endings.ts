import { isLongText } from '../../actors/agent/long-text.ts';
import { type Emitted, fact, request, type Verdict } from '../../actors/cell/kind.ts';
import { strategyOf } from '../strategies/index.ts';
import { excerptCharsMax } from './bounds.ts';
import type { CoordinatorState } from './coordinator.chart.ts';
import { acceptOf, attemptRef, type CoordinatorTable, ledgerOf, taskOf } from './coordinator.table.ts';
import { fillWindow, tellAgent } from './coordinator.window.ts';

type CoordinatorVerdict = Verdict<CoordinatorState>;

/** The ref of the request that puts the results of the last tasks together. */
export const joinRef = 'join';

/** After anything changed: end the goal when its strategy is done, else fill the window. */
export function proceed(table: CoordinatorTable, at: number, emitted: readonly Emitted[], from?: CoordinatorState): CoordinatorVerdict {
  const end = strategyOf(acceptOf(table).strategy.type).end(table.plan);
  if (end === undefined) {
    if (table.pausedBy !== null) return { emit: emitted };
    const emit = [...emitted, ...fillWindow(table, at)];
    return from === undefined ? { emit } : { go: from, emit };
  }
  if ('failed' in end) {
    const lost = lostTask(emitted);
    const task = end.failed < 0 ? lost?.task : `t${end.failed}`;
    const what = end.failed < 0 ? `every task failed${task === undefined ? '' : `, ${task} as the last`}` : `task ${task} failed for good`;
    return fail(table, at, 'task_failed', `${what}${because(lost)}`, emitted, { ...lost, ...(task === undefined ? {} : { task }) });
  }
  if ('refused' in end) {
    const lost = lostTask(emitted);
    const why = lost === undefined ? '' : `; task ${lost.task} failed for good${because(lost)}`;
    return fail(table, at, end.refused.code, `${end.refused.message}${why}`, emitted, lost);
  }
  if ('joined' in end) {
    const asked = table.joining ? [] : [request('result.join', joinRef, { tasks: end.joined })];
    table.joining = true;
    return from === undefined ? { emit: [...emitted, ...asked] } : { go: from, emit: [...emitted, ...asked] };
  }
  const task = taskOf(table, end.result);
  return complete(table, at, { result: task.result ?? '', blob: task.blob }, end.partial, emitted);
}

/** The results of the last tasks have been put together. */
export function joined(table: CoordinatorTable, at: number, { result, blob }: { readonly result: string; readonly blob?: string }): CoordinatorVerdict {
  const end = strategyOf(acceptOf(table).strategy.type).end(table.plan);
  if (end === undefined || !('partial' in end)) throw new Error('results were put together before the strategy had ended');
  return complete(table, at, { result, blob: blob ?? null }, end.partial, []);
}

function complete(
  table: CoordinatorTable,
  at: number,
  { result, blob }: { readonly result: string; readonly blob: string | null },
  partial: number,
  emitted: readonly Emitted[],
): CoordinatorVerdict {
  const long = blob !== null || isLongText(result);
  const shown = long ? { result: result.slice(0, excerptCharsMax), blob } : { result };
  return {
    go: 'completed',
    emit: [...emitted, ...abortOpen(table, 'the goal is complete'), fact('goal.completed', { ...shown, partial, ...closing(table, at) })],
  };
}

export function fail(
  table: CoordinatorTable,
  at: number,
  code: string,
  message: string,
  emitted: readonly Emitted[],
  why: Partial<LostTask> = {},
): CoordinatorVerdict {
  return {
    go: 'failed',
    emit: [
      ...emitted,
      ...abortOpen(table, 'the goal has failed'),
      fact('goal.failed', { code, message: message.slice(0, excerptCharsMax), retryable: false, ...why, ...closing(table, at) }),
    ],
  };
}

/** The task that an input ended for good, and why: what it led to names it. */
interface LostTask {
  readonly task: string;
  readonly failure: { readonly code: string; readonly message: string };
}

function lostTask(emitted: readonly Emitted[]): LostTask | undefined {
  for (const one of emitted) {
    if (!('fact' in one) || one.fact.type !== 'task.failed' || one.fact.data['final'] !== true) continue;
    const { task, code, message } = one.fact.data;
    return { task: String(task), failure: { code: String(code), message: String(message) } };
  }
  return undefined;
}

function because(lost: LostTask | undefined): string {
  return lost === undefined ? '' : `: ${lost.failure.code}: ${lost.failure.message}`;
}

export function cancel(table: CoordinatorTable, at: number, reason: string): CoordinatorVerdict {
  return { go: 'cancelled', emit: [...abortOpen(table, 'the goal was cancelled'), fact('goal.cancelled', { reason, ...closing(table, at) })] };
}

/** A quota stands in the way: nothing new starts, what runs may end, and goal.resume with a larger quota goes on. */
export function pause(table: CoordinatorTable, quota: string, used: number, limit: number, emitted: readonly Emitted[]): CoordinatorVerdict {
  if (table.pausedBy !== null) return { emit: emitted };
  table.pausedBy = quota;
  const message = `${quota} is used up; resume the goal with a larger one`;
  return {
    go: 'paused',
    emit: [
      ...emitted,
      fact('quota.exceeded', { quota, used, limit }),
      fact('goal.paused', { reason: 'quota', quota, message }),
      request('timer.stop', 'deadline', { name: 'deadline' }),
    ],
  };
}

/** Stops every attempt at work: its push is no longer repeated, and its agent is told. */
export function abortOpen(table: CoordinatorTable, reason: string): Emitted[] {
  const emitted: Emitted[] = [];
  if (table.running === 0) return emitted;
  for (const [index, task] of table.tasks.entries()) {
    for (const attempt of task.open) {
      emitted.push(request('effect.abort', attemptRef(index, attempt)), tellAgent(table, index, attempt, { type: 'agent.cancel', reason }));
    }
  }
  return emitted;
}

/** What the last fact of a goal tells of it as a whole. */
function closing(table: CoordinatorTable, at: number): Record<string, unknown> {
  const { spent, modelCalls, costUnknown, estimated } = ledgerOf(table);
  return {
    usage: {
      modelCalls,
      toolCalls: spent.toolCalls,
      tokens: spent.tokens,
      costMicroUsd: costUnknown ? null : spent.costMicroUsd,
      estimated,
      ms: table.startedAt === 0 ? 0 : at - table.startedAt,
    },
    tasks: { total: table.tasks.length, completed: table.completed, failed: table.failed },
    artifacts: table.changed,
  };
}
