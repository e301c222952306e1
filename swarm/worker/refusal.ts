import type { Delivery } from '../../actors/ports/queue.ts';
import { FlockworkError, failureOf } from '../../protocols/errors/error.ts';
import { coordinatorActor, type TaskMessage } from '../../protocols/goals/task.ts';
import { journalSubject, taskSubject } from '../../protocols/subjects.ts';
import type { SwarmHost } from '../swarm-host.ts';

/**
 * Why a task message is not what its subject says: a process may push under the subjects of its own tenants only, so the subject
 * is what is true, and a message that names another tenant or goal is refused. Undefined when they agree.
 */
export function strayOf({ subject }: Delivery, message: TaskMessage): string | undefined {
  const { task, attempt } = message;
  try {
    if (taskSubject({ ...message, task: `${task}-${attempt}` }) === subject) return undefined;
  } catch (error) {
    if (!(error instanceof FlockworkError)) throw error;
    return failureOf(error).message;
  }
  return `the message names task ${task} of goal ${message.root} of tenant ${message.tenant}, its subject another`;
}

/** True when the goal has a journal: what nobody submitted, of a tenant that may not even be known, gets no agent. */
export async function hasGoal({ bus }: SwarmHost, { tenant, root }: TaskMessage): Promise<boolean> {
  for await (const _entry of bus.journal.read(journalSubject({ tenant, root, actor: coordinatorActor }), { limit: 1 })) return true;
  return false;
}
