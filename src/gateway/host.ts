import type { Approval, ApprovalDecision } from '../../protocols/goals/approval.ts';
import type { GoalStatus, GoalSubmission, GoalView, QuotaOptions } from '../../protocols/goals/goal.ts';
import type {
  Artifacts,
  ConfigChangeResult,
  ConfigResult,
  DeadLetterResult,
  GoalPage,
  MemoryPage,
  MemoryValue,
  NodeResult,
  ReplayResult,
  VerifyResult,
} from '../../protocols/wire/results.ts';
import type { MetricFamily } from '../telemetry/index.ts';

/** Everything that came out of a goal, in an order that stays. */
export type GoalArtifacts = Omit<Artifacts, 'next'>;

/** What the gateway needs of its node; watching and blobs it does itself over the bus. The tenant comes from the credential. */
export interface GatewayHost {
  readonly nodeId: string;
  readonly version: string;
  submit(tenant: string, submission: GoalSubmission): Promise<{ id: string }>;
  /** Throws `goal_unknown`. */
  get(tenant: string, goalId: string): Promise<GoalView>;
  list(tenant: string, options: { limit: number; after?: string; status?: GoalStatus }): Promise<GoalPage>;
  /** Throws `goal_unknown`, `goal_ended`; resolves once the cancel is stored. */
  cancel(tenant: string, goalId: string, reason?: string): Promise<void>;
  resume(tenant: string, goalId: string, quota?: QuotaOptions): Promise<void>;
  sendMessage(tenant: string, goalId: string, text: string): Promise<{ id: string }>;
  /** `patch` false: nobody will look at the patch. */
  artifacts(tenant: string, goalId: string, options: { readonly patch: boolean }): Promise<GoalArtifacts>;
  verify(tenant: string, goalId: string): Promise<VerifyResult>;
  replay(tenant: string, goalId: string): Promise<ReplayResult>;
  /** The keys that the agents of a goal share, in order. Throws `goal_unknown`. */
  memory(tenant: string, goalId: string, options: { limit: number; prefix?: string | undefined; after?: string | undefined }): Promise<MemoryPage>;
  /** Throws `goal_unknown`, `memory_key_unknown`. */
  memoryValue(tenant: string, goalId: string, key: string): Promise<MemoryValue>;
  approvals(tenant: string, goalId?: string): Promise<readonly Approval[]>;
  /** Throws `approval_unknown`; resolves once the decision is stored. */
  decideApproval(tenant: string, id: string, decision: ApprovalDecision, reason?: string): Promise<void>;
  deadLetters(tenant: string, limit: number): Promise<readonly DeadLetterResult[]>;
  /** Puts the dead letters of that id back into their queue; answers how many. Throws `not_found`. */
  requeueDeadLetter(tenant: string, id: string): Promise<number>;
  nodes(): Promise<readonly NodeResult[]>;
  /** The configuration in force, secrets replaced, with where each value came from. */
  config(): Promise<ConfigResult>;
  /**
   * Replaces the configuration file by a document: TOML as text, or JSON. Throws `config_invalid` and changes nothing, `config_conflict` when `hash`
   * is no longer that of the configuration in force, `config_unwritable`.
   */
  applyConfig(document: string | Readonly<Record<string, unknown>>, hash?: string): Promise<ConfigChangeResult>;
  /** Lays keys over the configuration file; null takes a key out. Throws as `applyConfig`. */
  patchConfig(changes: Readonly<Record<string, unknown>>, hash?: string): Promise<ConfigChangeResult>;
  /** Why this node takes no work, empty when it does. */
  notReady(): readonly string[];
  /** Figures of the node for /metrics; those of the gateway are added to them. */
  metrics(): Promise<readonly MetricFamily[]>;
}
