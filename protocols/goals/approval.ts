import { z } from 'zod';

/** A tool call that waits for somebody's decision. */
export const approval = z.object({
  /** Names it over all goals of the tenant. */
  id: z.string(),
  goalId: z.string(),
  /** The agent that asks, and the task it works on. */
  actor: z.string(),
  task: z.string(),
  /** The call within the agent. */
  call: z.string(),
  tool: z.string(),
  /** Its arguments as the model gave them; cut when they are long. */
  input: z.unknown(),
  /** Milliseconds since 1970. */
  askedAt: z.int(),
});
export type Approval = z.infer<typeof approval>;

export const approvalDecisions = ['approve', 'deny'] as const;
export type ApprovalDecision = (typeof approvalDecisions)[number];

/** The id of the approval that a tool call of an agent waits for: a subject token. */
export function approvalId(goalId: string, actor: string, call: string): string {
  return `${goalId}_${actor}_${call.replace('.', '-')}`;
}
