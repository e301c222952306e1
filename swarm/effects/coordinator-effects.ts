import { isLongText } from '../../actors/agent/long-text.ts';
import type { EffectContext, Perform } from '../../actors/cell/cell-options.ts';
import type { Request } from '../../actors/cell/kind.ts';
import { FlockworkError } from '../../protocols/errors/error.ts';
import type { Artifact, Manifest } from '../../protocols/goals/goal.ts';
import { type Allotment, type TaskMessage, type TaskSpec, taskVersion } from '../../protocols/goals/task.ts';
import { taskSubject } from '../../protocols/subjects.ts';
import { excerptCharsMax } from '../coordinator/bounds.ts';
import type { FrozenProfile, GoalAccept } from '../coordinator/coordinator.inputs.ts';
import { acceptOf, type CoordinatorTable, type TaskRow, taskIndex, taskOf } from '../coordinator/coordinator.table.ts';
import { chainOf, overlay } from '../goals/changes.ts';
import type { Part } from '../goals/parts.ts';
import { taskPrompt } from '../goals/prompts.ts';
import { strategyOf } from '../strategies/index.ts';
import type { SwarmHost } from '../swarm-host.ts';
import { patiently } from './patience.ts';
import { sendMessage } from './send-message.ts';

/** A spec longer than this travels as a blob. Characters. */
const specInlineCharsMax = 64_000;
/** What the results handed to one reduce task may come to. Characters. */
const materialCharsMax = 100_000;
/** Plans kept parsed, by goal. */
const plansCachedMax = 64;
const priorityDefault = 5;
/** Roles that work on what they are given and look at nothing else. */
const toolless: ReadonlySet<string> = new Set(['reduce', 'vote', 'decide', 'plan']);

/** Performs what coordinators ask for: pushing tasks, sending messages. One for each node, for it keeps the plans it has read. */
export function coordinatorEffects(host: SwarmHost): Perform {
  const plans = new Map<string, Promise<readonly Part[]>>();
  const planOf = async (accept: GoalAccept): Promise<readonly Part[]> => {
    if ('parts' in accept.plan) return accept.plan.parts;
    const known = plans.get(accept.goalId);
    if (known !== undefined) return known;
    const reading = readJson<readonly Part[]>(host, accept.tenant, accept.plan.blob);
    plans.set(accept.goalId, reading);
    reading.catch(() => plans.delete(accept.goalId));
    for (const oldest of plans.keys()) {
      if (plans.size <= plansCachedMax) break;
      plans.delete(oldest);
    }
    return reading;
  };
  return (request, context) => {
    switch (request.type) {
      case 'task.push':
        // A push that fails for good ends the goal: a store that is full or away for a while must not.
        return patiently(host.clock, context.signal, () => pushTask(host, planOf, request, context));
      case 'result.join':
        return joinResults(host, request, context);
      case 'message.send':
        return sendMessage(host, request, context);
      default:
        return Promise.reject(new FlockworkError('internal', `nobody performs '${request.type}' for a coordinator`, { details: { type: request.type } }));
    }
  };
}

async function pushTask(
  host: SwarmHost,
  planOf: (accept: GoalAccept) => Promise<readonly Part[]>,
  request: Request,
  { address, table }: EffectContext,
): Promise<undefined> {
  const coordinator = table as CoordinatorTable;
  const accept = acceptOf(coordinator);
  const task = String(request['task']);
  const attempt = Number(request['attempt']);
  const row = taskOf(coordinator, taskIndex(task));
  const part = row.part === null ? undefined : (await planOf(accept))[row.part];
  const whole = row.role === 'single' ? (await planOf(accept))[0] : part;
  const spec = await specOf(host, accept, coordinator, row, whole);
  const text = JSON.stringify(spec);
  const { pool } = profileOf(accept, strategyOf(accept.strategy.type).brief?.(coordinator.plan, row.place, accept.goal).profile);
  const message: TaskMessage = {
    v: taskVersion,
    tenant: address.tenant,
    root: address.root,
    task,
    attempt,
    pool,
    priority: priorityDefault,
    allotment: request['allotment'] as Allotment,
    spec: text.length <= specInlineCharsMax ? spec : { blob: await host.bus.blobs.put(address.tenant, new TextEncoder().encode(text)) },
  };
  const subject = taskSubject({ ...message, task: `${task}-${attempt}` });
  await host.bus.tasks.push({ subject, id: `${address.root}-${task}-${attempt}`, body: JSON.stringify(message) });
  return undefined;
}

