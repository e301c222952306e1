import { type Emitted, fact, request } from '../../actors/cell/kind.ts';
import { agentActor } from '../../protocols/goals/task.ts';
import { available, reserveShare } from '../ledger/ledger.ts';
import { strategyOf } from '../strategies/index.ts';
import { openAttemptsMax, stragglerMsMin } from './bounds.ts';
import { armLimit } from './coordinator.limits.ts';
import { hasWritten } from './coordinator.memory.ts';
import { partName } from './coordinator.plan.ts';
import { acceptOf, attemptRef, type CoordinatorTable, ledgerOf, type TaskRow, taskOf } from './coordinator.table.ts';

/** Fills the window: first what waits for another try, then what the strategy has next, as long as agents are free. */
export function fillWindow(table: CoordinatorTable, at: number): Emitted[] {
  const { strategy } = acceptOf(table);
  const wide = widthOf(table);
  const emitted: Emitted[] = [];
  while (table.running < wide) {
    const retry = table.retries.shift();
    if (retry !== undefined) {
      emitted.push(...push(table, retry, at));
      continue;
    }
    const next = strategyOf(strategy.type).next(table.plan);
    if (next === undefined) break;
    const index = table.tasks.length;
    const { role, part = null, name = partName(table, part), merges = [], follows = null, place } = next;
    table.tasks.push({
      role,
      name,
      part,
      merges,
      follows,
      place,
      state: 'waiting',
      attempts: 0,
      open: [],
      pushedAt: 0,
      result: null,
      blob: null,
      artifacts: [],
      artifactsBlob: null,
    });
    emitted.push(
      fact('task.created', {
        task: `t${index}`,
        role,
        name,
        ...(part === null ? {} : { part }),
        ...(merges.length === 0 ? {} : { merges: merges.map((one) => `t${one}`) }),
      }),
    );
    emitted.push(...push(table, index, at));
  }
  return [...emitted, ...armStraggler(table, at, wide)];
}

/** Attempts that may be at work at the same time. */
function widthOf(table: CoordinatorTable): number {
  const { agents, strategy } = acceptOf(table);
  return strategy.type === 'map-reduce' ? Math.min(agents, strategy.concurrency ?? agents) : agents;
}

/** Makes one more attempt of a task, with its share of the budget. */
export function push(table: CoordinatorTable, index: number, at: number): Emitted[] {
  const task = taskOf(table, index);
  const { quota } = acceptOf(table);
  task.state = 'running';
  task.attempts += 1;
  task.open.push(task.attempts);
  task.pushedAt = at;
  table.running += 1;
  const ref = attemptRef(index, task.attempts);
  const allotment = reserveShare(ledgerOf(table), ref, tasksLeft(table), quota.maxTicks);
  return [request('task.push', ref, { task: `t${index}`, attempt: task.attempts, allotment }), ...armLimit(table, ref)];
}

/** Tasks that still share what is left: those to come, and one for the attempt that is being made. */
function tasksLeft(table: CoordinatorTable): number {
  const expected = strategyOf(acceptOf(table).strategy.type).expected(table.plan);
  return Math.max(1, expected - table.tasks.length + table.retries.length + 1);
}

/** A second attempt beside the first would do again what a tool does outside: only tools that may be repeated, or stay in the task's own workspace, allow it. */
function mayTryTwice(table: CoordinatorTable): boolean {
  return acceptOf(table).profile.tools.every(({ repeatable, contained = false }) => repeatable || contained);
}

/** With nothing left to start, a free agent may try what takes much longer than the others did. */
function armStraggler(table: CoordinatorTable, at: number, wide: number): Emitted[] {
  if (
    table.stragglerArmed ||
    table.running === 0 ||
    table.running >= wide ||
    !strategyOf(acceptOf(table).strategy.type).speculates(table.plan) ||
    !mayTryTwice(table)
  )
    return [];
  const limit = stragglerLimitMs(table);
  if (limit === undefined) return [];
  const oldest = Math.min(...candidates(table).map((task) => task.pushedAt));
  if (!Number.isFinite(oldest)) return [];
  table.stragglerArmed = true;
  return [request('timer.start', 'straggler', { name: 'straggler', ms: Math.max(50, oldest + limit - at) })];
}

/** The straggler timer fired: a second attempt for each task past the limit, as far as agents are free. In a pause nothing starts. */
export function retryStragglers(table: CoordinatorTable, at: number): Emitted[] {
  table.stragglerArmed = false;
  if (table.pausedBy !== null) return [];
  const wide = widthOf(table);
  const limit = stragglerLimitMs(table);
  const emitted: Emitted[] = [];
  if (limit === undefined) return emitted;
  for (const task of candidates(table)) {
    if (table.running >= wide || at - task.pushedAt < limit || available(ledgerOf(table)).tokens === 0) continue;
    const index = table.tasks.indexOf(task);
    emitted.push(fact('task.retried', { task: `t${index}`, attempt: task.attempts + 1, reason: 'straggler', afterMs: at - task.pushedAt }));
    emitted.push(...push(table, index, at));
  }
  return [...emitted, ...armStraggler(table, at, wide)];
}

/** Three attempts and a half of the tasks must have shown how long one takes. */
function stragglerLimitMs(table: CoordinatorTable): number | undefined {
  const { durations } = table;
  if (durations.length < 3 || table.completed * 2 < table.tasks.length) return undefined;
  const sorted = [...durations].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return Math.max(stragglerMsMin, median * acceptOf(table).stragglerFactor);
}

function candidates(table: CoordinatorTable): TaskRow[] {
  return table.tasks.filter(
    (task, index) => task.state === 'running' && task.open.length > 0 && task.open.length < openAttemptsMax && !hasWritten(table, index),
  );
}

/** A message to an agent's inbox. */
export function tellAgent(table: CoordinatorTable, index: number, attempt: number, message: Readonly<Record<string, unknown>>): Emitted {
  table.sends += 1;
  return request('message.send', `send-${table.sends}`, { to: agentActor(`t${index}`, attempt), message });
}
