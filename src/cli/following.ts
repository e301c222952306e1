import { FlockworkError } from '../../protocols/errors/error.ts';
import { type GoalView, isEnded } from '../../protocols/goals/goal.ts';
import type { GoalEvent } from '../../protocols/wire/methods.ts';
import { createApprover } from './approving.ts';
import { goalEvents } from './events.ts';
import { exitCodes } from './exit.ts';
import { type CommandIo, note, printJson, printText } from './io.ts';
import { counted, duration, usageText } from './output/figures.ts';
import { printable } from './output/table.ts';
import { createReporter } from './progress/reporter.ts';
import type { Session } from './session.ts';

export interface FollowOptions {
  readonly json: boolean;
  readonly after?: string;
  /** What Ctrl-C does: cancel the goal and wait for its end, or only stop watching. */
  readonly onInterrupt: 'cancel' | 'detach';
  /** Stop when the goal pauses, as nobody else could resume it. */
  readonly stopWhenPaused: boolean;
  /** Plain lines only of what happened since then, in milliseconds since 1970. */
  readonly skipHistoryBefore?: number;
}

/** Shows a goal to its end and prints its result. Answers the exit code. */
export async function followGoal(io: CommandIo, { client, node }: Session, goalId: string, options: FollowOptions): Promise<number> {
  const reporter = createReporter(io, { json: options.json, ...(options.skipHistoryBefore === undefined ? {} : { linesSince: options.skipHistoryBefore }) });
  const approver = createApprover(io, client, { embedded: node !== undefined, say: (line) => reporter.say(line) });
  const stopped = new AbortController();
  let interrupted = false;
  let cursor = options.after;
  let pausedBy: string | undefined;
  let failedTask: string | undefined;

  const cancel = async (): Promise<void> => {
    try {
      await client.cancel(goalId, 'interrupted by the user');
    } catch (error) {
      // It ended on its own meanwhile; the watch tells how.
      if (error instanceof FlockworkError && error.code === 'goal_ended') return;
      reporter.say(`the goal could not be cancelled: ${error instanceof Error ? error.message : String(error)}`);
      stopped.abort();
    }
  };
  const release = io.onInterrupt((signal) => {
    if (interrupted) {
      reporter.stop();
      io.exitNow(exitCodes.interrupted);
      return;
    }
    interrupted = true;
    if (signal === 'SIGINT' && options.onInterrupt === 'cancel') {
      reporter.say('cancelling; press Ctrl-C again to leave at once');
      void cancel();
    } else stopped.abort();
  });

  try {
    for await (const event of goalEvents(client, goalId, { after: cursor, signal: stopped.signal })) {
      cursor = event.cursor;
      await reporter.event(event);
      approver.event(event);
      if (event.type === 'task.failed') failedTask = failureOfTask(event);
      if (event.type === 'goal.paused') pausedBy = typeof event.data['quota'] === 'string' ? event.data['quota'] : undefined;
      if (event.type === 'goal.paused' && options.stopWhenPaused && (await client.get(goalId)).status === 'paused') break;
    }
  } finally {
    release();
    reporter.stop();
  }

  const view = await client.get(goalId);
  if (interrupted && !isEnded(view.status)) {
    note(
      io,
      options.onInterrupt === 'cancel'
        ? `stopped; go on with: flockwork resume ${goalId}`
        : `stopped watching; the goal goes on. Come back with: flockwork watch ${goalId}${cursor === undefined ? '' : ` --after ${cursor}`}`,
    );
    return exitCodes.interrupted;
  }
  await printResult(io, view, options.json, { pausedBy, failedTask });
  return interrupted ? exitCodes.interrupted : view.status === 'completed' ? exitCodes.completed : exitCodes.failed;
}

/** What the last events said of a goal that did not complete. */
interface EndReasons {
  readonly pausedBy: string | undefined;
  readonly failedTask: string | undefined;
}

/** The lines that told it are gone from a terminal by the end. */
function failureOfTask({ data }: GoalEvent): string {
  return printable(`task ${String(data['task'])}: ${String(data['message'])} (${String(data['code'])})`);
}

/** The result of a goal as it ends a run: text on stdout and a summary on stderr, or one JSON line. */
async function printResult(io: CommandIo, view: GoalView, json: boolean, { pausedBy, failedTask }: EndReasons): Promise<void> {
  const { id, status, result, error, usage, tasks } = view;
  if (json) {
    await printJson(io, { type: 'result', id, status, result: result ?? null, ...(error === undefined ? {} : { error }), usage, tasks });
    return;
  }
  if (result !== undefined) await printText(io, result);
  const failedTasks = tasks.failed > 0 ? `, ${counted(tasks.failed, 'failed task')}` : '';
  note(
    io,
    `${status} ${status === 'completed' ? 'in' : 'after'} ${duration(usage.seconds)}: ${counted(tasks.total, 'task')}${failedTasks}, ${usageText(usage)} · goal ${id}`,
  );
  if (error !== undefined && status !== 'paused') note(io, `flockwork: ${printable(error.message)} (${error.code})`);
  if (status === 'failed' && failedTask !== undefined) note(io, failedTask);
  if (status !== 'paused') return;
  const larger = pausedBy === undefined ? '' : ` --quota ${pausedBy}=<larger>`;
  note(io, `the goal is paused${pausedBy === undefined ? '' : `: ${pausedBy} is used up`}; go on with: flockwork resume ${id}${larger}`);
}
