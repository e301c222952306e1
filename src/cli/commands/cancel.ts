import { isEnded } from '../../../protocols/goals/goal.ts';
import { goalEvents } from '../events.ts';
import { type CommandIo, printJson, printLine } from '../io.ts';
import { anySession, type ConnectionOptions, withSession } from '../session.ts';

export interface CancelOptions extends ConnectionOptions {
  readonly reason?: string;
  readonly json?: boolean;
}

/** How long a cancelled goal may take to its end before the command answers all the same, in milliseconds. */
const endMaxMs = 10_000;

/** Cancels a goal and waits for its end; on a folder where no node runs, in this process. */
export async function cancel(io: CommandIo, goalId: string, options: CancelOptions): Promise<number> {
  return withSession(await anySession(io, options, ['gateway', 'coordinator']), async ({ client }) => {
    await client.cancel(goalId, options.reason);
    const stopped = AbortSignal.timeout(endMaxMs);
    for await (const { type } of goalEvents(client, goalId, { signal: stopped })) if (type === 'goal.cancelled') break;
    const { status } = await client.get(goalId);
    const shown = isEnded(status) ? status : 'cancelling';
    await (options.json === true ? printJson(io, { id: goalId, status: shown }) : printLine(io, `${goalId} ${shown}`));
    return 0;
  });
}
