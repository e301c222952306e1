import { z } from 'zod';
import { defineTool, type GoalView, loadConfig, startNode } from '../src/index.ts';

/** What the tool of this example knows; yours would ask a service. */
const owners: readonly (readonly [prefix: string, team: string])[] = [
  ['src/payments/', 'payments'],
  ['src/', 'shop'],
];

//#region tool
export const teamOwner = defineTool({
  name: 'team.owner',
  description: 'Names the team that owns a file.',
  input: z.strictObject({ path: z.string().max(4_096).describe('A path of the workspace.') }),
  repeatable: true,
  parallel: true,
  writes: false,
  run: async ({ path }) => owners.find(([prefix]) => path.startsWith(prefix))?.[1] ?? 'nobody',
});
//#endregion

export interface AskOptions {
  readonly goal: string;
  /** The folder that the goal is about. Nothing in it is changed. */
  readonly folder: string;
  readonly dataDir: string;
  /** provider/name */
  readonly model: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Told the type of each fact, as it comes. */
  readonly onFact: (type: string) => void;
}

/** Runs one goal on a node inside this process. */
export async function ask({ goal, folder, dataDir, model, env, onFact }: AskOptions): Promise<GoalView> {
  //#region node
  const config = await loadConfig({
    cwd: process.cwd(),
    env,
    flags: [
      { flag: 'dataDir', path: 'data.dir', value: dataDir },
      { flag: 'model', path: 'model.name', value: model },
      { flag: 'folder', path: 'workspace.roots', value: [folder] },
    ],
  });
  const node = await startNode({ config, roles: ['gateway', 'coordinator', 'worker'], listen: false, tools: [teamOwner] });
  //#endregion
  try {
    //#region submit
    const client = node.client();
    const { id } = await client.submit({ goal, inputs: [{ kind: 'path', path: folder }], quota: { maxTokens: 200_000 } });
    for await (const item of client.watch(id)) {
      if (item.kind === 'event') onFact(item.event.type);
    }
    return await client.get(id);
    //#endregion
  } finally {
    //#region stop
    await node.stop({ drainMs: 5_000 });
    //#endregion
  }
}
