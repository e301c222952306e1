import type { Kinds } from '../../actors/cell/kinds.ts';
import type { Bus } from '../../actors/ports/bus.ts';
import { FlockworkError } from '../../protocols/errors/error.ts';
import type { Approvals } from '../../swarm/goals/approvals.ts';
import type { Goals } from '../../swarm/goals/goals.ts';
import type { OpenCells } from '../../swarm/owner/open-cells.ts';
import { nodePrefix } from '../../swarm/worker/node-lease.ts';
import type { Worker } from '../../swarm/worker/worker.ts';
import type { LoadedConfig } from '../config/index.ts';
import type { GatewayHost, NodeView } from '../gateway/index.ts';
import { patchOf } from '../workspace/index.ts';
import { replayGoal, verifyGoal } from './audit.ts';
import type { DeadLetters } from './dead-letters.ts';

/** A patch up to this long stands in the answer itself; one message has room for it and for the list. Characters. */
const patchInlineCharsMax = 262_144;

export interface GatewayHostParts {
  readonly config: LoadedConfig;
  readonly version: string;
  readonly bus: Bus;
  readonly kinds: Kinds;
  readonly goals: Goals;
  readonly cells: OpenCells;
  readonly worker: Worker | undefined;
  readonly self: () => NodeView;
  /** Why the node takes no work. */
  readonly notReady: () => readonly string[];
  readonly approvals: Approvals;
  readonly deadLetters: DeadLetters;
}

/** What the gateway asks of this node. */
export function createGatewayHost(parts: GatewayHostParts): GatewayHost {
  const { config, version, bus, kinds, goals, cells, self } = parts;
  const seenMax = config.values.cell.inboxSeenMax;
  return {
    nodeId: self().id,
    version,
    async submit(tenant, submission) {
      const [reason] = parts.notReady();
      if (reason !== undefined)
        throw new FlockworkError('draining', `the node takes no new goals (${reason}); submit it to another node, or again in a moment`);
      return goals.submit(tenant, submission);
    },
    get: (tenant, goalId) => goals.get(tenant, goalId),
    list: (tenant, options) => goals.list(tenant, options),
    cancel: (tenant, goalId, reason) => goals.cancel(tenant, goalId, reason),
    resume: (tenant, goalId, quota) => goals.resume(tenant, goalId, quota),
    sendMessage: (tenant, goalId, text) => goals.sendMessage(tenant, goalId, text),
    async artifacts(tenant, goalId) {
      const { items, manifest } = await goals.artifacts(tenant, goalId);
      const changed = new Set(items.map(({ path }) => path));
      const base = { files: manifest.files.filter(({ path }) => changed.has(path)) };
      if (items.length === 0) return { items, base, patch: null };
      const patch = await patchOf({ artifacts: items, manifest: base, read: (sha256) => bus.blobs.get(tenant, sha256) });
      if (patch.length <= patchInlineCharsMax) return { items, base, patch };
      return { items, base, patch: null, patchBlob: await bus.blobs.put(tenant, new TextEncoder().encode(patch)) };
    },
    async verify(tenant, goalId) {
      await goals.get(tenant, goalId);
      return verifyGoal(bus.journal, tenant, goalId);
    },
    async replay(tenant, goalId) {
      await goals.get(tenant, goalId);
      return replayGoal(bus.journal, kinds, tenant, goalId, seenMax);
    },
    approvals: (tenant, goalId) => parts.approvals.list(tenant, goalId),
    decideApproval: (tenant, id, decision, reason) => parts.approvals.decide(tenant, id, decision, tenant, reason),
    deadLetters: (tenant, limit) => parts.deadLetters.list(tenant, limit),
    async nodes() {
      const rows = await bus.registry.list(nodePrefix);
      const others = rows.map(({ value }) => JSON.parse(value) as NodeView).filter(({ id }) => id !== self().id);
      return [self(), ...others];
    },
    config: () => Promise.resolve(config.view),
    notReady: parts.notReady,
    gauges: () => ({
      flockwork_cells_open: cells.size,
      flockwork_agents_active: parts.worker?.load ?? 0,
      flockwork_dead_inputs_total: parts.deadLetters.count,
      flockwork_process_resident_bytes: process.memoryUsage.rss(),
    }),
  };
}
