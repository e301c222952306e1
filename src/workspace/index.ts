/**
 * Files that travel: the client's folder becomes a manifest of blobs, a manifest becomes the workspace of a task, and what
 * the task changed becomes artifacts, a patch, and files again. Nothing here ever opens the user's folder for writing but `applyArtifacts`.
 */
export { applyArtifacts } from './apply.ts';
export { createPatcher } from './patch.ts';
export { patchOf } from './patch-of.ts';
export { type SkippedEntry, type Snapshot, snapshotFolder } from './snapshot.ts';
export { createWorkspaces } from './workspaces.ts';
