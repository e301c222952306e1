import { FlockworkError } from '../../../protocols/errors/error.ts';
import { isEnded } from '../../../protocols/goals/goal.ts';
import { followGoal } from '../following.ts';
import type { CommandIo } from '../io.ts';
import { anySession, type ConnectionOptions, withSession } from '../session.ts';

export interface WatchOptions extends ConnectionOptions {
  readonly after?: string;
  readonly json?: boolean;
}

export async function watch(io: CommandIo, goalId: string, options: WatchOptions): Promise<number> {
  return withSession(await anySession(io, options, ['gateway']), async (session) => {
    const { status } = await session.client.get(goalId);
    if (session.node !== undefined && !isEnded(status)) {
      throw new FlockworkError('no_node', `goal ${goalId} is ${status}, but no node works on it; go on with: flockwork resume ${goalId}`, {
        details: { goalId, status },
      });
    }
    return followGoal(io, session, goalId, {
      json: options.json === true,
      onInterrupt: 'detach',
      stopWhenPaused: false,
      ...(options.after === undefined ? {} : { after: options.after }),
    });
  });
}
