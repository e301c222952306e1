import { FlockworkError } from '../../../protocols/errors/error.ts';
import { type Quota, type QuotaOptions, quota as quotaOptions } from '../../../protocols/goals/goal.ts';
import type { FlockworkClient } from '../../client/index.ts';
import { type LoadedConfig, nodeRoles } from '../../config/index.ts';
import { followGoal } from '../following.ts';
import { checkInputs, readInputs } from '../inputs.ts';
import { type CommandIo, note } from '../io.ts';
import { quotaText } from '../output/figures.ts';
import { oneLine } from '../output/table.ts';
import { type ConnectionOptions, connectTo, embeddedSession, expectNode, liveNode, type Session, withSession } from '../session.ts';
import { loadSettings } from '../settings.ts';
import { type GoalOptions, readSubmission } from '../submission.ts';

export interface RunOptions extends GoalOptions, ConnectionOptions {
  readonly model?: string;
  readonly json?: boolean;
}

/** How many goals that a dead run left are named. */
const leftGoalsNamedMax = 5;

export async function run(io: CommandIo, goal: string | undefined, options: RunOptions): Promise<number> {
  const submission = await readSubmission(goal, options, io.cwd);
  await checkInputs(io, options.input ?? []);
  const config = await loadSettings(io, options);
  return withSession(await openSession(io, config, options), async (session) => {
    await announce(io, config, session, submission.quota);
    await tellLeftGoals(io, session);
    const inputs = await readInputs(io, options.input ?? [], session.client, config);
    const all = [...(submission.inputs ?? []), ...inputs];
    const { id } = await session.client.submit({ ...submission, ...(all.length === 0 ? {} : { inputs: all }) });
    note(io, `goal ${id}`);
    return followGoal(io, session, id, { json: options.json === true, onInterrupt: 'cancel', stopWhenPaused: true });
  });
}

/** Later ones over earlier ones, key by key. */
function quotaInForce(defaults: Quota, ...over: readonly (QuotaOptions | undefined)[]): Quota {
  return over.reduce<Quota>(
    (quota, asked = {}) => ({
      maxTicks: asked.maxTicks ?? quota.maxTicks,
      maxToolCalls: asked.maxToolCalls ?? quota.maxToolCalls,
      maxTokens: asked.maxTokens ?? quota.maxTokens,
      maxMemoryKeys: asked.maxMemoryKeys ?? quota.maxMemoryKeys,
      maxCostUsd: asked.maxCostUsd ?? quota.maxCostUsd,
      maxSeconds: asked.maxSeconds ?? quota.maxSeconds,
    }),
    defaults,
  );
}

/** A node in this process; on a folder that a live node owns, that node. */
async function openSession(io: CommandIo, config: LoadedConfig, options: RunOptions): Promise<Session> {
  try {
    return await embeddedSession(io, config, nodeRoles, { steered: true });
  } catch (error) {
    if (!(error instanceof FlockworkError) || error.code !== 'data_dir_locked') throw error;
    const { dir } = config.values.data;
    const live = await liveNode(dir);
    if (live === undefined) throw error;
    expectNode(live, dir);
    return connectTo(io, options, live);
  }
}

/** The first line: which model and why, bus, data folder and the quota in force. */
async function announce(io: CommandIo, config: LoadedConfig, { client, node, address }: Session, asked: QuotaOptions | undefined): Promise<void> {
  const { dir } = config.values.data;
  if (node === undefined) {
    const { values } = await client.config();
    const quota = quotaOptions.safeParse(values['quota']);
    const shown = quotaText(quotaInForce(config.values.quota, quota.data, asked));
    note(io, `flockwork: a node already works on ${dir}; the goal goes to it, at ${address ?? ''}, with its model and bus · quota ${shown}`);
    return;
  }
  const { model, why } = node.model;
  note(io, `flockwork: model ${model} (${why}) · bus ${node.busKind} · data ${node.dataDir} · quota ${quotaText(quotaInForce(config.values.quota, asked))}`);
}

/** Goals that an earlier run in this folder left without an end. */
async function tellLeftGoals(io: CommandIo, { client, node }: Session): Promise<void> {
  if (node === undefined) return;
  const left = await leftGoals(client);
  if (left.length === 0) return;
  const many = left.length === 1 ? 'a goal in this folder has' : `${left.length} goals in this folder have`;
  note(io, `${many} not ended; go on with:`);
  for (const { id, status, goal } of left.slice(0, leftGoalsNamedMax)) note(io, `  ${status.padEnd(8)} ${oneLine(goal, 60)} · flockwork resume ${id}`);
  if (left.length > leftGoalsNamedMax) note(io, '  … flockwork goals lists them all');
}

/** Goals without an end, the newest first. */
export async function leftGoals(client: FlockworkClient): Promise<readonly { id: string; status: string; goal: string }[]> {
  const lists = await Promise.all((['running', 'accepted', 'paused'] as const).map((status) => client.list({ status })));
  return lists.flatMap(({ items }) => items);
}
