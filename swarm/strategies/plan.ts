import type { EmittedFact } from '../../actors/cell/kind.ts';
import { FlockworkError } from '../../protocols/errors/error.ts';
import type { StrategyOptions } from '../../protocols/goals/goal.ts';
import type { NewTask, Strategy, StrategyEnd } from './strategy.ts';

type PlanOptions = Extract<StrategyOptions, { type: 'plan' }>;

interface Step {
  readonly name: string;
  readonly prompt: string;
  readonly profile: string | null;
  /** The steps that it needs, by index, each once, in the order in which they were named. */
  readonly after: readonly number[];
  state: 'waiting' | 'working' | 'completed' | 'failed' | 'skipped';
  /** The task that completed it. */
  task: number | null;
}

export interface PlanState {
  readonly steps: Step[];
  readonly concurrency: number;
  readonly onFailure: 'fail' | 'partial';
  /** The task that ended the goal under `onFailure: fail`. */
  failed: number | null;
}

/**
 * Tasks that depend on each other: one starts as soon as all those it is `after` have completed, with their results as its material.
 * A task after exactly one other goes on in its workspace; every other begins with the files of the goal.
 */
export const plan: Strategy<PlanState> = {
  name: 'plan',
  speculates: () => false,
  begin({ options, agents }) {
    if (options.type !== 'plan') throw new Error(`the plan was given the options of ${options.type}`);
    return { steps: stepsOf(options), concurrency: options.concurrency ?? agents, onFailure: options.onFailure ?? 'fail', failed: null };
  },
  next(state) {
    if (state.failed !== null || state.steps.filter(({ state: now }) => now === 'working').length >= state.concurrency) return undefined;
    const number = state.steps.findIndex((step) => step.state === 'waiting' && step.after.every((before) => stepOf(state, before).state === 'completed'));
    return number < 0 ? undefined : start(state, number);
  },
  brief(state, [number = 0], goal) {
    const { name, prompt, profile, after } = stepOf(state, number);
    const names = after.map((before) => stepOf(state, before).name);
    const told = `${prompt}\n\nThis is the task ${name}, one of ${state.steps.length} of a plan for this goal: ${goal}`;
    return {
      prompt: names.length === 0 ? told : `${told}\n\nYour material is what came of ${names.join(', ')}.`,
      ...(profile === null ? {} : { profile }),
      ...(names.length === 0 ? {} : { mergeNames: names.map((before) => `result of ${before}`) }),
    };
  },
  completed(state, [number = 0], { task }) {
    const step = finish(state, number);
    step.state = 'completed';
    step.task = task;
    return [];
  },
  failed(state, [number = 0], task) {
    finish(state, number).state = 'failed';
    if (state.onFailure === 'partial') return skipAfter(state, number, task);
    state.failed ??= task;
    return [];
  },
  end,
  expected: (state) => state.steps.filter((step) => step.state !== 'skipped').length,
};

/** Throws `strategy_invalid` for a plan that is empty, names a task twice, depends on one that is not there, or goes in a circle. */
function stepsOf({ tasks }: PlanOptions): Step[] {
  if (tasks.length === 0) throw invalid('a plan needs at least one task: {"type":"plan","tasks":[{"name","prompt","after"}]}', {});
  const names = tasks.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw invalid(`two tasks of the plan are called '${twice}'; give each a name of its own`, { task: twice });
  const steps = tasks.map(({ name, prompt, after = [], profile = null }): Step => {
    const unknown = after.find((before) => !names.includes(before));
    if (unknown !== undefined)
      throw invalid(`the task '${name}' is after '${unknown}', which the plan does not have; its tasks are ${names.slice(0, 10).join(', ')}`, {
        task: name,
        after: unknown,
      });
    return { name, prompt, profile, after: [...new Set(after)].map((before) => names.indexOf(before)), state: 'waiting', task: null };
  });
  const circle = circleIn(steps);
  if (circle.length > 0) {
    throw invalid(`the tasks ${circle.join(', ')} of the plan wait for each other in a circle; let one of them start without the others`, { tasks: circle });
  }
  return steps;
}

/** The tasks that could never start, because each waits for another of them. */
function circleIn(steps: readonly Step[]): string[] {
  let left = steps.map((_, number) => number);
  for (;;) {
    // Of these, the ones that nothing else of them waits for, or that wait for none of them, are in no circle.
    const held = left.filter(
      (number) => (steps[number]?.after ?? []).some((before) => left.includes(before)) && left.some((other) => steps[other]?.after.includes(number)),
    );
    if (held.length === left.length) return held.map((number) => steps[number]?.name ?? '');
    left = held;
  }
}

function invalid(message: string, details: Readonly<Record<string, unknown>>): FlockworkError {
  return new FlockworkError('strategy_invalid', message, { details: { ...details } });
}

function stepOf(state: PlanState, number: number): Step {
  const step = state.steps[number];
  if (step === undefined) throw new Error(`the plan has no task ${number + 1}`);
  return step;
}

function start(state: PlanState, number: number): NewTask {
  const step = stepOf(state, number);
  step.state = 'working';
  const merges = step.after.flatMap((before) => stepOf(state, before).task ?? []);
  const [only] = merges;
  return {
    role: 'step',
    name: step.name,
    // The text of the inputs goes to those that begin; the others work on what came of it.
    ...(merges.length === 0 ? { part: 0 } : { merges }),
    ...(merges.length === 1 && only !== undefined ? { follows: only } : {}),
    place: [number],
  };
}

/** A step ends once. */
function finish(state: PlanState, number: number): Step {
  const step = stepOf(state, number);
  if (step.state !== 'working') throw new Error(`the task ${step.name} of the plan is not at work`);
  return step;
}

/** Leaves out whatever needs a step that has failed, by one dependency or by many. */
function skipAfter(state: PlanState, failed: number, task: number): EmittedFact[] {
  const facts: EmittedFact[] = [];
  const lost = [failed];
  for (const gone of lost) {
    for (const [number, step] of state.steps.entries()) {
      if (step.state !== 'waiting' || !step.after.includes(gone)) continue;
      step.state = 'skipped';
      lost.push(number);
      facts.push({ type: 'task.skipped', data: { name: step.name, after: stepOf(state, gone).name, failed: `t${task}` } });
    }
  }
  return facts;
}

function end(state: PlanState): StrategyEnd | undefined {
  if (state.failed !== null) return { failed: state.failed };
  if (state.steps.some((step) => step.state === 'waiting' || step.state === 'working')) return undefined;
  const completed = state.steps.filter((step) => step.state === 'completed');
  // What no completed task has built on is the result.
  const used = new Set(completed.flatMap(({ after }) => after));
  const joined = state.steps.flatMap((step, number) => (step.state === 'completed' && step.task !== null && !used.has(number) ? [step.task] : []));
  const [only] = joined;
  if (only === undefined) return { failed: -1 };
  const partial = state.steps.length - completed.length;
  return joined.length === 1 ? { result: only, partial } : { joined, partial };
}
