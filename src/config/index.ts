/**
 * The configuration: one strict schema, read from flags, environment, file and defaults in that order, with the origin
 * of every value. Holds references to secrets; what they point at is handed out apart and never shown.
 */
export {
  type ConfigChange,
  changedKeys,
  isLive,
  type PreparedChange,
  prepareChange,
  withLiveKeys,
  writeConfigFile,
} from './change.ts';
export { exampleFile } from './document.ts';
export { bothChanges } from './edit.ts';
export type { Environment } from './environment.ts';
export { type ConfigSources, type ConfigView, type LoadedConfig, loadConfig } from './load.ts';
export { nearest } from './nearest.ts';
export { type ConfigFlag, leavesOf } from './origin.ts';
export { type Config, type NodeRole, nodeRoles } from './schema.ts';
export { parseToml } from './toml.ts';
