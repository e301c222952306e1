import type { Approval, ApprovalDecision } from '../../protocols/goals/approval.ts';
import type { GoalStatus, GoalSubmission, GoalView, QuotaOptions } from '../../protocols/goals/goal.ts';
import { getBlob, putBlob } from './blobs.ts';
import type { Artifacts, ConfigResult, DeadLetterResult, GoalPage, NodeResult, ReplayResult, VerifyResult } from './results.ts';
import type { ClientTransport, WatchItem } from './transport.ts';

/** A client of a node. All failures are `FlockworkError` with a code of the catalogue. */
export interface FlockworkClient {
  /** Submits a goal. Without an idempotency key it gets one, so that a submission whose answer was lost is not two goals. */
  submit(goal: GoalSubmission): Promise<{ readonly id: string }>;
  /** Throws `goal_unknown`. */
  get(goalId: string): Promise<GoalView>;
  list(options?: { readonly limit?: number; readonly after?: string; readonly status?: GoalStatus }): Promise<GoalPage>;
  /** The facts of a goal from its beginning, or after a cursor, up to its end; leaving the loop or aborting the signal ends the watch. */
  watch(goalId: string, options?: { readonly after?: string; readonly deltas?: boolean; readonly signal?: AbortSignal }): AsyncIterable<WatchItem>;
  /** Resolves once the cancel is stored. Throws `goal_ended`. */
  cancel(goalId: string, reason?: string): Promise<void>;
  /** Throws `goal_not_paused`. */
  resume(goalId: string, quota?: QuotaOptions): Promise<void>;
  artifacts(goalId: string): Promise<Artifacts>;
  verify(goalId: string): Promise<VerifyResult>;
  replay(goalId: string): Promise<ReplayResult>;
  sendMessage(goalId: string, text: string): Promise<{ readonly id: string }>;
  /** Stores bytes and answers their SHA-256; free when the node has them. */
  putBlob(bytes: Uint8Array): Promise<string>;
  /** Throws `blob_unknown`. */
  getBlob(sha256: string): Promise<Uint8Array>;
  /** Tool calls that wait for a decision. */
  approvals(goalId?: string): Promise<readonly Approval[]>;
  /** Throws `approval_unknown`. */
  decide(approvalId: string, decision: ApprovalDecision, reason?: string): Promise<void>;
  /** Messages that no actor took, and why; the newest last. */
  deadLetters(limit?: number): Promise<readonly DeadLetterResult[]>;
  nodes(): Promise<readonly NodeResult[]>;
  config(): Promise<ConfigResult>;
  ping(): Promise<void>;
  /** Ends all calls and watches. */
  close(): Promise<void>;
}

/** A client over any transport; `connect` makes the ones that go over a wire. */
export function createClient(transport: ClientTransport): FlockworkClient {
  return {
    submit: async (goal) => (await transport.call('goal.submit', { ...goal, idempotencyKey: goal.idempotencyKey ?? crypto.randomUUID() })) as { id: string },
    get: async (goalId) => (await transport.call('goal.get', { goalId })) as GoalView,
    list: async (options = {}) => (await transport.call('goal.list', options)) as GoalPage,
    watch: (goalId, { signal, ...options } = {}) => transport.watch({ goalId, ...options }, { signal }),
    cancel: async (goalId, reason) => {
      await transport.call('goal.cancel', { goalId, ...(reason === undefined ? {} : { reason }) });
    },
    resume: async (goalId, quota) => {
      await transport.call('goal.resume', { goalId, ...(quota === undefined ? {} : { quota }) });
    },
    artifacts: async (goalId) => (await transport.call('artifact.list', { goalId })) as Artifacts,
    verify: async (goalId) => (await transport.call('goal.verify', { goalId })) as VerifyResult,
    replay: async (goalId) => (await transport.call('goal.replay', { goalId })) as ReplayResult,
    sendMessage: async (goalId, text) => (await transport.call('message.send', { goalId, text })) as { id: string },
    putBlob: (bytes) => putBlob(transport, bytes),
    getBlob: (sha256) => getBlob(transport, sha256),
    approvals: async (goalId) => ((await transport.call('approval.list', goalId === undefined ? {} : { goalId })) as { items: readonly Approval[] }).items,
    decide: async (id, decision, reason) => {
      await transport.call('approval.decide', { id, decision, ...(reason === undefined ? {} : { reason }) });
    },
    deadLetters: async (limit) => ((await transport.call('dead.list', limit === undefined ? {} : { limit })) as { items: readonly DeadLetterResult[] }).items,
    nodes: async () => ((await transport.call('node.list', {})) as { items: readonly NodeResult[] }).items,
    config: async () => (await transport.call('config.get', {})) as ConfigResult,
    ping: async () => {
      await transport.call('ping', {});
    },
    close: () => transport.close(),
  };
}
