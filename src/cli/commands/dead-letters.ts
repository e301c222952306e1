import { type CommandIo, printJson, printLine } from '../io.ts';
import { table } from '../output/table.ts';
import { anySession, type ConnectionOptions, withSession } from '../session.ts';
import { readLimit } from './goals.ts';

export interface DeadLettersOptions extends ConnectionOptions {
  readonly limit?: string;
  readonly json?: boolean;
}

export async function deadLetters(io: CommandIo, options: DeadLettersOptions): Promise<number> {
  return withSession(await anySession(io, options, ['gateway']), async ({ client }) => {
    const letters = await client.deadLetters(readLimit(options.limit));
    if (options.json === true) for (const letter of letters) await printJson(io, letter);
    else {
      const rows = letters.map(({ subject, id, reason, at }) => [new Date(at).toISOString(), subject, id, reason]);
      for (const line of table(['AT', 'FOR', 'ID', 'REASON'], rows)) await printLine(io, line);
    }
    return 0;
  });
}