async function specOf(host: SwarmHost, accept: GoalAccept, table: CoordinatorTable, row: TaskRow, part: Part | undefined): Promise<TaskSpec> {
  const { goal } = accept;
  const brief = strategyOf(accept.strategy.type).brief?.(table.plan, row.place, goal) ?? {};
  const profile = profileOf(accept, brief.profile);
  const workspace = await workspaceOf(host, accept, table, row);
  const material: { name: string; text: string }[] = [];
  // An item that comes from another task is what that task made of it.
  if (part?.text !== undefined && row.follows === null) material.push({ name: part.name, text: part.text });
  if (part?.files !== undefined) material.push({ name: 'files', text: part.files.join('\n') });
  for (const [at, index] of row.merges.entries()) {
    const name = brief.mergeNames?.[at] ?? `result of t${index} (${taskOf(table, index).name})`;
    material.push({ name, text: await resultOf(host, accept.tenant, taskOf(table, index), row.merges.length) });
  }
  material.push(...(brief.material ?? []));
  return {
    profile: profile.name,
    model: profile.model,
    system: profile.system,
    prompt: brief.prompt ?? taskPrompt(row.role, goal, part?.name ?? row.name),
    role: row.role,
    material,
    tools: toolless.has(row.role) ? [] : [...profile.tools],
    ...(workspace === null ? {} : { workspace: { manifest: { blob: workspace }, focus: [...(part?.files ?? [])] } }),
    outputTokensMax: profile.outputTokensMax,
    ...(profile.approval === undefined ? {} : { approval: profile.approval }),
  };
}

/** The profile as it was frozen with the goal. */
function profileOf(accept: GoalAccept, name: string | undefined): FrozenProfile {
  return (name === undefined ? undefined : accept.stageProfiles?.[name]) ?? accept.profile;
}

/** The manifest that a task begins with, as a blob: the goal's, with what the tasks before it on the same item changed. */
async function workspaceOf(host: SwarmHost, accept: GoalAccept, table: CoordinatorTable, row: TaskRow): Promise<string | null> {
  const base = accept.workspace?.blob ?? null;
  const changes: (readonly Artifact[])[] = [];
  for (const task of chainOf((at) => taskOf(table, at).follows, row.follows)) {
    const { artifacts, artifactsBlob } = taskOf(table, task);
    const list = artifactsBlob === null ? artifacts : await readJson<readonly Artifact[]>(host, accept.tenant, artifactsBlob);
    if (list.length > 0) changes.push(list);
  }
  if (changes.length === 0) return base;
  const manifest = base === null ? { files: [] } : await readJson<Manifest>(host, accept.tenant, base);
  return host.bus.blobs.put(accept.tenant, new TextEncoder().encode(JSON.stringify(overlay(manifest, changes))));
}

/** Several results as one text, each under the name of its task; a long one is a blob. */
async function joinResults(
  host: SwarmHost,
  request: Request,
  { address, table }: EffectContext,
): Promise<{ readonly type: string; readonly [field: string]: unknown }> {
  const rows = (request['tasks'] as readonly number[]).map((task) => taskOf(table as CoordinatorTable, task));
  const texts: string[] = [];
  for (const row of rows) texts.push(`## ${row.name}\n\n${(await wholeResult(host, address.tenant, row)).trim()}`);
  const text = texts.join('\n\n');
  if (!isLongText(text)) return { type: 'result.joined', result: text };
  return { type: 'result.joined', result: text.slice(0, excerptCharsMax), blob: await host.bus.blobs.put(address.tenant, new TextEncoder().encode(text)) };
}

async function wholeResult(host: SwarmHost, tenant: string, row: TaskRow): Promise<string> {
  return row.blob === null ? (row.result ?? '') : new TextDecoder().decode(await host.bus.blobs.get(tenant, row.blob));
}

/** A result as material: whole when it fits its share, else cut with a mark. */
async function resultOf(host: SwarmHost, tenant: string, row: TaskRow, shares: number): Promise<string> {
  const whole = await wholeResult(host, tenant, row);
  const charsMax = Math.floor(materialCharsMax / shares);
  return whole.length <= charsMax ? whole : `${whole.slice(0, charsMax)}\n[cut: ${whole.length - charsMax} more characters]`;
}

async function readJson<Value>(host: SwarmHost, tenant: string, blob: string): Promise<Value> {
  return JSON.parse(new TextDecoder().decode(await host.bus.blobs.get(tenant, blob))) as Value;
}
