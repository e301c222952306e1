/** Clients of a node, for Node.js and browsers. Imports protocols/ only; reads no file and no environment. */
export { createClient, type FlockworkClient } from './client.ts';
export { type ConnectOptions, connect } from './connect.ts';
export { type ClientIdentity, createIdentity } from './quic/identity.ts';
export type {
  Artifacts,
  BlobChunkResult,
  BlobPartResult,
  ConfigResult,
  ConnectionResult,
  DeadLetterResult,
  GoalPage,
  JournalProblem,
  NodeResult,
  ReplayResult,
  VerifyResult,
} from './results.ts';
export { type ClientLimits, type ClientTransport, clientLimits, endsGoal, type WatchItem, type WatchParams } from './transport.ts';
