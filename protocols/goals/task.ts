import { z } from 'zod';
import { manifest, sha256Hex } from './goal.ts';

/** The version of the task message. History: 1: first (2026-11). */
export const taskVersion = 1;

/** What one task may use of its goal's budget, reserved before the task is pushed. */
export const allotment = z.strictObject({
  ticks: z.int().min(1),
  tokens: z.int().min(0),
  toolCalls: z.int().min(0),
  /** Micro-dollars, so that sums are exact. */
  costMicroUsd: z.int().min(0),
});
export type Allotment = z.infer<typeof allotment>;

export const toolSpec = z.strictObject({
  name: z.string(),
  description: z.string(),
  /** JSON Schema of the arguments. */
  parameters: z.record(z.string(), z.unknown()),
  /** Safe to repeat: running it twice is like running it once. */
  repeatable: z.boolean(),
  /** May run beside others of the same round. */
  parallel: z.boolean(),
  /** May change the workspace. */
  writes: z.boolean(),
  /** Whatever it does stays within the task's own workspace. */
  contained: z.boolean().optional(),
  /** Runs only after somebody has approved the call. */
  asks: z.boolean().optional(),
  /** Who answers it in place of the tool gate: the coordinator of the goal, by a message. */
  via: z.literal('coordinator').optional(),
});
export type ToolSpec = z.infer<typeof toolSpec>;

/** All an agent needs, resolved by the coordinator: a worker resolves nothing. */
export const taskSpec = z.strictObject({
  profile: z.string(),
  /** provider/name */
  model: z.string(),
  system: z.string(),
  prompt: z.string(),
  /** What the task is for in its strategy: single, map, reduce … */
  role: z.string(),
  /** Data for the model that goes after the prompt: partial results, text inputs. */
  material: z.array(z.strictObject({ name: z.string(), text: z.string() })),
  tools: z.array(toolSpec),
  /** The workspace; absent = an empty one. */
  workspace: z.strictObject({ manifest: z.union([manifest, z.strictObject({ blob: sha256Hex })]), focus: z.array(z.string()) }).optional(),
  outputTokensMax: z.int().min(1),
  /** What happens to a call that nobody has decided on in time. Absent: it waits for ever. */
  approval: z.strictObject({ waitMs: z.int().min(1), onTimeout: z.enum(['deny', 'allow']) }).optional(),
});
export type TaskSpec = z.infer<typeof taskSpec>;

/** One task in the queue: `spec` as JSON text, or as a blob when it is large. */
export const taskMessage = z.strictObject({
  v: z.int().min(1).max(taskVersion),
  tenant: z.string(),
  root: z.string(),
  task: z.string(),
  attempt: z.int().min(1),
  pool: z.string(),
  priority: z.int().min(0).max(9),
  allotment,
  spec: z.union([taskSpec, z.strictObject({ blob: sha256Hex })]),
});
export type TaskMessage = z.infer<typeof taskMessage>;

/** The actor name of an attempt: `agent-<task>-<attempt>`. */
export function agentActor(task: string, attempt: number): string {
  return `agent-${task}-${attempt}`;
}

export function parseAgentActor(actor: string): { task: string; attempt: number } | undefined {
  const match = /^agent-(t\d+)-(\d+)$/.exec(actor);
  return match?.[1] === undefined ? undefined : { task: match[1], attempt: Number(match[2]) };
}

/** The actor name of the coordinator of every goal. */
export const coordinatorActor = 'coordinator';
