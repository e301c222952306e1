import type { ToolScope } from '../../actors/ports/tools.ts';
import type { Artifact } from '../../protocols/goals/goal.ts';

/** The files of one attempt of a task. */
export interface Workspace {
  /** The folder to read from now. */
  read(): Promise<string>;
  /** The folder to change, made at the first call, and one beside it on the same file system for what is not finished. */
  write(): Promise<{ readonly tree: string; readonly scratch: string }>;
}

export interface Workspaces {
  open(scope: ToolScope): Promise<Workspace>;
  collect(scope: ToolScope): Promise<readonly Artifact[]>;
  release(scope: ToolScope): Promise<void>;
}

export interface SandboxOutcome {
  /** null when the command was ended by its bounds. */
  readonly code: number | null;
  readonly ended: 'exited' | 'timeout' | 'flood' | 'aborted';
  readonly output: Uint8Array;
}

/** Where commands run. */
export interface Sandbox {
  /** `bubblewrap`, or `none` where the configuration names that. */
  readonly kind: string;
  /** Throws `sandbox_unavailable` when the isolation cannot be had; then nothing was run. */
  run(run: { command: string; root: string; timeoutMs: number; outputBytesMax: number; signal: AbortSignal }): Promise<SandboxOutcome>;
}
