import type { GoalView } from '../../protocols/goals/goal.ts';
import type { GoalRow } from './goal-index.ts';

const microUsd = 1_000_000;

/** A row of the index as clients see it. */
export function goalView(row: GoalRow, result: string | null, now: number): GoalView {
  const { usage } = row;
  const ms = row.startedAt === null ? 0 : (row.endedAt ?? now) - row.startedAt;
  return {
    id: row.id,
    status: row.status,
    goal: row.goal,
    strategy: row.strategy,
    ...(row.status === 'completed' ? { result: result ?? row.result ?? '' } : {}),
    ...(row.error === null ? {} : { error: row.error }),
    usage: {
      modelCalls: usage.modelCalls,
      toolCalls: usage.toolCalls,
      tokens: usage.tokens,
      costUsd: usage.costMicroUsd === null ? null : usage.costMicroUsd / microUsd,
      estimated: usage.estimated,
      seconds: Math.max(0, ms) / 1_000,
    },
    tasks: row.tasks,
    createdAt: new Date(row.createdAt).toISOString(),
    ...(row.endedAt === null ? {} : { endedAt: new Date(row.endedAt).toISOString() }),
  };
}
