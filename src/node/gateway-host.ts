import type { Kinds } from '../../actors/cell/kinds.ts';
import type { Bus } from '../../actors/ports/bus.ts';
import { FlockworkError } from '../../protocols/errors/error.ts';
import type { NodeResult } from '../../protocols/wire/results.ts';
import type { Approvals } from '../../swarm/goals/approvals.ts';
import { listMemory, readMemory } from '../../swarm/goals/goal-memory.ts';
import type { Goals } from '../../swarm/goals/goals.ts';
import { nodePrefix } from '../../swarm/worker/node-lease.ts';
import type { GatewayHost } from '../gateway/index.ts';
import { patchOf } from '../workspace/index.ts';
import { replayGoal, verifyGoal } from './audit.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { LiveConfig } from './live-config.ts';

/** A patch whose JSON is up to this long stands in the answer itself; one message has room for it and for the list. Bytes. */
const patchInlineBytesMax = 262_144;

export interface GatewayHostParts {
  readonly config: LiveConfig;
  readonly version: string;
  readonly bus: Bus;
  readonly kinds: Kinds;
  readonly goals: Goals;
  readonly self: () => NodeResult;
  /** Why the node takes no work. */
  readonly notReady: () => readonly string[];
  readonly approvals: Approvals;
  readonly deadLetters: DeadLetters;
  readonly metrics: GatewayHost['metrics'];
}

/** What the gateway asks of this node. */
export function createGatewayHost(parts: GatewayHostParts): GatewayHost {
  const { config, version, bus, kinds, goals, self } = parts;
  const seenMax = config.values.cell.inboxSeenMax;
  const reading = { bus, kinds, inboxSeenMax: seenMax };
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
    async artifacts(tenant, goalId, { patch: wanted }) {
      const { items, manifest } = await goals.artifacts(tenant, goalId);
      const changed = new Set(items.map(({ path }) => path));
      const base = { files: manifest.files.filter(({ path }) => changed.has(path)) };
      if (items.length === 0 || !wanted) return { items, base, patch: null };
      const patch = await patchOf({ artifacts: items, manifest: base, read: (sha256) => bus.blobs.get(tenant, sha256) });
      if (Buffer.byteLength(JSON.stringify(patch)) <= patchInlineBytesMax) return { items, base, patch };
      return { items, base, patch: null, patchBlob: await bus.blobs.put(tenant, new TextEncoder().encode(patch)) };
    },
    async verify(tenant, goalId) {
      const found = await verifyGoal(bus.journal, tenant, goalId);
      // A group of members has journals too, and is no goal.
      if (found.actors === 0) await goals.get(tenant, goalId);
      return found;
    },
    async replay(tenant, goalId) {
      const found = await replayGoal(bus.journal, kinds, tenant, goalId, seenMax);
      if (found.actors.length + found.problems.length === 0) await goals.get(tenant, goalId);
      return found;
    },
    async memory(tenant, goalId, options) {
      await goals.get(tenant, goalId);
      return listMemory(reading, tenant, goalId, options);
    },
    async memoryValue(tenant, goalId, key) {
      await goals.get(tenant, goalId);
      return readMemory(reading, tenant, goalId, key);
    },
    approvals: (tenant, goalId) => parts.approvals.list(tenant, goalId),
    decideApproval: (tenant, id, decision, reason) => parts.approvals.decide(tenant, id, decision, tenant, reason),
    requeueDeadLetter: (tenant, id) => parts.deadLetters.requeue(tenant, id),
    deadLetters: (tenant, limit) => parts.deadLetters.list(tenant, limit),
    async nodes() {
      const rows = await bus.registry.list(nodePrefix);
      const others = rows.map(({ value }) => JSON.parse(value) as NodeResult).filter(({ id }) => id !== self().id);
      return [self(), ...others];
    },
    config: () => Promise.resolve(config.view()),
    applyConfig: (document, hash) => config.change({ document }, hash),
    patchConfig: (changes, hash) => config.change({ changes }, hash),
    notReady: parts.notReady,
    metrics: parts.metrics,
  };
}
