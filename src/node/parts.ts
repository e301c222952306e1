import { realpath } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { type CellBounds, throwsInRowMax } from '../../actors/cell/bounds.ts';
import type { Bus } from '../../actors/ports/bus.ts';
import type { Clock } from '../../actors/ports/clock.ts';
import type { Models } from '../../actors/ports/models.ts';
import { FlockworkError, failureOf } from '../../protocols/errors/error.ts';
import { agentsDefault } from '../../protocols/goals/goal.ts';
import { swarmToolSpecs } from '../../protocols/goals/swarm-tools.ts';
import type { ToolSpec } from '../../protocols/goals/task.ts';
import { goalIndex } from '../../swarm/goals/goal-index.ts';
import type { GoalSettings } from '../../swarm/swarm-host.ts';
import { openEmbeddedBus } from '../bus/embedded/index.ts';
import type { LoadedConfig, NodeRole } from '../config/index.ts';
import { type GatewayLimits, gatewayLimits } from '../gateway/index.ts';
import { checkProvider, createModels, parseModelName } from '../models/index.ts';
import { createBubblewrap, createUnconfined } from '../sandboxes/index.ts';
import { createTools, type Sandbox, type Tool, type ToolGate } from '../tools/index.ts';
import { createPatcher, createWorkspaces, snapshotFolder } from '../workspace/index.ts';
import { createProfiles } from './profiles.ts';

/** Each part of a node as the configuration asks for it. */

/** Instead of an address: a nats-server of the node's own. */
const localServer = 'local';

export interface BusPlace {
  readonly dataDir: string;
  /** The id of the node: what replies to it are sent to is named for it. */
  readonly node: string;
  readonly roles: readonly NodeRole[];
  readonly clock: Pick<Clock, 'now'>;
  readonly onNote: (line: string) => void;
}

export async function openBus({ values, credentials }: LoadedConfig, { dataDir, node, roles, clock, onNote }: BusPlace): Promise<Bus> {
  const { kind, natsUrl, replicas, ackWaitMs, domain, tenant, tlsCaFile, tlsCertFile, tlsKeyFile } = values.bus;
  if (kind === 'embedded') return openEmbeddedBus({ folder: dataDir, projector: goalIndex, sync: values.journal.sync, ackWaitMs });
  const { openNatsBus, startLocalServer } = await import('../bus/nats/index.ts');
  const server = natsUrl.includes(localServer) ? await startLocalServer(join(dataDir, 'nats')) : undefined;
  const tls = Object.entries({ caFile: tlsCaFile, certFile: tlsCertFile, keyFile: tlsKeyFile }).filter(([, file]) => file !== '');
  const options = {
    servers: server === undefined ? natsUrl : natsUrl.map((url) => (url === localServer ? server.url : url)),
    projector: goalIndex,
    replicas,
    ackWaitMs,
    process: node,
    // A worker or gateway may be allowed to read it only.
    keepsIdentity: roles.includes('coordinator'),
    now: () => clock.now(),
    onFault: (error: unknown) => onNote(`bus: ${failureOf(error).message}`),
    ...(tenant === '' ? {} : { tenant }),
    ...(domain === '' ? {} : { domain }),
    ...(tls.length === 0 ? {} : { tls: Object.fromEntries(tls) }),
    ...(credentials.nats === undefined ? {} : { credentials: credentials.nats }),
  };
  try {
    const bus = await openNatsBus(options);
    return server === undefined ? bus : { ...bus, close: () => bus.close().finally(() => server.stop()) };
  } catch (error) {
    await server?.stop();
    throw error;
  }
}

export function cellBounds({ values }: LoadedConfig): CellBounds {
  const { mailboxMessagesMax, inboxSeenMax, openingsMax } = values.cell;
  return { mailboxMessagesMax, inboxSeenMax, throwsInRowMax, openingsMax, snapshotRecords: values.journal.snapshotRecords };
}

/** Values that may be others from one moment to the next: nothing that is to stay live is taken out of them. */
type Live = Pick<LoadedConfig, 'values'>;

