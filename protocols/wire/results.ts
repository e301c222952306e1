import type { Approval } from '../goals/approval.ts';
import type { Artifact, GoalView, Manifest } from '../goals/goal.ts';
import type { MethodName } from './methods.ts';

/** What the methods answer, as docs/wire.md describes it. Answers of a newer node may have more fields. */
export interface GoalPage {
  readonly items: readonly GoalView[];
  /** Goes into `after` for the next page; null on the last one. */
  readonly next: string | null;
}

/** What came out of a goal, or a page of it, with all that bringing it into a folder takes. */
export interface Artifacts {
  /** Every change, by path; a path that tasks changed differently stands here once for each of them. */
  readonly items: readonly Artifact[];
  /** The changed files of this page as the goal began with them: a path that is not here was added. */
  readonly base: Manifest;
  /** All text changes as one git-style patch; null when nothing changed, when it is large and `patchBlob` names it, and after the first page. */
  readonly patch: string | null;
  /** The blob of a patch that is too large for an answer. */
  readonly patchBlob?: string;
  /** Goes into `after` for the next page; null on the last one. */
  readonly next: string | null;
}

export interface JournalProblem {
  readonly actor: string;
  readonly n: number;
  readonly code: string;
  readonly message: string;
}

/** What a check of a goal's hash chains found. */
export interface VerifyResult {
  readonly goalId: string;
  readonly actors: number;
  readonly records: number;
  readonly ok: boolean;
  /** Each problem names the actor and the record. */
  readonly problems: readonly JournalProblem[];
  /** What the report cannot prove, in one sentence. */
  readonly note: string;
}

/** What a replay of a goal's journals found. */
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
  /** Why it takes no work: `draining`, `bus` (cut off), `clock` (too far off). Empty: it does. */
  readonly notReady?: readonly string[];
  /** The clock of the bus minus its own, in milliseconds; absent where both are one. */
  readonly clockOffsetMs?: number;
}

/** A key that the agents of a goal share, without its value. */
export interface MemoryItem {
  readonly key: string;
  /** The number of the write that set it, counted over the whole goal. */
  readonly version: number;
  /** The agent that set it. */
  readonly by: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Of the value's JSON. */
  readonly bytes: number;
}

export interface MemoryPage {
  readonly items: readonly MemoryItem[];
  /** Goes into `after` for the next page; null on the last one. */
  readonly next: string | null;
}

export interface MemoryValue extends MemoryItem {
  /** Any JSON. */
  readonly value: unknown;
}

/** The configuration in force, secrets replaced, with where each value came from. */
export interface ConfigResult {
  readonly values: Readonly<Record<string, unknown>>;
  readonly origins: Readonly<Record<string, string>>;
  /** Of the values in force; `config.apply` and `config.patch` may be based on it. */
  readonly hash: string;
  /** Keys whose value in the configuration file waits for a restart of the node. */
  readonly pending: readonly string[];
}

/** What a change of the configuration file did. */
export interface ConfigChangeResult {
  /** The file that was written. */
  readonly file: string;
  /** Keys whose value is another one than before. */
  readonly changed: readonly string[];
  /** Those of them that are in force now, for what begins from now on. */
  readonly live: readonly string[];
  /** Those of them that wait for a restart of the node. */
  readonly restart: readonly string[];
  readonly restartNeeded: boolean;
  /** Keys of the file that something stronger decides, by key: the flag or the variable. */
  readonly overridden: Readonly<Record<string, string>>;
  /** Of the values in force now. */
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

interface Id {
  readonly id: string;
}

interface Items<Item> {
  readonly items: readonly Item[];
}

/** The result of each method. */
export interface MethodResults extends Record<MethodName, unknown> {
  readonly 'connection.open': ConnectionResult;
  readonly ping: Readonly<Record<string, never>>;
  readonly 'goal.submit': Id;
  readonly 'goal.get': GoalView;
  readonly 'goal.list': GoalPage;
  readonly 'goal.watch': { readonly goalId: string };
  readonly 'goal.unwatch': { readonly goalId: string };
  readonly 'goal.cancel': Id;
  readonly 'goal.resume': Id;
  readonly 'goal.verify': VerifyResult;
  readonly 'goal.replay': ReplayResult;
  readonly 'blob.put': BlobChunkResult;
  readonly 'blob.get': BlobPartResult;
  readonly 'artifact.list': Artifacts;
  readonly 'memory.list': MemoryPage;
  readonly 'memory.get': MemoryValue;
  readonly 'approval.list': Items<Approval>;
  readonly 'approval.decide': Id;
  readonly 'message.send': Id;
  readonly 'dead.list': Items<DeadLetterResult>;
  readonly 'dead.requeue': Id & { readonly requeued: number };
  readonly 'node.list': Items<NodeResult>;
  readonly 'config.get': ConfigResult;
  readonly 'config.apply': ConfigChangeResult;
  readonly 'config.patch': ConfigChangeResult;
}
