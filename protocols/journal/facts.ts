/**
 * The facts that clients see. A fact is `{seq, type, data}`: `seq` counts the facts of one actor without a gap,
 * `type` is one of these names, `data` is plain JSON of at most `factBytesMax`.
 */
export const factTypes = [
  'goal.accepted',
  'goal.started',
  'strategy.chosen',
  'plan.made',
  'task.created',
  'task.started',
  'task.completed',
  'task.failed',
  'task.retried',
  'task.superseded',
  'task.skipped',
  'model.called',
  'model.replied',
  'model.discarded',
  'tool.requested',
  'tool.approved',
  'tool.denied',
  'tool.started',
  'tool.completed',
  'vote.cast',
  'round.decided',
  'leader.elected',
  'quota.warned',
  'quota.exceeded',
  'budget.asked',
  'budget.granted',
  'budget.refused',
  'memory.written',
  'memory.deleted',
  'memory.refused',
  'agent.told',
  'member.joined',
  'member.said',
  'member.reached',
  'member.heard',
  'member.voted',
  'ballot.asked',
  'note.dropped',
  'agent.answered',
  'agent.failed',
  'cell.opened',
  'actor.poisoned',
  'goal.paused',
  'goal.resumed',
  'goal.completed',
  'goal.failed',
  'goal.cancelled',
] as const;

export type FactType = (typeof factTypes)[number];

/** A watch ends with one of these. */
export const goalEndFacts: ReadonlySet<string> = new Set(['goal.completed', 'goal.failed', 'goal.cancelled']);

/** The fact that ends an agent. */
export const agentEndFacts: ReadonlySet<string> = new Set(['agent.answered', 'agent.failed', 'actor.poisoned']);

export type JsonObject = { readonly [key: string]: unknown };

export interface Fact {
  readonly seq: number;
  readonly type: FactType;
  readonly data: JsonObject;
}
