import type { ApprovalDecision } from '../../../protocols/goals/approval.ts';
import { type CommandIo, note, printJson, printLine } from '../io.ts';
import { oneLine, table } from '../output/table.ts';
import { anySession, type ConnectionOptions, liveSession, withSession } from '../session.ts';

export interface ApprovalsOptions extends ConnectionOptions {
  readonly json?: boolean;
}

export async function approvals(io: CommandIo, goalId: string | undefined, options: ApprovalsOptions): Promise<number> {
  return withSession(await anySession(io, options, ['gateway']), async ({ client }) => {
    const open = await client.approvals(goalId);
    if (options.json === true) for (const one of open) await printJson(io, one);
    else if (open.length === 0) note(io, 'nothing waits for an approval');
    else {
      const rows = open.map(({ id, tool, input, askedAt }) => [id, tool, new Date(askedAt).toISOString(), oneLine(JSON.stringify(input), 80)]);
      for (const line of table(['ID', 'TOOL', 'ASKED', 'ARGUMENTS'], rows)) await printLine(io, line);
    }
    return 0;
  });
}

export interface DecideOptions extends ConnectionOptions {
  readonly reason?: string;
  readonly json?: boolean;
}

/** The decision goes to the node that runs the goal. */
export async function decide(io: CommandIo, id: string, decision: ApprovalDecision, options: DecideOptions): Promise<number> {
  return withSession(await liveSession(io, options), async ({ client }) => {
    await client.decide(id, decision, options.reason);
    await (options.json === true ? printJson(io, { id, decision }) : printLine(io, `${id} ${decision === 'approve' ? 'approved' : 'denied'}`));
    return 0;
  });
}
