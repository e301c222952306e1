/** The composition root: the one place that knows every module of src/ and puts a node together. Decides nothing itself. */
export { applyArtifacts, type SkippedEntry, type Snapshot, snapshotFolder } from '../workspace/index.ts';
export type { EndpointsFile } from './endpoints-file.ts';
export { createNodeLog } from './log.ts';
export { modelFor, probeModelOf } from './model-choice.ts';
export { natsPermissions } from './nats-permissions.ts';
export { rebuildIndex } from './rebuild-index.ts';
export { type FlockworkNode, type NodeOptions, type NodeParts, startNode } from './start-node.ts';
export { version } from './version.ts';
