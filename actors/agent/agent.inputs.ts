import type { Artifact, TokenUsage } from '../../protocols/goals/goal.ts';
import type { Allotment, TaskSpec } from '../../protocols/goals/task.ts';
import type { StampedInput } from '../cell/kind.ts';
import type { ModelCarry, ModelToolCall } from '../ports/models.ts';

/** What an agent takes, as its cell and its coordinator send it. */
export type AgentInput = { readonly at: number; readonly key?: string; readonly id?: string } & (
  | {
      readonly type: 'agent.assign';
      readonly task: string;
      readonly attempt: number;
      readonly allotment: Allotment;
      readonly spec: TaskSpec;
      readonly node: string;
    }
  | {
      readonly type: 'agent.abandon';
      readonly task: string;
      readonly attempt: number;
      readonly allotment: Allotment;
      readonly code: string;
      readonly message: string;
    }
  | { readonly type: 'cell.opened'; readonly node: string; readonly epoch: number }
  | ModelReplied
  | { readonly type: 'tool.completed'; readonly ref: string; readonly text: string; readonly truncated: boolean }
  | { readonly type: 'tool.settled'; readonly call: string; readonly ok: boolean; readonly text: string; readonly code?: string }
  | EffectFailed
  | { readonly type: 'timer.fired'; readonly name: string }
  | { readonly type: 'message.stored'; readonly ref: string }
  | { readonly type: 'workspace.collected'; readonly artifacts?: readonly Artifact[]; readonly artifactsBlob?: string; readonly count: number }
  | { readonly type: 'budget.granted'; readonly tokens: number; readonly toolCalls: number; readonly costMicroUsd: number }
  | { readonly type: 'budget.refused'; readonly quota: string; readonly message: string }
  | { readonly type: 'approval.decided'; readonly call: string; readonly allow: boolean; readonly by: string; readonly reason?: string }
  | { readonly type: 'agent.note'; readonly text: string }
  | { readonly type: 'agent.cancel'; readonly reason: string }
);

export interface ModelReplied {
  readonly type: 'model.replied';
  readonly ref: string;
  readonly text: string;
  /** The text as a blob too, when it is long. */
  readonly textBlob?: string;
  readonly toolCalls: readonly ModelToolCall[];
  readonly finish: string;
  readonly usage: TokenUsage | null;
  readonly costMicroUsd: number | null;
  readonly answeredBy: string;
  readonly carry?: ModelCarry;
}

export interface EffectFailed {
  readonly type: 'effect.failed';
  readonly ref: string;
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly retryAfterMs?: number;
}

/** The cell hands over plain JSON from the journal; its fields are those that performers and coordinators of this version send. */
export function asAgentInput(input: StampedInput): AgentInput {
  return input as unknown as AgentInput;
}
