import { z } from 'zod';
import type { UsageTold } from '../usage/usage-view.ts';

/** What a node with a page open asks of another one, at `flock.node.<node>`: what changed there since it last asked, and some actors in full. */
export const remoteQuestion = z.strictObject({
  type: z.literal('inspect'),
  tenant: z.string().min(1).max(128),
  /** The life of the asked node and the step that the last answer ended at; 0 for all. */
  life: z.string().max(64),
  after: z.int().min(0),
  /** Actors whose last steps and context are wanted, as `root/actor`. */
  watch: z.array(z.string().max(300)).max(64),
  /** What tools and models did there is wanted too. */
  usage: z.boolean().optional(),
});
export type RemoteQuestion = z.infer<typeof remoteQuestion>;

const stepRow = z.tuple([z.int().min(0), z.number(), z.string().max(256), z.string().max(256)]);
const remoteRow = z.object({
  root: z.string().max(128),
  actor: z.string().max(128),
  machine: z.string().max(128),
  parent: z.string().max(128),
  state: z.string().max(256),
  event: z.string().max(256),
  seq: z.int().min(0),
  mailboxDepth: z.int().min(0),
  restarts: z.int().min(0),
  /** Only of those that were asked for: their last steps, their moves so far, and their context as a page may see it. */
  steps: z.array(stepRow).max(1_024).optional(),
  moves: z.array(z.string().max(800)).max(1_024).optional(),
  context: z.record(z.string(), z.unknown()).optional(),
});
export type RemoteRow = z.infer<typeof remoteRow>;

const usageEntry = z.tuple([z.string().max(256), z.number(), z.string().max(128), z.number(), z.array(z.array(z.number()).max(64)).max(48)]);

export const remoteAnswer = z.object({
  life: z.string().max(64),
  /** The step to ask after next. */
  after: z.int().min(0),
  rows: z.array(remoteRow).max(1_000),
  /** Changed actors that this answer had no room for. */
  behind: z.int().min(0),
  usage: z.object({ tools: z.array(usageEntry).max(128), models: z.array(usageEntry).max(128) }).optional(),
});
export type RemoteAnswer = Omit<z.infer<typeof remoteAnswer>, 'usage'> & { usage?: UsageTold | undefined };
