import { realpath } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { type CellBounds, throwsInRowMax } from '../../actors/cell/bounds.ts';
import type { Bus } from '../../actors/ports/bus.ts';
import type { Models } from '../../actors/ports/models.ts';
import { FlockworkError } from '../../protocols/errors/error.ts';
import { agentsDefault } from '../../protocols/goals/goal.ts';
import type { ToolSpec } from '../../protocols/goals/task.ts';
import { goalIndex } from '../../swarm/goals/goal-index.ts';
import type { GoalSettings } from '../../swarm/swarm-host.ts';
import { openEmbeddedBus } from '../bus/embedded/index.ts';
import type { LoadedConfig } from '../config/index.ts';
import { createModels, parseModelName } from '../models/index.ts';
import { createBubblewrap, createUnconfined } from '../sandboxes/index.ts';
import { createTools, type Tool, type ToolGate } from '../tools/index.ts';
import { createPatcher, createWorkspaces, snapshotFolder } from '../workspace/index.ts';
import { createProfiles } from './profiles.ts';

/** Each part of a node as the configuration asks for it. */

export async function openBus({ values }: LoadedConfig, dataDir: string): Promise<Bus> {
  const { kind, natsUrl, replicas, ackWaitMs } = values.bus;
  if (kind === 'embedded') return openEmbeddedBus({ folder: dataDir, projector: goalIndex, sync: values.journal.sync, ackWaitMs });
  const { openNatsBus } = await import('../bus/nats/index.ts');
  return openNatsBus({ servers: natsUrl, projector: goalIndex, replicas, ackWaitMs });
}

export function cellBounds({ values }: LoadedConfig): CellBounds {
  const { mailboxMessagesMax, inboxSeenMax, openingsMax } = values.cell;
  return { mailboxMessagesMax, inboxSeenMax, throwsInRowMax, openingsMax, snapshotRecords: values.journal.snapshotRecords };
}

export function modelsOf({ values, credentials, environment }: LoadedConfig): Models {
  const { firstByteMaxMs, idleMaxMs } = values.model;
  return createModels({
    firstByteMaxMs,
    idleMaxMs,
    openai: { baseUrl: values.openai.baseUrl, apiKey: credentials.openaiApiKey, organization: environment['OPENAI_ORG_ID'] },
    anthropic: { baseUrl: values.anthropic.baseUrl, apiKey: credentials.anthropicApiKey },
    ollama: values.ollama,
    prices: values.prices,
  } as Parameters<typeof createModels>[0]);
}

export function toolsOf({ values, secrets }: LoadedConfig, bus: Bus, dataDir: string, tools: readonly Tool[]): ToolGate {
  const { filesMax, bytesMax } = values.workspace;
  const workspaces = createWorkspaces({ folder: join(dataDir, 'workspaces'), blobs: bus.blobs, filesMax, bytesMax });
  const sandbox = values.tools.sandbox === 'none' ? createUnconfined() : createBubblewrap();
  const { timeoutMs, outputCharsMax } = values.tools;
  return createTools({ workspaces, sandbox, patcher: createPatcher(), secrets, timeoutMs, outputCharsMax, tools });
}

export function goalSettings({ values }: LoadedConfig, model: { model: string; why: string }, bus: Bus, specs: readonly ToolSpec[]): GoalSettings {
  const { filesMax, bytesMax, roots } = values.workspace;
  return {
    quota: values.quota,
    agents: agentsDefault,
    fanIn: values.strategy.fanIn,
    taskAttemptsMax: values.strategy.taskAttemptsMax,
    stragglerFactor: values.strategy.stragglerFactor,
    profile: createProfiles({ config: values, model, tools: specs, checkModel: (name) => void parseModelName(name) }),
    snapshotPath: async (tenant, path) => {
      await mustBeUnderRoots(path, roots);
      const { manifest } = await snapshotFolder(path, { put: (bytes) => bus.blobs.put(tenant, bytes), filesMax, bytesMax });
      return manifest;
    },
  };
}

async function mustBeUnderRoots(path: string, roots: readonly string[]): Promise<void> {
  const refused = new FlockworkError(
    'path_not_allowed',
    `the input path ${path} is not under one of workspace.roots of this node; add its folder there, or submit the files themselves with --input`,
    { details: { path } },
  );
  let real: string;
  try {
    real = await realpath(path);
  } catch {
    // Whether it exists is nobody's business who may not read it.
    throw refused;
  }
  const resolvedRoots = await Promise.all(roots.map((root) => realpath(root).catch(() => resolve(root))));
  if (!resolvedRoots.some((root) => real === root || real.startsWith(root + sep))) throw refused;
}
