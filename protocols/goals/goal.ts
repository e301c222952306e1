import { z } from 'zod';
import { isToken } from '../subjects.ts';

/** Bounds of a submitted goal. */
export const goalTextMax = 65_536;
export const itemsMax = 100_000;
export const manifestFilesMax = 50_000;
export const agentsMax = 64;
export const agentsDefault = 3;
export const stagesMax = 32;
export const planTasksMax = 64;
/** The largest queueItemsMax of a pipeline. */
const queueItemsMaxMax = 1_000;

/** Workspace paths: relative, forward slashes, no `.`/`..` segments, no NUL. */
export const workspacePath = z
  .string()
  .min(1)
  .max(4_096)
  .refine(
    (path) =>
      !path.startsWith('/') && !path.includes('\0') && !path.includes('\\') && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..'),
    {
      message: 'must be a relative path without "." or ".." segments',
    },
  );

export const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in lower-case hex');

/** One file of a manifest: where it stands in the workspace and the blob that holds its bytes. */
export const manifestFile = z.strictObject({
  path: workspacePath,
  sha256: sha256Hex,
  size: z.int().min(0),
  executable: z.boolean().optional(),
});
export type ManifestFile = z.infer<typeof manifestFile>;

export const manifest = z.strictObject({ files: z.array(manifestFile).max(manifestFilesMax) });
export type Manifest = z.infer<typeof manifest>;

export const goalInput = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('text'), text: z.string().max(1_048_576), name: z.string().max(256).optional() }),
  z.strictObject({ kind: z.literal('items'), items: z.array(z.string().max(65_536)).min(1).max(itemsMax) }),
  z.strictObject({ kind: z.literal('files'), manifest }),
  z.strictObject({ kind: z.literal('path'), path: z.string().min(1).max(4_096) }),
]);
export type GoalInput = z.infer<typeof goalInput>;

const stage = z.strictObject({
  name: z.string().min(1).max(64),
  prompt: z.string().min(1).max(goalTextMax),
  profile: z.string().max(64).optional(),
  concurrency: z.int().min(1).max(agentsMax).optional(),
  /** What an item that fails here for good does: ends the goal (default), or is left out of the result. */
  onFailure: z.enum(['fail', 'skip']).optional(),
});

const planTask = z.strictObject({
  name: z.string().min(1).max(64),
  prompt: z.string().min(1).max(goalTextMax),
  /** The tasks whose results it needs, by name: it starts when all of them have completed. */
  after: z.array(z.string().min(1).max(64)).max(planTasksMax).optional(),
  profile: z.string().max(64).optional(),
});

export const strategyOptions = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('auto') }),
  z.strictObject({ type: z.literal('single') }),
  z.strictObject({
    type: z.literal('map-reduce'),
    concurrency: z.int().min(1).max(agentsMax).optional(),
    fanIn: z.int().min(2).max(64).optional(),
    onFailure: z.enum(['fail', 'partial']).optional(),
  }),
  z.strictObject({
    type: z.literal('pipeline'),
    stages: z.array(stage).min(1).max(stagesMax),
    /** Items that may wait between two stages. */
    queueItemsMax: z.int().min(1).max(queueItemsMaxMax).optional(),
  }),
  z.strictObject({
    type: z.literal('consensus'),
    quorum: z.union([z.enum(['majority', 'two-thirds', 'unanimous']), z.strictObject({ weights: z.record(z.string(), z.number().min(0)) })]).optional(),
    rounds: z.int().min(1).max(16).optional(),
    /** How long one proposal, ballot or decision may take; what comes later does not count. Seconds; absent = as long as the goal may. */
    answerSeconds: z.number().positive().max(86_400).optional(),
    noQuorum: z.enum(['leader', 'fail']).optional(),
  }),
  z.strictObject({
    type: z.literal('plan'),
    tasks: z.array(planTask).max(planTasksMax),
    concurrency: z.int().min(1).max(agentsMax).optional(),
    /** What a task that fails for good does: ends the goal (default), or is left out with all that depend on it. */
    onFailure: z.enum(['fail', 'partial']).optional(),
  }),
]);
export type StrategyOptions = z.infer<typeof strategyOptions>;

