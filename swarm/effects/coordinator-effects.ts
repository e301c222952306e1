import type { EffectContext, Perform } from '../../actors/cell/cell-options.ts';
import type { Request } from '../../actors/cell/kind.ts';
import { FlockworkError } from '../../protocols/errors/error.ts';
import { type Allotment, type TaskMessage, type TaskSpec, taskVersion } from '../../protocols/goals/task.ts';
import { taskSubject } from '../../protocols/subjects.ts';
import type { GoalAccept } from '../coordinator/coordinator.inputs.ts';
import { acceptOf, type CoordinatorTable, type TaskRow, taskIndex, taskOf } from '../coordinator/coordinator.table.ts';
import type { Part } from '../goals/parts.ts';
import { taskPrompt } from '../goals/prompts.ts';
import type { SwarmHost } from '../swarm-host.ts';
import { sendMessage } from './send-message.ts';

/** A spec longer than this travels as a blob. Characters. */
const specInlineCharsMax = 64_000;
/** What the results handed to one reduce task may come to. Characters. */
const materialCharsMax = 100_000;
/** Plans kept parsed, by goal. */
const plansCachedMax = 64;
const priorityDefault = 5;

/** Performs what coordinators ask for: pushing tasks, sending messages. One for each node, for it keeps the plans it has read. */
export function coordinatorEffects(host: SwarmHost): Perform {
  const plans = new Map<string, Promise<readonly Part[]>>();
  const planOf = (accept: GoalAccept): Promise<readonly Part[]> => {
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
        return pushTask(host, planOf, request, context);
      case 'message.send':
        return sendMessage(host, request, context);
      default:
        return Promise.reject(new FlockworkError('internal', `nobody performs '${request.type}' for a coordinator`, { details: { type: request.type } }));
    }
  };
}

async function pushTask(host: SwarmHost, planOf: (accept: GoalAccept) => Promise<readonly Part[]>, request: Request, { address, table }: EffectContext): Promise<undefined> {
  const coordinator = table as CoordinatorTable;
  const accept = acceptOf(coordinator);
  const task = String(request['task']);
  const attempt = Number(request['attempt']);
  const row = taskOf(coordinator, taskIndex(task));
  const part = row.part === null ? undefined : (await planOf(accept))[row.part];
  const whole = row.role === 'single' ? (await planOf(accept))[0] : part;
  const spec = await specOf(host, accept, coordinator, row, whole);
  const text = JSON.stringify(spec);
  const { pool } = accept.profile;
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
  const { profile, workspace, goal } = accept;
  const material: { name: string; text: string }[] = [];
  if (part?.text !== undefined) material.push({ name: part.name, text: part.text });
  if (part?.files !== undefined) material.push({ name: 'files', text: part.files.join('\n') });
  for (const index of row.merges) material.push({ name: `result of t${index} (${taskOf(table, index).name})`, text: await resultOf(host, accept.tenant, taskOf(table, index), row.merges.length) });
  return {
    profile: profile.name,
    model: profile.model,
    system: profile.system,
    prompt: taskPrompt(row.role, goal, part?.name ?? row.name),
    role: row.role,
    material,
    tools: row.role === 'reduce' ? [] : [...profile.tools],
    ...(workspace === null ? {} : { workspace: { manifest: { blob: workspace.blob }, focus: [...(part?.files ?? [])] } }),
    outputTokensMax: profile.outputTokensMax,
  };
}

/** A result as material: whole when it fits its share, else cut with a mark. */
async function resultOf(host: SwarmHost, tenant: string, row: TaskRow, shares: number): Promise<string> {
  const whole = row.blob === null ? (row.result ?? '') : new TextDecoder().decode(await host.bus.blobs.get(tenant, row.blob));
  const charsMax = Math.floor(materialCharsMax / shares);
  return whole.length <= charsMax ? whole : `${whole.slice(0, charsMax)}\n[cut: ${whole.length - charsMax} more characters]`;
}

async function readJson<Value>(host: SwarmHost, tenant: string, blob: string): Promise<Value> {
  return JSON.parse(new TextDecoder().decode(await host.bus.blobs.get(tenant, blob))) as Value;
}
