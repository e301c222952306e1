import { canonicalJson } from '../../actors/cell/canonical.ts';
import { textHash } from '../../actors/cell/chain.ts';
import type { Blobs } from '../../actors/ports/blobs.ts';
import { FlockworkError } from '../../protocols/errors/error.ts';
import {
  agentsDefault,
  type GoalSubmission,
  type Manifest,
  type ManifestFile,
  manifestFilesMax,
  type Quota,
  type QuotaOptions,
  type StrategyOptions,
} from '../../protocols/goals/goal.ts';
import { factBytesMax, recordBytesMax } from '../../protocols/journal/record.ts';
import type { FrozenProfile, GoalAccept } from '../coordinator/coordinator.inputs.ts';
import { coordinatorKind } from '../coordinator/coordinator.kind.ts';
import { chooseStrategy, modelChooses } from '../strategies/choose.ts';
import { strategyOf } from '../strategies/index.ts';
import type { GoalSettings } from '../swarm-host.ts';
import { type GoalMaterial, type Part, partNames, splitParts, wholePart } from './parts.ts';

/** Turns a submission into the first input of its coordinator: everything resolved, everything large stored as a blob. */
export async function acceptGoal(submission: GoalSubmission, goalId: string, tenant: string, settings: GoalSettings, blobs: Blobs): Promise<GoalAccept> {
  const agents = submission.agents ?? settings.agents ?? agentsDefault;
  const profile = settings.profile(submission.profile, submission.model);
  const material = await gather(submission, tenant, settings, blobs);
  const parts = splitParts(material, agents);
  const asked = optionsOf(submission.strategy);
  const shape = { parts: parts.length, files: material.manifest?.files.length ?? 0, items: material.items.length };
  const byModel = modelChooses(asked, shape, profile.model);
  const { strategy, why } = byModel ? { strategy: { type: 'auto' as const }, why: 'the model chooses' } : chooseStrategy(asked, shape);
  const plan = !onParts.has(strategy.type) || parts.length === 0 ? [wholePart(material)] : parts;
  mustBeTold(strategy);
  // Options that cannot work are refused now, not when the goal starts.
  strategyOf(strategy.type).begin({ options: strategy, parts: plan.length, agents });
  const goalBytes = jsonBytes(submission.goal);
  for (const part of plan) mustFit(goalBytes, part);
  const stageProfiles = profilesOf(strategy, submission.model, settings);
  const store = (text: string): Promise<string> => blobs.put(tenant, new TextEncoder().encode(text));
  const planText = JSON.stringify(plan);
  const { manifest } = material;
  return {
    type: 'goal.accept',
    machine: 'coordinator',
    version: coordinatorKind.version,
    tenant,
    goalId,
    goal: submission.goal,
    strategy: strategy.type === 'map-reduce' ? { fanIn: settings.fanIn, ...strategy } : strategy,
    why,
    ...(byModel ? { fanIn: settings.fanIn } : asked === undefined || asked.type === 'auto' ? { chosenBy: 'rules' } : {}),
    agents,
    quota: mergeQuota(settings.quota, submission.quota),
    profile,
    ...(stageProfiles === undefined ? {} : { stageProfiles }),
    plan: { count: plan.length, ...(planText.length <= planInlineCharsMax ? { parts: plan } : { blob: await store(planText) }) },
    ...(strategy.type === 'map-reduce' ? { partNames: partNames(material, plan) } : {}),
    workspace:
      manifest === null
        ? null
        : { blob: await store(JSON.stringify(manifest)), files: manifest.files.length, bytes: manifest.files.reduce((sum, { size }) => sum + size, 0) },
    taskAttemptsMax: settings.taskAttemptsMax,
    stragglerFactor: settings.stragglerFactor,
    bodyHash: submissionHash(submission),
  };
}

/** Strategies that work on the parts of the inputs; the others answer the goal as a whole. */
const onParts: ReadonlySet<StrategyOptions['type']> = new Set(['map-reduce', 'pipeline']);

/** A plan up to this long stands in the first record itself: a blob of its own costs several syncs of the disk. Characters. */
const planInlineCharsMax = 8_192;

/** What goal and one part may come to in the first record of an agent, whose bound leaves as much again for prompt, tools and results. Bytes. */
const partBytesMax = recordBytesMax / 2;

/** What a strategy with its prompts may come to: `goal.accepted` tells all of it, beside the goal. Bytes. */
const strategyBytesMax = factBytesMax / 2;

