import type { AgentUsage } from '../../actors/agent/agent.table.ts';
import type { StampedInput } from '../../actors/cell/kind.ts';
import type { Artifact, Quota, StrategyOptions } from '../../protocols/goals/goal.ts';
import type { TaskSpec, ToolSpec } from '../../protocols/goals/task.ts';
import type { Part } from '../goals/parts.ts';

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
  /** `auto` only where the model is to choose. */
  readonly strategy: StrategyOptions;
  readonly why: string;
  /** Set when nobody named the strategy and the inputs decided. */
  readonly chosenBy?: 'rules';
  /** The fan-in of a map-reduce that the model chooses. */
  readonly fanIn?: number;
  readonly agents: number;
  readonly quota: Quota;
  readonly profile: FrozenProfile;
  /** Those that stages of a pipeline name, by name. */
  readonly stageProfiles?: Readonly<Record<string, FrozenProfile>>;
  /** How many parts there are, and the parts themselves: here where they are short, else as a blob (JSON array of `Part`). */
  readonly plan: { readonly count: number } & ({ readonly parts: readonly Part[] } | { readonly blob: string });
  /** What the first parts hold, in a few words each, for those who watch. */
  readonly partNames?: readonly string[];
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

/** An agent calls a tool that its coordinator answers. */
export interface SwarmAsked {
  readonly type: 'memory.ask' | 'agent.tell';
  readonly at: number;
  readonly task: string;
  readonly attempt: number;
  /** Names the call within the agent: `<model call>.<index>`. */
  readonly call: string;
  readonly tool: string;
  readonly input: unknown;
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
  | SwarmAsked
  | { readonly type: 'goal.note'; readonly text: string }
  | { readonly type: 'goal.cancel'; readonly reason: string }
  | { readonly type: 'goal.resume'; readonly quota?: Partial<Quota> }
);

/** The cell hands over plain JSON; the fields are those that gateways, hosts and agents of this version send. */
export function asCoordinatorInput(input: StampedInput): CoordinatorInput {
  return input as unknown as CoordinatorInput;
}
