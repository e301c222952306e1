import { type CommandIo, note, printJson, printLine } from '../io.ts';
import { bytes } from '../output/figures.ts';
import { oneLine, table } from '../output/table.ts';
import { anySession, type ConnectionOptions, withSession } from '../session.ts';

export interface MemoryOptions extends ConnectionOptions {
  readonly prefix?: string;
  readonly json?: boolean;
}

/** Lists what the agents of a goal share, or prints the value of one key as JSON. */
export async function memory(io: CommandIo, goalId: string, key: string | undefined, options: MemoryOptions): Promise<number> {
  return withSession(await anySession(io, options, ['gateway']), async ({ client }) => {
    if (key !== undefined) {
      const found = await client.memoryValue(goalId, key);
      await (options.json === true ? printJson(io, found) : printLine(io, JSON.stringify(found.value)));
      return 0;
    }
    const rows: string[][] = [];
    const range = options.prefix === undefined ? {} : { prefix: options.prefix };
    for (let after: string | undefined; ; ) {
      const page = await client.memory(goalId, { ...range, ...(after === undefined ? {} : { after }) });
      for (const item of page.items) {
        if (options.json === true) await printJson(io, item);
        else rows.push([oneLine(item.key, 128), String(item.version), bytes(item.bytes), item.by, new Date(item.at).toISOString()]);
      }
      if (page.next === null) break;
      after = page.next;
    }
    if (options.json === true) return 0;
    if (rows.length === 0) note(io, `the agents of goal ${goalId} share no key${options.prefix === undefined ? '' : ` that begins with ${options.prefix}`}`);
    else for (const line of table(['KEY', 'VERSION', 'SIZE', 'BY', 'SET'], rows)) await printLine(io, line);
    return 0;
  });
}
