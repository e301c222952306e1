import { FlockworkError } from '../../protocols/errors/error.ts';
import type { Approval, ApprovalDecision } from '../../protocols/goals/approval.ts';
import { inboxSubject } from '../../protocols/subjects.ts';
import type { SwarmHost } from '../swarm-host.ts';
import { approvalKey, approvalPrefix } from './approval-rows.ts';

/** Approvals listed at once. */
const approvalsMax = 500;

/** Tool calls that wait for somebody's decision: read from the index, decided through the agent's inbox. */
export class Approvals {
  readonly #host: SwarmHost;

  constructor(host: SwarmHost) {
    this.#host = host;
  }

  /** The open ones, in the order of their goals; at most 500. */
  async list(tenant: string, goalId?: string): Promise<Approval[]> {
    const prefix = approvalPrefix(tenant) + (goalId === undefined ? '' : `${goalId}_`);
    const rows = await this.#host.bus.index.scan({ prefix, limit: approvalsMax });
    return rows.map(({ value }) => JSON.parse(value) as Approval);
  }

  /** Resolves once the decision is stored; the first one counts. Throws `approval_unknown`. */
  async decide(tenant: string, id: string, decision: ApprovalDecision, by: string, reason?: string): Promise<void> {
    const row = await this.#host.bus.index.get(approvalKey(tenant, id));
    if (row === undefined) {
      throw new FlockworkError('approval_unknown', `nothing waits for a decision under '${id.slice(0, 128)}'; approval.list names what does`, {
        details: { id: id.slice(0, 128) },
      });
    }
    const { goalId, actor, call } = JSON.parse(row) as Approval;
    const message = { type: 'approval.decided', id, call, allow: decision === 'approve', by, ...(reason === undefined ? {} : { reason }) };
    await this.#host.bus.inbox.push({ subject: inboxSubject({ tenant, root: goalId, actor }, this.#host.node), id, body: JSON.stringify(message) });
  }
}
