import type { GoalView } from '../../../protocols/goals/goal.ts';

export interface TopNode {
  readonly id: string;
  readonly roles: readonly string[];
  readonly shards: number;
  readonly goals: number;
  readonly agents: number;
  readonly startedAt: string;
}

export interface TopAgent {
  readonly goal: string;
  readonly agent: string;
  readonly state: string;
  /** Records of its journal. */
  readonly seq: number;
  readonly mailbox: number;
  readonly restarts: number;
  /** When it entered its state, in milliseconds since 1970. */
  readonly since: number;
}

export interface TopQueue {
  readonly queue: string;
  readonly topic: string;
  readonly waiting: number;
  readonly claimed: number;
}

/** What the view shows of one moment. */
export interface TopState {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly address: string;
  readonly nodes: readonly TopNode[];
  /** Those at work first. */
  readonly goals: readonly GoalView[];
  readonly approvals: number;
  /** Of the node that is asked; undefined where its feed cannot be had. */
  readonly agents: readonly TopAgent[] | undefined;
  readonly queues: readonly TopQueue[] | undefined;
  /** Records that the node asked has appended each second; undefined until it is known. */
  readonly recordsPerSecond: number | undefined;
  /** Why something is missing, one line. */
  readonly missing: string | undefined;
}
