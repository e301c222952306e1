import type { Artifact, GoalView } from '../../protocols/goals/goal.ts';

/** What the methods answer, as docs/wire.md describes it. Answers of a newer node may have more fields. */
export interface GoalPage {
  readonly items: readonly GoalView[];
  /** Goes into `after` for the next page; null on the last one. */
  readonly next: string | null;
}

export interface Artifacts {
  readonly items: readonly Artifact[];
  readonly patch: string | null;
}

export interface JournalProblem {
  readonly actor: string;
  readonly n: number;
  readonly code: string;
  readonly message: string;
}

export interface VerifyResult {
  readonly goalId: string;
  readonly actors: number;
  readonly records: number;
  readonly ok: boolean;
  readonly problems: readonly JournalProblem[];
  readonly note: string;
}

export interface ReplayResult {
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
  readonly problems: readonly JournalProblem[];
}

export interface NodeResult {
  readonly id: string;
  readonly roles: readonly string[];
  readonly version: string;
  readonly startedAt: string;
  readonly shards: number;
  readonly load: { readonly goals: number; readonly agents: number };
}

export interface ConfigResult {
  readonly values: Readonly<Record<string, unknown>>;
  readonly origins: Readonly<Record<string, string>>;
  readonly hash: string;
}

/** The answer to `connection.open`. */
export interface ConnectionResult {
  readonly version: number;
  readonly node: string;
  readonly tenant: string;
  readonly limits: Readonly<Record<string, number>>;
}

export interface BlobChunkResult {
  readonly sha256: string;
  readonly complete: boolean;
  readonly received: number;
}

export interface BlobPartResult {
  readonly sha256: string;
  readonly size: number;
  readonly offset: number;
  /** Base64. */
  readonly data: string;
}
