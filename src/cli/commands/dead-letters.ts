import { type CommandIo, printJson, printLine } from '../io.ts';
import { table } from '../output/table.ts';
import { anySession, type ConnectionOptions, liveSession, withSession } from '../session.ts';
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

/** Through a node that runs: one that is begun for it alone would have nobody to take the message. */
export async function requeueDeadLetter(io: CommandIo, id: string, options: DeadLettersOptions): Promise<number> {
  return withSession(await liveSession(io, options), async ({ client }) => {
    const requeued = await client.requeueDeadLetter(id);
    await (options.json === true
      ? printJson(io, { id, requeued })
      : printLine(io, `${id}: ${requeued === 1 ? 'is' : `${requeued} messages are`} in the queue again`));
    return 0;
  });
}
