import { FlockworkError } from '../../../protocols/errors/error.ts';
import { type GoalStatus, type GoalView, goalStatuses } from '../../../protocols/goals/goal.ts';
import { listLimitDefault, listLimitMax } from '../../../protocols/wire/methods.ts';
import { type CommandIo, note, printJson, printLine } from '../io.ts';
import { duration } from '../output/figures.ts';
import { oneLine, table } from '../output/table.ts';
import { anySession, type ConnectionOptions, withSession } from '../session.ts';

export interface GoalsOptions extends ConnectionOptions {
  readonly status?: string;
  readonly limit?: string;
  readonly after?: string;
  readonly json?: boolean;
}

export async function goals(io: CommandIo, options: GoalsOptions): Promise<number> {
  const limit = readLimit(options.limit);
  const status = readStatus(options.status);
  return withSession(await anySession(io, options, ['gateway']), async ({ client }) => {
    const { items, next } = await client.list({
      limit,
      ...(status === undefined ? {} : { status }),
      ...(options.after === undefined ? {} : { after: options.after }),
    });
    if (options.json === true) for (const goal of items) await printJson(io, goal);
    else if (items.length === 0) note(io, status === undefined ? 'no goals yet; flockwork run "<goal>" makes one' : `no goal is ${status}`);
    else for (const line of table(['GOAL', 'STATUS', 'STRATEGY', 'TASKS', 'AGE', 'TEXT'], items.map(rowOf))) await printLine(io, line);
    if (next !== null) note(io, `there are more: flockwork goals --after ${next}`);
    return 0;
  });
}

function rowOf({ id, status, strategy, tasks, createdAt, goal }: GoalView): readonly string[] {
  const age = Math.max(0, (Date.now() - Date.parse(createdAt)) / 1_000);
  return [id, status, strategy.type, `${tasks.completed + tasks.failed}/${tasks.total}`, duration(Math.floor(age)), oneLine(goal, 60)];
}

function readStatus(text: string | undefined): GoalStatus | undefined {
  if (text === undefined) return undefined;
  const status = goalStatuses.find((known) => known === text);
  if (status === undefined) throw new FlockworkError('usage', `--status ${text}: there are ${goalStatuses.join(', ')}`);
  return status;
}

export function readLimit(text: string | undefined): number {
  if (text === undefined) return listLimitDefault;
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > listLimitMax)
    throw new FlockworkError('usage', `--limit ${text}: must be a whole number from 1 to ${listLimitMax}`);
  return limit;
}