export function modelsOf({ values, credentials, environment }: LoadedConfig, live: Live): Models {
  const { firstByteMaxMs, idleMaxMs } = values.model;
  return createModels({
    firstByteMaxMs,
    idleMaxMs,
    openai: { baseUrl: values.openai.baseUrl, apiKey: credentials.openaiApiKey, organization: environment['OPENAI_ORG_ID'] },
    anthropic: { baseUrl: values.anthropic.baseUrl, apiKey: credentials.anthropicApiKey },
    ollama: values.ollama,
    get prices() {
      return live.values.prices;
    },
  } as Parameters<typeof createModels>[0]);
}

export function toolsOf({ values, secrets }: LoadedConfig, bus: Bus, dataDir: string, tools: readonly Tool[], traced: (sandbox: Sandbox) => Sandbox): ToolGate {
  const { filesMax, bytesMax } = values.workspace;
  const workspaces = createWorkspaces({ folder: join(dataDir, 'workspaces'), blobs: bus.blobs, filesMax, bytesMax });
  const sandbox = traced(values.tools.sandbox === 'none' ? createUnconfined() : createBubblewrap());
  const { timeoutMs, outputCharsMax } = values.tools;
  return createTools({ workspaces, sandbox, patcher: createPatcher(), secrets, timeoutMs, outputCharsMax, tools });
}

/** Refuses a model that no worker of this node could ask. Throws `model_unknown`. */
export function modelCheck({ values, credentials }: LoadedConfig, roles: readonly NodeRole[]): (model: string) => void {
  // Where others work, only they know their keys.
  if (!roles.includes('worker')) return (model) => void parseModelName(model);
  const { openai, anthropic } = values;
  return (model) =>
    checkProvider(model, {
      openai: { baseUrl: openai.baseUrl, apiKey: credentials.openaiApiKey, apiKeyEnv: openai.apiKeyEnv },
      anthropic: { baseUrl: anthropic.baseUrl, apiKey: credentials.anthropicApiKey, apiKeyEnv: anthropic.apiKeyEnv },
    });
}

export interface GoalSettingsParts {
  readonly bus: Bus;
  readonly specs: readonly ToolSpec[];
  readonly checkModel: (model: string) => void;
}

export function goalSettings(live: Live, model: { model: string; why: string }, { bus, specs, checkModel }: GoalSettingsParts): GoalSettings {
  // Made once: their schemas cost half a millisecond.
  const swarmTools = swarmToolSpecs();
  const taken = specs.find((tool) => swarmTools.some((own) => own.name === tool.name));
  if (taken !== undefined)
    throw new FlockworkError('config_invalid', `the name ${taken.name} is that of a tool of the swarm; give your tool another one`, {
      details: { tool: taken.name },
    });
  return {
    get quota() {
      return live.values.quota;
    },
    agents: agentsDefault,
    get fanIn() {
      return live.values.strategy.fanIn;
    },
    get taskAttemptsMax() {
      return live.values.strategy.taskAttemptsMax;
    },
    get stragglerFactor() {
      return live.values.strategy.stragglerFactor;
    },
    profile: (name, asked) => createProfiles({ config: live.values, model, tools: specs, swarmTools, checkModel })(name, asked),
    snapshotPath: async (tenant, path) => {
      const { filesMax, bytesMax, roots } = live.values.workspace;
      await mustBeUnderRoots(path, roots);
      const { manifest } = await snapshotFolder(path, { put: (bytes) => bus.blobs.put(tenant, bytes), filesMax, bytesMax });
      return manifest;
    },
  };
}

/** The bounds of the gateway; those that are asked for with each message are live. */
export function gatewayBounds(live: Live): GatewayLimits {
  const { connectionsMax, inspectorPagesMax } = live.values.limits;
  return {
    ...gatewayLimits,
    connectionsMax,
    inspectorPagesMax,
    get watchesMax() {
      return live.values.limits.watchesMax;
    },
    get requestsInFlightMax() {
      return live.values.limits.requestsInFlightMax;
    },
    get jsonDepthMax() {
      return live.values.limits.jsonDepthMax;
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
