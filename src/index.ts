/** Flockwork's public API: start a node in your own process, give it tools of your own, and submit goals through its client. */

export { FlockworkError } from '../protocols/errors/error.ts';
export type { GoalSubmission, GoalView } from '../protocols/goals/goal.ts';
export { SwarmCoordinator } from '../swarm/swarm-coordinator.ts';
export { type ConfigSources, type LoadedConfig, loadConfig } from './config/index.ts';
export { type FlockworkNode, type NodeOptions, type NodeParts, startNode, version } from './node/index.ts';
export { defineTool, type Tool, type ToolContext, type ToolDefinition, type ToolOutput } from './tools/index.ts';