export const strategyNames = ['auto', 'single', 'map-reduce', 'pipeline', 'consensus', 'plan'] as const;
export type StrategyName = (typeof strategyNames)[number];

/** What a goal may use. `maxTicks` bounds the rounds of one agent; all others are for the whole goal. */
export const quota = z.strictObject({
  maxTicks: z.int().min(1).max(10_000).optional(),
  maxToolCalls: z.int().min(0).optional(),
  maxTokens: z.int().min(1).optional(),
  maxMemoryKeys: z.int().min(0).optional(),
  maxCostUsd: z.number().min(0).optional(),
  maxSeconds: z.number().positive().max(2_592_000).optional(),
});
export type QuotaOptions = z.infer<typeof quota>;
export type Quota = { readonly [K in keyof Required<QuotaOptions>]: number };

/** The quota of a goal that names none; printed at start. */
export const quotaDefault: Quota = {
  maxTicks: 10,
  maxToolCalls: 2_000,
  maxTokens: 4_000_000,
  maxMemoryKeys: 1_000,
  maxCostUsd: 5,
  maxSeconds: 3_600,
};

export const goalSubmission = z.strictObject({
  goal: z.string().trim().min(1, 'must not be empty').max(goalTextMax),
  strategy: z.union([z.enum(strategyNames), strategyOptions]).optional(),
  agents: z.int().min(1).max(agentsMax).optional(),
  inputs: z.array(goalInput).max(64).optional(),
  profile: z.string().min(1).max(64).refine(isToken, 'letters, digits, dash and underscore only').optional(),
  model: z.string().min(1).max(256).optional(),
  quota: quota.optional(),
  idempotencyKey: z.string().min(1).max(256).optional(),
});
export type GoalSubmission = z.infer<typeof goalSubmission>;

export const goalStatuses = ['accepted', 'running', 'paused', 'completed', 'failed', 'cancelled'] as const;
export type GoalStatus = (typeof goalStatuses)[number];

export function isEnded(status: GoalStatus): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled';
}

/** Tokens in the four classes that providers bill apart, plus reasoning (a part of output). Counts. */
export const tokenUsage = z.object({
  input: z.int().min(0),
  cacheRead: z.int().min(0),
  cacheWrite: z.int().min(0),
  output: z.int().min(0),
  reasoning: z.int().min(0),
});
export type TokenUsage = z.infer<typeof tokenUsage>;

/** What a goal has used. `costUsd` is null when a model without a known price took part; `estimated` when an unknown outcome was charged in full. */
export interface GoalUsage {
  readonly modelCalls: number;
  readonly toolCalls: number;
  readonly tokens: number;
  readonly costUsd: number | null;
  readonly estimated: boolean;
  readonly seconds: number;
}

/** One changed file that came out of a goal. */
export const artifact = z.object({
  path: z.string(),
  change: z.enum(['added', 'modified', 'deleted']),
  sha256: sha256Hex.optional(),
  size: z.int().min(0).optional(),
  task: z.string(),
});
export type Artifact = z.infer<typeof artifact>;

/** How many tasks are in which state. */
export interface TaskCounts {
  readonly total: number;
  readonly running: number;
  readonly completed: number;
  readonly failed: number;
}

/** A goal as `goal.get` and `GET /v1/goals/:id` show it. Times are ISO 8601. */
export interface GoalView {
  readonly id: string;
  readonly status: GoalStatus;
  readonly goal: string;
  readonly strategy: StrategyOptions;
  readonly result?: string;
  readonly error?: { readonly code: string; readonly message: string; readonly retryable: boolean };
  readonly usage: GoalUsage;
  readonly tasks: TaskCounts;
  readonly createdAt: string;
  readonly endedAt?: string;
}
