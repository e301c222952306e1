import type { Approval, ApprovalDecision } from '../../protocols/goals/approval.ts';
import type { GoalStatus, GoalSubmission, GoalView, QuotaOptions } from '../../protocols/goals/goal.ts';
import type { MethodName, MethodParams } from '../../protocols/wire/methods.ts';
import type {
  Artifacts,
  ConfigChangeResult,
  ConfigResult,
  DeadLetterResult,
  GoalPage,
  MemoryPage,
  MemoryValue,
  MethodResults,
  NodeResult,
  ReplayResult,
  VerifyResult,
} from '../../protocols/wire/results.ts';
import { artifactPages, wholeOf } from './artifacts.ts';
import { getBlob, putBlob } from './blobs.ts';
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
  /** Everything that came out of a goal, over as many pages as it takes. */
  artifacts(goalId: string): Promise<Artifacts>;
  /** The same page by page, each of at most `limit` changes; the first one has the patch. */
  artifactPages(goalId: string, options?: { readonly limit?: number; readonly after?: string }): AsyncIterable<Artifacts>;
  verify(goalId: string): Promise<VerifyResult>;
  replay(goalId: string): Promise<ReplayResult>;
  sendMessage(goalId: string, text: string): Promise<{ readonly id: string }>;
  /** Stores bytes and answers their SHA-256; free when the node has them. */
  putBlob(bytes: Uint8Array): Promise<string>;
  /** Throws `blob_unknown`. */
  getBlob(sha256: string): Promise<Uint8Array>;
  /** The keys that the agents of a goal share, in order. */
  memory(goalId: string, options?: { readonly prefix?: string; readonly after?: string; readonly limit?: number }): Promise<MemoryPage>;
  /** One of them with its value. Throws `memory_key_unknown`. */
  memoryValue(goalId: string, key: string): Promise<MemoryValue>;
  /** Tool calls that wait for a decision. */
  approvals(goalId?: string): Promise<readonly Approval[]>;
  /** Throws `approval_unknown`. */
  decide(approvalId: string, decision: ApprovalDecision, reason?: string): Promise<void>;
  /** Messages that no actor took, and why; the newest last. */
  deadLetters(limit?: number): Promise<readonly DeadLetterResult[]>;
  /** Puts the dead letters of that id back into their queue; answers how many. Throws `not_found`. */
  requeueDeadLetter(id: string): Promise<number>;
  nodes(): Promise<readonly NodeResult[]>;
  config(): Promise<ConfigResult>;
  /**
   * Replaces the configuration file of the node by a whole document: TOML as text, or JSON. `hash` is that of the configuration it is based on.
   * Throws `config_invalid`, and then nothing has changed, `config_conflict`, `config_unwritable`, `forbidden`.
   */
  applyConfig(document: string | Readonly<Record<string, unknown>>, hash?: string): Promise<ConfigChangeResult>;
  /** Lays `{section: {key: value}}` over the configuration file of the node; null takes a key out of it. Throws as `applyConfig`. */
  patchConfig(changes: Readonly<Record<string, unknown>>, hash?: string): Promise<ConfigChangeResult>;
  ping(): Promise<void>;
  /** Ends all calls and watches. */
  close(): Promise<void>;
}

/** A client over any transport; `connect` makes the ones that go over a wire. */
export function createClient(transport: ClientTransport): FlockworkClient {
  // What a node answers is not parsed again: it is of the shape that the protocol says.
  const call = <M extends MethodName>(method: M, params: MethodParams<M>): Promise<MethodResults[M]> =>
    transport.call(method, params) as Promise<MethodResults[M]>;
  return {
    submit: (goal) => call('goal.submit', { ...goal, idempotencyKey: goal.idempotencyKey ?? crypto.randomUUID() }),
    get: (goalId) => call('goal.get', { goalId }),
    list: (options = {}) => call('goal.list', options),
    watch: (goalId, { signal, ...options } = {}) => transport.watch({ goalId, ...options }, { signal }),
    cancel: async (goalId, reason) => {
      await call('goal.cancel', { goalId, ...(reason === undefined ? {} : { reason }) });
    },
    resume: async (goalId, quota) => {
      await call('goal.resume', { goalId, ...(quota === undefined ? {} : { quota }) });
    },
    artifacts: (goalId) => wholeOf(artifactPages(transport, goalId)),
    artifactPages: (goalId, options) => artifactPages(transport, goalId, options),
    verify: (goalId) => call('goal.verify', { goalId }),
    replay: (goalId) => call('goal.replay', { goalId }),
    sendMessage: (goalId, text) => call('message.send', { goalId, text }),
    putBlob: (bytes) => putBlob(transport, bytes),
    getBlob: (sha256) => getBlob(transport, sha256),
    memory: (goalId, options = {}) => call('memory.list', { goalId, ...options }),
    memoryValue: (goalId, key) => call('memory.get', { goalId, key }),
    approvals: async (goalId) => (await call('approval.list', goalId === undefined ? {} : { goalId })).items,
    decide: async (id, decision, reason) => {
      await call('approval.decide', { id, decision, ...(reason === undefined ? {} : { reason }) });
    },
    deadLetters: async (limit) => (await call('dead.list', limit === undefined ? {} : { limit })).items,
    requeueDeadLetter: async (id) => (await call('dead.requeue', { id })).requeued,
    nodes: async () => (await call('node.list', {})).items,
    config: () => call('config.get', {}),
    applyConfig: (document, hash) => call('config.apply', { document, ...(hash === undefined ? {} : { hash }) }),
    patchConfig: (changes, hash) => call('config.patch', { changes, ...(hash === undefined ? {} : { hash }) }),
    ping: async () => {
      await call('ping', {});
    },
    close: () => transport.close(),
  };
}
