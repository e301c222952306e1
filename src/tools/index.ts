/**
 * The tool gate and the built-in tools. Every call passes schema, permission, policy, bounds, leak scan and truncation, in this order.
 * Nothing here knows where workspaces live, how a command is isolated or how a diff is read: the node passes those in (`needs.ts`).
 */
export { defineTool, type Tool, type ToolContext, type ToolDefinition, type ToolOutput } from './define-tool.ts';
export { createTools, type ToolGate } from './gate.ts';
export { createLeakScan } from './leak-scan.ts';
export type { Sandbox, Workspace } from './needs.ts';
