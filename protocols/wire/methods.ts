import { z } from 'zod';
import { approvalDecisions } from '../goals/approval.ts';
import { goalStatuses, goalSubmission, quota, sha256Hex } from '../goals/goal.ts';
import { memoryKey, memoryPrefix } from '../goals/swarm-tools.ts';
import { coordinatorActor } from '../goals/task.ts';
import { goalEndFacts } from '../journal/facts.ts';

/** The version of the protocol that `connection.open` names. History: 1: first (2026-11). */
export const protocolVersion = 1;

/** A bare chunk of a blob before base64, in bytes: fits a frame with room for the envelope. */
export const blobChunkBytesMax = 524_288;
/** `goal.list` answers at most this many. */
export const listLimitMax = 500;
export const listLimitDefault = 50;
/** `artifact.list` answers at most this many, and never more than fit a frame. */
export const artifactsLimitMax = 10_000;
/** A configuration as text, in characters. */
export const configCharsMax = 262_144;

const goalId = z.string().min(1).max(128);
const empty = z.strictObject({});
/** A configuration, or a part of one, as JSON: sections with their keys. The node holds it against its own schema. */
const configDocument = z.record(z.string().max(256), z.unknown());

/** The parameters of every method. Results are described in docs/wire.md and typed in `MethodResults`. */
export const methodParams = {
  'connection.open': z.strictObject({ version: z.int(), token: z.string().max(4_096).optional() }),
  ping: empty,
  'goal.submit': goalSubmission,
  'goal.get': z.strictObject({ goalId }),
  'goal.list': z.strictObject({
    limit: z.int().min(1).max(listLimitMax).optional(),
    after: z.string().max(512).optional(),
    status: z.enum(goalStatuses).optional(),
  }),
  'goal.watch': z.strictObject({ goalId, after: z.string().max(128).optional(), deltas: z.boolean().optional() }),
  'goal.unwatch': z.strictObject({ goalId }),
  'goal.cancel': z.strictObject({ goalId, reason: z.string().max(1_024).optional() }),
  'goal.resume': z.strictObject({ goalId, quota: quota.optional() }),
  'goal.verify': z.strictObject({ goalId }),
  'goal.replay': z.strictObject({ goalId }),
  'blob.put': z.strictObject({ sha256: sha256Hex, offset: z.int().min(0), size: z.int().min(0), data: z.base64() }),
  'blob.get': z.strictObject({ sha256: sha256Hex, offset: z.int().min(0).optional(), length: z.int().min(1).max(blobChunkBytesMax).optional() }),
  'artifact.list': z.strictObject({ goalId, after: z.string().max(8_192).optional(), limit: z.int().min(1).max(artifactsLimitMax).optional() }),
  'memory.list': z.strictObject({
    goalId,
    prefix: memoryPrefix.optional(),
    after: memoryPrefix.optional(),
    limit: z.int().min(1).max(listLimitMax).optional(),
  }),
  'memory.get': z.strictObject({ goalId, key: memoryKey }),
  'approval.list': z.strictObject({ goalId: goalId.optional() }),
  'approval.decide': z.strictObject({ id: z.string().min(1).max(512), decision: z.enum(approvalDecisions), reason: z.string().max(1_024).optional() }),
  'message.send': z.strictObject({ goalId, text: z.string().min(1).max(65_536) }),
  'dead.list': z.strictObject({ limit: z.int().min(1).max(listLimitMax).optional() }),
  'dead.requeue': z.strictObject({ id: z.string().min(1).max(512) }),
  'node.list': empty,
  'config.get': empty,
  'config.apply': z.strictObject({ document: z.union([z.string().max(configCharsMax), configDocument]), hash: sha256Hex.optional() }),
  'config.patch': z.strictObject({ changes: configDocument, hash: sha256Hex.optional() }),
} as const satisfies Record<string, z.ZodType>;

export type MethodName = keyof typeof methodParams;
export type MethodParams<M extends MethodName> = z.infer<(typeof methodParams)[M]>;

export function isMethodName(method: string): method is MethodName {
  return Object.hasOwn(methodParams, method);
}

/** `goal.event`: one fact of one actor of the goal; durable, ordered, without a gap per actor. */
export interface GoalEvent {
  readonly goalId: string;
  readonly cursor: string;
  readonly actor: string;
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Nothing of the goal follows this fact; a coordinator that was poisoned has ended without saying how. */
export function endsGoal({ actor, type }: Pick<GoalEvent, 'actor' | 'type'>): boolean {
  return actor === coordinatorActor && (goalEndFacts.has(type) || type === 'actor.poisoned');
}

/** `goal.delta`: running text of a model call; void once the call's model.replied or a higher epoch is seen. */
export interface GoalDelta {
  readonly goalId: string;
  readonly actor: string;
  readonly call: string;
  readonly epoch: number;
  readonly offset: number;
  readonly text: string;
}
