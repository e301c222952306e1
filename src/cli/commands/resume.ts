import { setTimeout as pause } from 'node:timers/promises';
import { FlockworkError } from '../../../protocols/errors/error.ts';
import { isEnded } from '../../../protocols/goals/goal.ts';
import type { FlockworkClient } from '../../client/index.ts';
import { nodeRoles } from '../../config/index.ts';
import { exitCodes } from '../exit.ts';
import { followGoal } from '../following.ts';
import { type CommandIo, note } from '../io.ts';
import { anySession, type ConnectionOptions, expectNode, type Session, withSession } from '../session.ts';
import { parseQuota } from '../submission.ts';
import { leftGoals } from './run.ts';

export interface ResumeOptions extends ConnectionOptions {
  readonly quota?: readonly string[];
  readonly json?: boolean;
}

/** How long a resumed goal may stay paused before it is followed all the same, in milliseconds. */
const resumedMaxMs = 10_000;
/** How often that is looked at, in milliseconds. */
const resumedPollMs = 50;

/** Goes on with one goal, or with all that have not ended, and watches each to its end. */
export async function resume(io: CommandIo, goalId: string | undefined, options: ResumeOptions): Promise<number> {
  const quota = parseQuota(options.quota ?? []);
  return withSession(await anySession(io, options, nodeRoles, true), async (session) => {
    expectNode(session, 'this data folder');
    const ids = goalId === undefined ? (await leftGoals(session.client)).map(({ id }) => id) : [goalId];
    if (ids.length === 0) note(io, 'no goal waits to be resumed');
    let code: number = exitCodes.completed;
    for (const id of ids) {
      const ended = await resumeOne(io, session, id, quota, options.json === true);
      if (ended === exitCodes.interrupted) return ended;
      code = Math.max(code, ended);
    }
    return code;
  });
}

async function resumeOne(io: CommandIo, session: Session, id: string, quota: Record<string, number>, json: boolean): Promise<number> {
  const { client } = session;
  const { status } = await client.get(id);
  if (isEnded(status))
    throw new FlockworkError('goal_ended', `goal ${id} has already ended as ${status}; there is nothing to resume`, { details: { goalId: id, status } });
  const since = Date.now();
  // A node of another process has taken up everything already.
  session.node?.takeUp(id);
  if (status === 'paused') await resumePaused(client, id, quota);
  else if (Object.keys(quota).length > 0) note(io, `goal ${id} is ${status}, not paused: --quota does not change it`);
  note(io, `goal ${id} goes on${session.address === undefined ? '' : ` at ${session.address}`}`);
  return followGoal(io, session, id, { json, onInterrupt: session.node === undefined ? 'detach' : 'cancel', stopWhenPaused: true, skipHistoryBefore: since });
}

/** The answer to a resume says that it is stored; here it counts once the goal has taken it. */
async function resumePaused(client: FlockworkClient, id: string, quota: Record<string, number>): Promise<void> {
  await client.resume(id, Object.keys(quota).length === 0 ? undefined : quota);
  const deadline = Date.now() + resumedMaxMs;
  while (Date.now() < deadline && (await client.get(id)).status === 'paused') await pause(resumedPollMs);
}
