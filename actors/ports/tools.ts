import type { Artifact, Manifest } from '../../protocols/goals/goal.ts';

/** Where a tool runs: one attempt of one task. */
export interface ToolScope {
  readonly tenant: string;
  readonly root: string;
  readonly task: string;
  readonly attempt: number;
  /** The files the task began with; undefined = none. */
  readonly manifest?: Manifest | { readonly blob: string };
}

export interface ToolCall {
  readonly scope: ToolScope;
  /** Tool name with dots. */
  readonly name: string;
  readonly input: unknown;
  /** The tools that the profile allows. */
  readonly permitted: readonly string[];
  /** The idempotency key: `<stream>:<asked>`. */
  readonly key: string;
  /** What the agent calls it in its facts: `c1.0`. */
  readonly ref?: string;
}

/** What the model is told. `text` is already scanned for secrets and cut to its bound. */
export interface ToolAnswer {
  readonly text: string;
  readonly truncated: boolean;
}

/** The tool gate: every tool of every agent runs through it. Failures are `tool_*`, `path_not_allowed`, `sandbox_unavailable`, … or `aborted`. */
export interface Tools {
  run(call: ToolCall, options: { signal: AbortSignal }): Promise<ToolAnswer>;
  /** What changed in the workspace since the task began, with the new bytes stored as blobs. */
  collect(scope: ToolScope): Promise<readonly Artifact[]>;
  /** The attempt is over: its workspace may be removed. */
  release(scope: ToolScope): Promise<void>;
}
