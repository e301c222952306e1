import { agentKind } from '../../actors/agent/agent.kind.ts';
import type { Input } from '../../actors/cell/kind.ts';
import type { Failure } from '../../protocols/errors/error.ts';
import { agentActor, coordinatorActor, type TaskMessage } from '../../protocols/goals/task.ts';
import { inboxSubject } from '../../protocols/subjects.ts';
import type { TaskEnded } from '../coordinator/coordinator.inputs.ts';
import type { SwarmHost } from '../swarm-host.ts';

/** Codes that say nothing of the task: another worker has the journal, or this one stops. */
const passing: ReadonlySet<string> = new Set(['journal_conflict', 'closed']);

/** No waiting cures it: the task can be given to workers for ever and none will have its agent. */
export function isHopeless({ code, retryable }: Failure): boolean {
  return !retryable && !passing.has(code);
}

/** The only record of an agent that could not begin its work. */
export function abandonment({ task, attempt, allotment }: TaskMessage, node: string, { code, message }: Failure): Input {
  const { machine, version } = agentKind;
  return { type: 'agent.abandon', machine, version, node, epoch: 1, task, attempt, allotment, code, message };
}

/**
 * Tells the coordinator of an attempt whose journal cannot be read, and so cannot tell its own end. What it has used is not known;
 * the next attempt has a journal of its own, so that one may well succeed. The id makes a second telling harmless.
 */
export async function tellUnreadable(host: SwarmHost, { tenant, root, task, attempt }: TaskMessage, { code, message }: Failure): Promise<void> {
  const agent = agentActor(task, attempt);
  const id = `${agent}:unreadable`;
  const end: TaskEnded & { readonly id: string } = {
    type: 'task.ended',
    id,
    task,
    attempt,
    agent,
    n: 0,
    hash: '',
    outcome: 'failed',
    code,
    message,
    retryable: true,
  };
  await host.bus.inbox.push({ subject: inboxSubject({ tenant, root, actor: coordinatorActor }, host.node), id: `${root}-${id}`, body: JSON.stringify(end) });
}