function mustBeTold(strategy: StrategyOptions): void {
  const bytes = jsonBytes(strategy);
  if (bytes <= strategyBytesMax) return;
  throw new FlockworkError(
    'input_too_large',
    `the strategy ${strategy.type} with its prompts has ${bytes} bytes, above the bound of ${strategyBytesMax}; put long instructions into a file of the inputs, and let the prompts name it`,
    { details: { bytes, strategyBytesMax } },
  );
}

function jsonBytes(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}

function mustFit(goalBytes: number, part: Part): void {
  // JSON has at most six bytes for each unit of a text: most parts need not be counted.
  if (part.files === undefined && goalBytes + (part.name.length + (part.text?.length ?? 0)) * 6 <= partBytesMax) return;
  const bytes = goalBytes + jsonBytes(part);
  if (bytes <= partBytesMax) return;
  throw new FlockworkError(
    'input_too_large',
    `the input '${part.name}' has ${bytes} bytes for one agent, above the bound of ${partBytesMax}; submit it with strategy map-reduce, or as a file that the agent reads`,
    { details: { bytes, partBytesMax } },
  );
}

/** The quota with what was asked for in place of the default. */
export function mergeQuota(base: Quota, asked: QuotaOptions | undefined): Quota {
  const merged: { -readonly [Name in keyof Quota]: number } = { ...base };
  for (const [name, value] of Object.entries(asked ?? {})) if (value !== undefined) merged[name as keyof Quota] = value;
  return merged;
}

/** Equal for equal submissions, whatever the order of their fields. */
export function submissionHash(submission: GoalSubmission): string {
  const { idempotencyKey: _key, ...body } = submission;
  return textHash(canonicalJson(body));
}

/** The id of a goal with an idempotency key: made from tenant and key, so that the first append is the dedupe. */
export function idempotentGoalId(tenant: string, key: string): string {
  return `g-${textHash(`${tenant}\n${key}`).slice(0, 26)}`;
}

function optionsOf(strategy: GoalSubmission['strategy']): StrategyOptions | undefined {
  if (strategy === undefined || typeof strategy === 'object') return strategy;
  if (strategy === 'pipeline' || strategy === 'plan') {
    const form = strategy === 'pipeline' ? '"stages":[{"name","prompt"}]' : '"tasks":[{"name","prompt","after"}]';
    throw new FlockworkError('invalid_request', `strategy ${strategy} needs more than its name: {"type":"${strategy}",${form}}`, { details: { strategy } });
  }
  return { type: strategy };
}

/** The profiles that stages or tasks name, resolved. Throws `profile_unknown`. */
function profilesOf(strategy: StrategyOptions, model: string | undefined, settings: GoalSettings): Record<string, FrozenProfile> | undefined {
  const named = strategy.type === 'pipeline' ? strategy.stages : strategy.type === 'plan' ? strategy.tasks : [];
  const names = new Set(named.flatMap(({ profile }) => (profile === undefined ? [] : [profile])));
  return names.size === 0 ? undefined : Object.fromEntries([...names].map((name) => [name, settings.profile(name, model)]));
}

async function gather(submission: GoalSubmission, tenant: string, settings: GoalSettings, blobs: Blobs): Promise<GoalMaterial> {
  const texts: { name: string; text: string }[] = [];
  const items: string[] = [];
  const files = new Map<string, ManifestFile>();
  for (const input of submission.inputs ?? []) {
    if (input.kind === 'text') texts.push({ name: input.name ?? `text ${texts.length + 1}`, text: input.text });
    else if (input.kind === 'items') items.push(...input.items);
    else {
      const { files: more }: Manifest = input.kind === 'path' ? await settings.snapshotPath(tenant, input.path) : input.manifest;
      if (input.kind === 'files') await requireBlobs(blobs, tenant, more);
      for (const file of more) files.set(file.path, file);
    }
  }
  if (files.size > manifestFilesMax) {
    throw new FlockworkError('input_too_large', `the inputs have ${files.size} files, above the bound of ${manifestFilesMax}; submit a smaller folder`, {
      details: { files: files.size, manifestFilesMax },
    });
  }
  return { texts, items, manifest: files.size === 0 ? null : { files: [...files.values()] } };
}

async function requireBlobs(blobs: Blobs, tenant: string, files: readonly ManifestFile[]): Promise<void> {
  for (const { path, sha256 } of files) {
    if ((await blobs.size(tenant, sha256)) === undefined) {
      throw new FlockworkError('blob_unknown', `the manifest names ${path}, but its blob ${sha256} was not sent; send it with blob.put first`, {
        details: { path, sha256 },
      });
    }
  }
}
