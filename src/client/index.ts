/** Clients of a node, for Node.js and browsers. Imports protocols/ only; reads no file and no environment. */
export { endsGoal } from '../../protocols/wire/methods.ts';
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
  NodeResult,
  ReplayResult,
  VerifyResult,
} from '../../protocols/wire/results.ts';
export { createClient, type FlockworkClient } from './client.ts';
export { type ConnectOptions, connect } from './connect.ts';
export { type ClientIdentity, createIdentity } from './quic/identity.ts';
export { type ClientLimits, type ClientTransport, clientLimits, type WatchItem, type WatchParams } from './transport.ts';
