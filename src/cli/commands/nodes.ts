import { type CommandIo, printJson, printLine } from '../io.ts';
import { count } from '../output/figures.ts';
import { table } from '../output/table.ts';
import { type ConnectionOptions, liveSession, withSession } from '../session.ts';

export interface NodesOptions extends ConnectionOptions {
  readonly json?: boolean;
}

export async function nodes(io: CommandIo, options: NodesOptions): Promise<number> {
  return withSession(await liveSession(io, options), async ({ client }) => {
    const all = await client.nodes();
    if (options.json === true) for (const node of all) await printJson(io, node);
    else {
      const rows = all.map(({ id, roles, version, startedAt, shards, load, notReady = [], clockOffsetMs = 0 }) => [
        id,
        roles.join(','),
        version,
        startedAt,
        String(shards),
        count(load.goals),
        count(load.agents),
        notReady.length === 0 ? 'ready' : notReady.join(','),
        `${clockOffsetMs} ms`,
      ]);
      for (const line of table(['NODE', 'ROLES', 'VERSION', 'STARTED', 'SHARDS', 'GOALS', 'AGENTS', 'STATE', 'CLOCK'], rows)) await printLine(io, line);
    }
    return 0;
  });
}
