import { agentKind } from '../../actors/agent/agent.kind.ts';
import type { Blobs } from '../../actors/ports/blobs.ts';
import { type TaskMessage, type TaskSpec, taskSpec } from '../../protocols/goals/task.ts';

/** The first input of an agent: its task whole, as the coordinator resolved it, and the node that opens its journal. */
export async function assignmentOf(message: TaskMessage, node: string, blobs: Blobs): Promise<{ type: string; readonly [field: string]: unknown }> {
  const { task, attempt, allotment } = message;
  return {
    type: 'agent.assign',
    machine: agentKind.machine,
    version: agentKind.version,
    node,
    epoch: 1,
    task,
    attempt,
    allotment,
    spec: await specOf(message, blobs),
  };
}

async function specOf({ tenant, spec }: TaskMessage, blobs: Blobs): Promise<TaskSpec> {
  if (!('blob' in spec)) return spec;
  return taskSpec.parse(JSON.parse(new TextDecoder().decode(await blobs.get(tenant, spec.blob))));
}
