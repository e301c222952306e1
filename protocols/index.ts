/**
 * What is said: schemas, methods, facts, frames, subjects and errors. Imports zod only; never does I/O.
 * A client in another process, or another implementation of the protocol, needs nothing but this.
 *
 * ```ts source="./wire/frame.examples.ts#frames"
 * const cursor = formatCursor({ store: 's1', sequence: 1, index: 0 });
 * const frame = encodeFrame(rpcNotification('goal.event', { goalId: 'g1', cursor, type: 'goal.accepted' }));
 *
 * const decoder = new FrameDecoder();
 * for (const body of decoder.push(frame)) received.push(JSON.parse(new TextDecoder().decode(body)));
 * if (decoder.pending) throw new Error('the stream ended in the middle of a frame');
 * ```
 */
export { type ErrorCode, type ErrorEntry, errorCatalogue, isErrorCode } from './errors/catalogue.ts';
export { errorOf, type Failure, type FailureOptions, FlockworkError, failureOf } from './errors/error.ts';
export { type Approval, type ApprovalDecision, approval, approvalDecisions, approvalId } from './goals/approval.ts';
export {
  type Artifact,
  agentsDefault,
  agentsMax,
  artifact,
  type GoalInput,
  type GoalStatus,
  type GoalSubmission,
  type GoalUsage,
  type GoalView,
  goalInput,
  goalStatuses,
  goalSubmission,
  goalTextMax,
  isEnded,
  itemsMax,
  type Manifest,
  type ManifestFile,
  manifest,
  manifestFile,
  manifestFilesMax,
  planTasksMax,
  type Quota,
  type QuotaOptions,
  quota,
  quotaDefault,
  type StrategyName,
  type StrategyOptions,
  sha256Hex,
  stagesMax,
  strategyNames,
  strategyOptions,
  type TaskCounts,
  type TokenUsage,
  tokenUsage,
  workspacePath,
} from './goals/goal.ts';
export {
  choiceItemsMax,
  choiceTextMax,
  choiceWhyMax,
  type ReadChoice,
  readStrategyChoice,
  type StrategyChoice,
  strategyChoice,
} from './goals/strategy-choice.ts';
export {
  jsonBytes,
  type MemoryCall,
  memoryKey,
  memoryKeyCharsMax,
  memoryListKeysMax,
  memoryPrefix,
  memoryValueBytesMax,
  readSwarmCall,
  type SwarmCall,
  type SwarmToolName,
  swarmCallShape,
  swarmToolSpecs,
  tellCharsMax,
} from './goals/swarm-tools.ts';
export {
  type Allotment,
  agentActor,
  allotment,
  coordinatorActor,
  parseAgentActor,
  type TaskMessage,
  type TaskSpec,
  type ToolSpec,
  taskMessage,
  taskSpec,
  taskVersion,
  toolSpec,
} from './goals/task.ts';
export { agentEndFacts, type Fact, type FactType, factTypes, goalEndFacts, type JsonObject } from './journal/facts.ts';
export {
  appendRecordsMax,
  factBytesMax,
  formatRecord,
  type RecordBody,
  type RecordInput,
  recordBody,
  recordBytesMax,
  recordInput,
  type StoredRecord,
  splitRecord,
} from './journal/record.ts';
export { recordVersion } from './journal/version.ts';
export {
  type ActorAddress,
  deliverSubject,
  inboxSubject,
  isSubject,
  isToken,
  journalPattern,
  journalSubject,
  livePattern,
  liveSubject,
  nodeSubject,
  parseInboxSubject,
  parseJournalSubject,
  rootPattern,
  shardCount,
  shardOf,
  shardPattern,
  subjectMatches,
  taskSubject,
} from './subjects.ts';
export { type Cursor, formatCursor, parseCursor } from './wire/cursor.ts';
export { encodeFrame, FrameDecoder, frameBytesMax, streamProtocol } from './wire/frame.ts';
export {
  artifactsLimitMax,
  blobChunkBytesMax,
  configCharsMax,
  endsGoal,
  type GoalDelta,
  type GoalEvent,
  isMethodName,
  listLimitDefault,
  listLimitMax,
  type MethodName,
  type MethodParams,
  methodParams,
  protocolVersion,
} from './wire/methods.ts';
export type {
  Artifacts,
  BlobChunkResult,
  BlobPartResult,
  ConfigChangeResult,
  ConfigResult,
  ConnectionResult,
  DeadLetterResult,
  GoalPage,
  JournalProblem,
  MemoryItem,
  MemoryPage,
  MemoryValue,
  MethodResults,
  NodeResult,
  ReplayResult,
  VerifyResult,
} from './wire/results.ts';
export {
  type RpcFailure,
  type RpcId,
  type RpcMessage,
  type RpcNotification,
  type RpcRequest,
  type RpcSuccess,
  rpcFailure,
  rpcNotification,
  rpcRequest,
  rpcSuccess,
} from './wire/rpc.ts';
