import type { Artifact } from '../../protocols/goals/goal.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { strategyOf } from '../strategies/index.ts';
import type { GoalAccept } from './coordinator.inputs.ts';
import type { LastAnswer, SharedMemory } from './coordinator.shared.ts';

/** One task, in the order of making; its id is `t<index>`. */
export interface TaskRow {
  readonly role: string;
  readonly name: string;
  readonly part: number | null;
  readonly merges: readonly number[];
  /** The task whose workspace it goes on with. */
  readonly follows: number | null;
  readonly place: readonly number[];
  state: 'waiting' | 'running' | 'completed' | 'failed';
  /** Attempts made; the newest has this number. */
  attempts: number;
  /** Attempts that have not ended. */
  open: number[];
  /** When the newest attempt was pushed. Milliseconds since 1970. */
  pushedAt: number;
  result: string | null;
  blob: string | null;
  /** What it changed in its workspace; many changes as a blob. */
  artifacts: readonly Artifact[];
  artifactsBlob: string | null;
}

/** The table of a coordinator. Plain JSON, updated in place by the reducer. */
export interface CoordinatorTable {
  accept: GoalAccept | null;
  /** The strategy's own state. */
  plan: unknown;
  tasks: TaskRow[];
  /** Tasks that wait for another try, by index. */
  retries: number[];
  /** Attempts at work. */
  running: number;
  completed: number;
  failed: number;
  ledger: Ledger | null;
  /** How long completed attempts took, the newest `durationsMax`. Milliseconds. */
  durations: number[];
  stragglerArmed: boolean;
  startedAt: number;
  /** Files that tasks changed, each counted by each. */
  changed: number;
  /** The results of the last tasks are being put together. */
  joining: boolean;
  joinTries: number;
  sends: number;
  /** The quota that the goal is paused by. */
  pausedBy: string | null;
  /** The quota that the last refused ask ran into; null when none was refused since the goal began or was resumed. */
  refusedBy: string | null;
  /** Attempts that were told to stop because time was up, by name. */
  stopped: string[];
  /** What the agents share; absent until one of them asks for it. */
  memory?: SharedMemory;
  /** By attempt: what may be asked for again. */
  answers?: Record<string, LastAnswer>;
  /** Messages between agents. */
  told?: number;
}

export function emptyCoordinatorTable(): CoordinatorTable {
  return {
    accept: null,
    plan: null,
    tasks: [],
    retries: [],
    running: 0,
    completed: 0,
    failed: 0,
    ledger: null,
    durations: [],
    stragglerArmed: false,
    startedAt: 0,
    changed: 0,
    joining: false,
    joinTries: 0,
    sends: 0,
    pausedBy: null,
    refusedBy: null,
    stopped: [],
  };
}

/** The goal as accepted. */
export function acceptOf(table: CoordinatorTable): GoalAccept {
  if (table.accept === null) throw new Error('a coordinator has no goal before goal.accept');
  return table.accept;
}

export function ledgerOf(table: CoordinatorTable): Ledger {
  if (table.ledger === null) throw new Error('a coordinator has no ledger before goal.accept');
  return table.ledger;
}

export function taskOf(table: CoordinatorTable, index: number): TaskRow {
  const task = table.tasks[index];
  if (task === undefined) throw new Error(`the goal has no task t${index}`);
  return task;
}

/** True when what the task changed belongs to the goal: of several proposals only the chosen one's does. */
export function contributes(table: CoordinatorTable, index: number): boolean {
  const strategy = strategyOf(acceptOf(table).strategy.type);
  return strategy.contributes === undefined || table.plan === null || strategy.contributes(table.plan, index, taskOf(table, index).place);
}

/** `t12` → 12. */
export function taskIndex(task: string): number {
  return Number(task.slice(1));
}

/** The name of an attempt within its goal, and the ref of its push: `t3-1`. */
export function attemptRef(index: number, attempt: number): string {
  return `t${index}-${attempt}`;
}
