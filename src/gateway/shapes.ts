import { z } from 'zod';
import { approval } from '../../protocols/goals/approval.ts';
import { goalStatuses, manifest, sha256Hex, strategyOptions } from '../../protocols/goals/goal.ts';

/** The answers of the HTTP routes as /openapi.json shows them. Answers are not parsed again at run time. */
export const problemShape = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    retryable: z.boolean(),
    details: z.record(z.string(), z.unknown()).optional(),
  })
  .describe('What went wrong, with a code of the error catalogue');

export const idShape = z.object({ id: z.string() });

export const goalShape = z.object({
  id: z.string(),
  status: z.enum(goalStatuses),
  goal: z.string(),
  strategy: strategyOptions,
  result: z.string().optional(),
  error: z.object({ code: z.string(), message: z.string(), retryable: z.boolean() }).optional(),
  usage: z.object({ modelCalls: z.int(), toolCalls: z.int(), tokens: z.int(), costUsd: z.number().nullable(), estimated: z.boolean(), seconds: z.number() }),
  tasks: z.object({ total: z.int(), running: z.int(), completed: z.int(), failed: z.int() }),
  createdAt: z.string(),
  endedAt: z.string().optional(),
});

export const goalListShape = z.object({ items: z.array(goalShape), next: z.string().nullable() });

export const artifactsShape = z.object({
  items: z.array(
    z.object({ path: z.string(), change: z.enum(['added', 'modified', 'deleted']), sha256: sha256Hex.optional(), size: z.int().optional(), task: z.string() }),
  ),
  base: manifest.describe('The changed files as the goal began with them'),
  patch: z
    .string()
    .nullable()
    .describe('All text changes as git-style patch; null when nothing changed, when patchBlob names a large one, and after the first page'),
  patchBlob: sha256Hex.optional(),
  next: z.string().nullable().describe('The after of the next page; null on the last one'),
});

const memoryItem = { key: z.string(), version: z.int(), by: z.string(), at: z.int(), bytes: z.int() };
export const memoryPageShape = z.object({
  items: z.array(z.object(memoryItem)),
  next: z.string().nullable().describe('The after of the next page; null on the last one'),
});
export const memoryValueShape = z.object({ ...memoryItem, value: z.unknown() });

export const blobShape = z.object({ sha256: sha256Hex });
export const chunkShape = z.object({ sha256: sha256Hex, complete: z.boolean(), received: z.int() });

const problem = z.object({ actor: z.string(), n: z.int(), code: z.string(), message: z.string() });
export const verifyShape = z.object({ goalId: z.string(), actors: z.int(), records: z.int(), ok: z.boolean(), problems: z.array(problem), note: z.string() });
export const replayShape = z.object({
  goalId: z.string(),
  ok: z.boolean(),
  actors: z.array(z.object({ actor: z.string(), machine: z.string(), records: z.int(), facts: z.int(), state: z.string(), stateHash: z.string() })),
  problems: z.array(problem),
});

export const nodesShape = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      roles: z.array(z.string()),
      version: z.string(),
      startedAt: z.string(),
      shards: z.int(),
      load: z.object({ goals: z.int(), agents: z.int() }),
      notReady: z.array(z.string()).optional(),
      clockOffsetMs: z.int().optional(),
    }),
  ),
});

export const approvalsShape = z.object({ items: z.array(approval) });

export const requeuedShape = z.object({ id: z.string(), requeued: z.int() });

export const deadLettersShape = z.object({
  items: z.array(z.object({ subject: z.string(), id: z.string(), reason: z.string(), at: z.int(), durable: z.boolean() })),
});

export const configShape = z.object({
  values: z.record(z.string(), z.unknown()),
  origins: z.record(z.string(), z.string()),
  hash: z.string(),
  pending: z.array(z.string()).describe('Keys whose value in the file waits for a restart'),
});
export const configChangeShape = z.object({
  file: z.string(),
  changed: z.array(z.string()),
  live: z.array(z.string()).describe('What is in force now'),
  restart: z.array(z.string()).describe('What waits for a restart'),
  restartNeeded: z.boolean(),
  overridden: z.record(z.string(), z.string()).describe('Keys of the file that a flag or variable decides'),
  hash: z.string(),
});
export const connectionShape = z.object({ version: z.int(), node: z.string(), tenant: z.string(), limits: z.record(z.string(), z.number()) });
export const healthShape = z.object({ status: z.literal('ok'), node: z.string(), version: z.string() });
export const readyShape = z.object({ ready: z.boolean(), reasons: z.array(z.string()) });
