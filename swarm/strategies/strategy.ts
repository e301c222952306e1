import type { EmittedFact } from '../../actors/cell/kind.ts';
import type { StrategyOptions } from '../../protocols/goals/goal.ts';

/** The options of a strategy that makes the tasks of a goal; `auto` runs one of these once it has chosen. */
export type ChosenStrategy = Exclude<StrategyOptions, { type: 'auto' }>;

/** One task as a strategy makes it; the coordinator gives it an id and a place in the window. */
export interface NewTask {
  /** What the task is for: single, map, reduce, stage, propose, vote, decide, step, plan. */
  readonly role: string;
  /** What people read: which results are merged, whose ballot it is; absent = what its part holds. */
  readonly name?: string;
  /** Index of the part of the plan that it works on. */
  readonly part?: number;
  /** Indices of the tasks whose results are its material. */
  readonly merges?: readonly number[];
  /** The task whose workspace it goes on with, changes and all. */
  readonly follows?: number;
  /** Where it stands in the strategy's own structure; handed back when the task ends. Plain JSON. */
  readonly place: readonly number[];
}

/** What a task is told beside the goal: only what its place and the strategy's state say, so that a repeated push says the same. */
export interface TaskBrief {
  /** Instead of the prompt of its role. */
  readonly prompt?: string;
  /** The profile to run with, by name; absent = the goal's. */
  readonly profile?: string;
  /** The names under which the results in `merges` are shown, in their order. */
  readonly mergeNames?: readonly string[];
  /** More material, after those results. */
  readonly material?: readonly { readonly name: string; readonly text: string }[];
}

/** How a task came out, as its strategy is told. */
export interface TaskOutcome {
  /** The number of the task. */
  readonly task: number;
  /** The result; of a long one only its beginning. */
  readonly text: string;
}

/** What a strategy says once nothing is left to do. `partial` counts what is missing from the result. */
export type StrategyEnd =
  /** The result of this task is the goal's. */
  | { readonly result: number; readonly partial: number }
  /** The results of these tasks are, one after the other, each under the name of its task. */
  | { readonly joined: readonly number[]; readonly partial: number }
  /** This task failed for good; -1 = every task did. */
  | { readonly failed: number }
  /** The goal fails for a reason of the strategy's own. */
  | { readonly refused: { readonly code: string; readonly message: string } };

/**
 * A strategy splits a goal into tasks and says when it is done. Pure: its state is plain JSON in the coordinator's table.
 * The coordinator pulls: it calls `next` whenever its window has room, and tells each task's end once. What a strategy decided
 * on an end (a ballot, a quorum, a leader) it answers as facts.
 */
export interface Strategy<State = unknown> {
  readonly name: string;
  /** How long one task may take until it has failed for good; absent or undefined = as long as the goal may. Milliseconds. */
  taskMsMax?(state: State): number | undefined;
  /** True: a task that takes much longer than the others is tried a second time beside the first. */
  speculates(state: State): boolean;
  /** Throws `strategy_invalid` for options that cannot work. Runs before the goal is accepted, and again when it starts. */
  begin(start: StrategyStart): State;
  /** The next task that may start now; undefined when none may until another ends. */
  next(state: State): NewTask | undefined;
  /** What the task at `place` is told; absent = the prompt of its role. */
  brief?(state: State, place: readonly number[], goal: string): TaskBrief;
  /** The task at `place` completed. */
  completed(state: State, place: readonly number[], outcome: TaskOutcome): readonly EmittedFact[];
  /** The task at `place` failed for good. */
  failed(state: State, place: readonly number[], task: number): readonly EmittedFact[];
  /** False when what a task changed in its workspace is no part of the goal's outcome; absent = all of it is. */
  contributes?(state: State, task: number, place: readonly number[]): boolean;
  /** Undefined while work is left. */
  end(state: State): StrategyEnd | undefined;
  /** How many tasks it will make in all, as far as it knows; the ledger shares the budget by it. */
  expected(state: State): number;
}

export interface StrategyStart {
  readonly options: StrategyOptions;
  /** Parts of the plan. */
  readonly parts: number;
  /** Agents at work at once; in consensus the proposers. */
  readonly agents: number;
  /** Files of the workspace. */
  readonly files?: number;
  /** The fan-in of a map-reduce that names none. */
  readonly fanIn?: number;
}
