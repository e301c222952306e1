import { exitCodes } from '../exit.ts';
import { type CommandIo, note, printJson, printLine } from '../io.ts';
import { count, counted } from '../output/figures.ts';
import { table } from '../output/table.ts';
import { anySession, type ConnectionOptions, withSession } from '../session.ts';

export interface ReplayOptions extends ConnectionOptions {
  readonly json?: boolean;
}

/** Folds a goal's journals again and compares; performs nothing. */
export async function replay(io: CommandIo, goalId: string, options: ReplayOptions): Promise<number> {
  return withSession(await anySession(io, options, ['gateway']), async ({ client }) => {
    const report = await client.replay(goalId);
    if (options.json === true) await printJson(io, report);
    else {
      const rows = report.actors.map(({ actor, machine, records, facts, state, stateHash }) => [
        actor,
        machine,
        count(records),
        count(facts),
        state,
        stateHash.slice(0, 12),
      ]);
      for (const line of table(['ACTOR', 'MACHINE', 'RECORDS', 'FACTS', 'STATE', 'STATE HASH'], rows)) await printLine(io, line);
      for (const { actor, n, code, message } of report.problems) note(io, `flockwork: ${actor} record ${n}: ${message} (${code})`);
      note(
        io,
        report.ok
          ? `replay reaches the same facts for all of ${counted(report.actors.length, 'actor')}`
          : `replay differs: ${counted(report.problems.length, 'problem')}`,
      );
    }
    return report.ok ? exitCodes.completed : exitCodes.failed;
  });
}
