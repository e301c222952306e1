/** One task as a strategy makes it; the coordinator gives it an id and a place in the window. */
export interface NewTask {
  /** What the task is for: single, map, reduce … */
  readonly role: string;
  /** What people read: a part's name, or which results are merged. */
  readonly name: string;
  /** Index of the part of the plan that it works on. */
  readonly part?: number;
  /** Indices of the tasks whose results are its material. */
  readonly merges?: readonly number[];
  /** Where it stands in the strategy's own structure; handed back when the task ends. Plain JSON. */
  readonly place: readonly number[];
}

/** What a strategy says once nothing is left to do. */
export type StrategyEnd = { readonly result: number; readonly partial: number } | { readonly failed: number };

/**
 * A strategy splits a goal into tasks and says when it is done. Pure: its state is plain JSON in the coordinator's table.
 * The coordinator pulls: it calls `next` whenever its window has room, and tells each task's end once.
 */
export interface Strategy<State = unknown> {
  readonly name: string;
  begin(options: StrategyStart): State;
  /** The next task that may start now; undefined when none may until another ends. */
  next(state: State): NewTask | undefined;
  /** The task at `place` completed as task number `task`. */
  completed(state: State, place: readonly number[], task: number): void;
  /** The task at `place` failed for good. */
  failed(state: State, place: readonly number[], task: number): void;
  /** Undefined while work is left. `result` is the task whose result is the goal's; `partial` counts what is missing from it. */
  end(state: State): StrategyEnd | undefined;
  /** How many tasks it will make in all, as far as it knows; the ledger shares the budget by it. */
  expected(state: State): number;
}

export interface StrategyStart {
  readonly parts: number;
  readonly fanIn: number;
  readonly onFailure: 'fail' | 'partial';
}
