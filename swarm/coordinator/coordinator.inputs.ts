import type { AgentUsage } from '../../actors/agent/agent.table.ts';
import type { StampedInput } from '../../actors/cell/kind.ts';
import type { Artifact, Quota, StrategyOptions } from '../../protocols/goals/goal.ts';
import type { TaskSpec, ToolSpec } from '../../protocols/goals/task.ts';

/** A profile as it stood when the goal was accepted: frozen in the first record. */
export interface FrozenProfile {
  readonly name: string;
  /** provider/name */
  readonly model: string;
  readonly modelWhy: string;
  readonly system: string;
  readonly tools: readonly ToolSpec[];
  readonly outputTokensMax: number;
  readonly approval?: TaskSpec['approval'];
  readonly pool: string;
}

export interface GoalAccept {
  readonly type: 'goal.accept';
  readonly machine: 'coordinator';
  readonly version: number;
  readonly tenant: string;
  readonly goalId: string;
  readonly goal: string;
  readonly strategy: Exclude<StrategyOptions, { type: 'auto' }>;
  readonly why: string;
  readonly agents: number;
  readonly quota: Quota;
  readonly profile: FrozenProfile;
  /** Those that stages of a pipeline name, by name. */
  readonly stageProfiles?: Readonly<Record<string, FrozenProfile>>;
  /** The parts, as a blob (JSON array of `Part`), and how many. */
  readonly plan: { readonly blob: string; readonly count: number };
  /** The manifest of the workspace, as a blob. */
  readonly workspace: { readonly blob: string; readonly files: number; readonly bytes: number } | null;
  readonly taskAttemptsMax: number;
  readonly stragglerFactor: number;
  /** SHA-256 of the submission, to tell the same body from another under one idempotency key. */
  readonly bodyHash: string;
}

export interface TaskEnded {
  readonly type: 'task.ended';
  readonly task: string;
  readonly attempt: number;
  readonly agent: string;
  /** The number of the agent's last record, and its hash. */
  readonly n: number;
  readonly hash: string;
  readonly outcome: 'answered' | 'failed' | 'poisoned';
  readonly result?: string;
  readonly blob?: string;
  readonly code?: string;
  readonly message?: string;
  readonly retryable?: boolean;
  readonly usage?: AgentUsage;
  readonly artifacts?: readonly Artifact[];
  readonly artifactsBlob?: string;
  readonly changed?: number;
}

/** What a coordinator takes. */
export type CoordinatorInput = { readonly at: number; readonly key?: string; readonly id?: string } & (
  | GoalAccept
  | { readonly type: 'cell.opened'; readonly node: string; readonly epoch: number }
  | TaskEnded
  | { readonly type: 'effect.failed'; readonly ref: string; readonly code: string; readonly message: string; readonly retryable: boolean }
  | { readonly type: 'timer.fired'; readonly name: string }
  | { readonly type: 'message.stored'; readonly ref: string }
  | { readonly type: 'result.joined'; readonly result: string; readonly blob?: string }
  | {
      readonly type: 'budget.ask';
      readonly task: string;
      readonly attempt: number;
      readonly tokens: number;
      readonly toolCalls: number;
      readonly costMicroUsd: number;
    }
  | { readonly type: 'goal.note'; readonly text: string }
  | { readonly type: 'goal.cancel'; readonly reason: string }
  | { readonly type: 'goal.resume'; readonly quota?: Partial<Quota> }
);

/** The cell hands over plain JSON; the fields are those that gateways, hosts and agents of this version send. */
export function asCoordinatorInput(input: StampedInput): CoordinatorInput {
  return input as unknown as CoordinatorInput;
}
