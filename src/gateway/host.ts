import type { Approval, ApprovalDecision } from '../../protocols/goals/approval.ts';
import type { Artifact, GoalStatus, GoalSubmission, GoalView, Manifest, QuotaOptions } from '../../protocols/goals/goal.ts';

/** What a check of a goal's hash chains found. */
export interface VerifyReport {
  readonly goalId: string;
  readonly actors: number;
  readonly records: number;
  readonly ok: boolean;
  /** Each problem names the actor and the record. */
  readonly problems: readonly { readonly actor: string; readonly n: number; readonly code: string; readonly message: string }[];
  /** What the report cannot prove, in one sentence. */
  readonly note: string;
}

/** What a replay of a goal's journals found. */
export interface ReplayReport {
  readonly goalId: string;
  readonly ok: boolean;
  readonly actors: readonly {
    readonly actor: string;
    readonly machine: string;
    readonly records: number;
    readonly facts: number;
    readonly state: string;
    readonly stateHash: string;
  }[];
  readonly problems: readonly { readonly actor: string; readonly n: number; readonly code: string; readonly message: string }[];
}

export interface NodeView {
  readonly id: string;
  readonly roles: readonly string[];
  readonly version: string;
  readonly startedAt: string;
  readonly shards: number;
  readonly load: { readonly goals: number; readonly agents: number };
}

/** What came out of a goal, with all that bringing it into a folder takes. */
export interface ArtifactsView {
  /** Every change; a path that tasks changed differently stands here once for each of them. */
  readonly items: readonly Artifact[];
  /** The changed files as the goal began with them: a path that is not here was added. */
  readonly base: Manifest;
  /** All text changes as one git-style patch; null when nothing changed, or when it is large and `patchBlob` names it. */
  readonly patch: string | null;
  /** The blob of a patch that is too large for an answer. */
  readonly patchBlob?: string;
}

/** A message that no actor took. */
export interface DeadLetterView {
  readonly subject: string;
  readonly id: string;
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Kept over a restart. */
  readonly durable: boolean;
}

/** What the gateway needs of its node; watching and blobs it does itself over the bus. The tenant comes from the credential. */
export interface GatewayHost {
  readonly nodeId: string;
  readonly version: string;
  submit(tenant: string, submission: GoalSubmission): Promise<{ id: string }>;
  /** Throws `goal_unknown`. */
  get(tenant: string, goalId: string): Promise<GoalView>;
  list(tenant: string, options: { limit: number; after?: string; status?: GoalStatus }): Promise<{ items: readonly GoalView[]; next: string | null }>;
  /** Throws `goal_unknown`, `goal_ended`; resolves once the cancel is stored. */
  cancel(tenant: string, goalId: string, reason?: string): Promise<void>;
  resume(tenant: string, goalId: string, quota?: QuotaOptions): Promise<void>;
  sendMessage(tenant: string, goalId: string, text: string): Promise<{ id: string }>;
  artifacts(tenant: string, goalId: string): Promise<ArtifactsView>;
  verify(tenant: string, goalId: string): Promise<VerifyReport>;
  replay(tenant: string, goalId: string): Promise<ReplayReport>;
  approvals(tenant: string, goalId?: string): Promise<readonly Approval[]>;
  /** Throws `approval_unknown`; resolves once the decision is stored. */
  decideApproval(tenant: string, id: string, decision: ApprovalDecision, reason?: string): Promise<void>;
  deadLetters(tenant: string, limit: number): Promise<readonly DeadLetterView[]>;
  nodes(): Promise<readonly NodeView[]>;
  /** The configuration in force, secrets replaced, with where each value came from. */
  config(): Promise<{ values: Readonly<Record<string, unknown>>; origins: Readonly<Record<string, string>>; hash: string }>;
  /** Why this node takes no work, empty when it does. */
  notReady(): readonly string[];
  /** Figures for /metrics by name, in Prometheus units. */
  gauges(): Readonly<Record<string, number>>;
}
