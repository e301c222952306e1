import type { Artifact, GoalView, Manifest } from '../../protocols/goals/goal.ts';

/** What the methods answer, as docs/wire.md describes it. Answers of a newer node may have more fields. */
export interface GoalPage {
  readonly items: readonly GoalView[];
  /** Goes into `after` for the next page; null on the last one. */
  readonly next: string | null;
}

export interface Artifacts {
  /** Every change; a path that tasks changed differently stands here once for each of them. */
  readonly items: readonly Artifact[];
  /** The changed files as the goal began with them. */
  readonly base: Manifest;
  /** One git-style patch of all text changes; null when nothing changed, or when it is large and stands in the blob `patchBlob`. */
  readonly patch: string | null;
  readonly patchBlob?: string;
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

/** A message that no actor took. */
export interface DeadLetterResult {
  readonly subject: string;
  readonly id: string;
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Kept over a restart. */
  readonly durable: boolean;
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
