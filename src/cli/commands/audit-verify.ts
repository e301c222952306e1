import { everyGoal } from '../audit/goals.ts';
import { exitCodes } from '../exit.ts';
import { type CommandIo, note, printJson, printLine } from '../io.ts';
import { counted } from '../output/figures.ts';
import { anySession, type ConnectionOptions, withSession } from '../session.ts';

export interface AuditOptions extends ConnectionOptions {
  readonly json?: boolean;
}

/** Checks the hash chains of one goal, or of every goal. */
export async function auditVerify(io: CommandIo, goalId: string | undefined, options: AuditOptions): Promise<number> {
  return withSession(await anySession(io, options, ['gateway']), async ({ client }) => {
    let bad = 0;
    let checked = 0;
    let lastNote = '';
    for await (const id of goalId === undefined ? everyGoal(client) : [goalId]) {
      const report = await client.verify(id);
      checked += 1;
      if (!report.ok) bad += 1;
      lastNote = report.note;
      if (options.json === true) await printJson(io, report);
      else await printLine(io, `${id}  ${report.ok ? 'intact' : 'BROKEN'}  ${counted(report.actors, 'actor')}, ${counted(report.records, 'record')}`);
      if (options.json !== true)
        for (const { actor, n, code, message } of report.problems) note(io, `flockwork: ${id} ${actor} record ${n}: ${message} (${code})`);
    }
    if (options.json !== true)
      note(
        io,
        [bad === 0 ? `${counted(checked, 'goal')}: every hash chain holds` : `${bad} of ${counted(checked, 'goal')} broken`, lastNote]
          .filter((part) => part !== '')
          .join('. '),
      );
    return bad === 0 ? exitCodes.completed : exitCodes.failed;
  });
}
