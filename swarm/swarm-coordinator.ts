import { FlockworkError } from '../protocols/errors/error.ts';
import type { GoalInput, GoalSubmission, GoalUsage, GoalView, QuotaOptions, StrategyName, StrategyOptions } from '../protocols/goals/goal.ts';

/** What a swarm coordinator asks of a client. The client of every transport has more. */
export interface SwarmClient {
  submit(goal: GoalSubmission): Promise<{ readonly id: string }>;
  get(goalId: string): Promise<GoalView>;
  /** The facts of a goal up to its end. */
  watch(goalId: string, options?: { readonly signal?: AbortSignal }): AsyncIterable<unknown>;
  cancel(goalId: string, reason?: string): Promise<void>;
}

/** What a swarm coordinator asks of a node. */
export interface SwarmNode {
  client(): SwarmClient;
}

/** A strategy by its name as constants are written. */
export type SwarmStrategyName = 'SINGLE' | 'MAP_REDUCE' | 'PIPELINE' | 'CONSENSUS' | 'PLAN' | 'AUTO';

export interface SwarmCoordinatorOptions {
  readonly goal: string;
  /** A name, or the strategy with its options. PIPELINE needs `stages` beside it, PLAN `tasks`. AUTO lets the model choose; absent, the inputs do. */
  readonly strategy?: SwarmStrategyName | StrategyOptions;
  /** Agents at work at once; in CONSENSUS the proposers. Default: the node's. */
  readonly agents?: number;
  readonly stages?: Extract<StrategyOptions, { type: 'pipeline' }>['stages'];
  readonly tasks?: Extract<StrategyOptions, { type: 'plan' }>['tasks'];
  readonly inputs?: readonly GoalInput[];
  readonly profile?: string;
  /** provider/name */
  readonly model?: string;
  readonly quota?: QuotaOptions;
}

/** How a goal came out. A goal that failed or was cancelled is an outcome, no exception. */
export interface SwarmOutcome {
  readonly id: string;
  readonly status: GoalView['status'];
  /** Empty unless the goal is completed. */
  readonly result: string;
  readonly usage: GoalUsage;
  readonly error?: GoalView['error'];
}

const names: Readonly<Record<SwarmStrategyName, StrategyName>> = {
  SINGLE: 'single',
  MAP_REDUCE: 'map-reduce',
  PIPELINE: 'pipeline',
  CONSENSUS: 'consensus',
  PLAN: 'plan',
  AUTO: 'auto',
};

/** One goal for a swarm, as an object: made with what it is about, executed once. */
export class SwarmCoordinator {
  readonly #node: SwarmNode;
  readonly #options: SwarmCoordinatorOptions;
  #executing: Promise<SwarmOutcome> | undefined;

  /** Throws `strategy_unknown`, and `strategy_invalid` for a pipeline without stages or a plan without tasks. */
  constructor(node: SwarmNode, options: SwarmCoordinatorOptions) {
    strategyOf(options);
    this.#node = node;
    this.#options = options;
  }

  /**
   * Submits the goal and waits for its end; a second call waits for the same goal. Aborting the signal cancels the goal.
   * Throws what submitting throws (`invalid_request`, `strategy_invalid`, `profile_unknown` …), and `connection_lost`.
   */
  execute(options: { readonly signal?: AbortSignal } = {}): Promise<SwarmOutcome> {
    this.#executing ??= this.#execute(options.signal);
    return this.#executing;
  }

  async #execute(signal: AbortSignal | undefined): Promise<SwarmOutcome> {
    const client = this.#node.client();
    const { id } = await client.submit(submissionOf(this.#options));
    const cancel = (): void => {
      // A goal that has just ended needs no cancel; the outcome below tells.
      client.cancel(id, 'cancelled by its coordinator').catch(() => undefined);
    };
    signal?.addEventListener('abort', cancel, { once: true });
    if (signal?.aborted === true) cancel();
    try {
      // The watch ends with the goal; what happens on the way is for watchers.
      const facts = client.watch(id)[Symbol.asyncIterator]();
      while ((await facts.next()).done !== true);
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
    const { status, result = '', usage, error } = await client.get(id);
    return { id, status, result, usage, ...(error === undefined ? {} : { error }) };
  }
}

function submissionOf(options: SwarmCoordinatorOptions): GoalSubmission {
  const { goal, agents, inputs, profile, model, quota } = options;
  const strategy = strategyOf(options);
  return {
    goal,
    ...(strategy === undefined ? {} : { strategy }),
    ...(agents === undefined ? {} : { agents }),
    ...(inputs === undefined ? {} : { inputs: [...inputs] }),
    ...(profile === undefined ? {} : { profile }),
    ...(model === undefined ? {} : { model }),
    ...(quota === undefined ? {} : { quota }),
  };
}

function strategyOf({ strategy, stages, tasks }: SwarmCoordinatorOptions): StrategyName | StrategyOptions | undefined {
  if (strategy === undefined || typeof strategy === 'object') return strategy;
  if (!Object.hasOwn(names, strategy)) {
    throw new FlockworkError('strategy_unknown', `there is no strategy '${String(strategy)}'; use one of ${Object.keys(names).join(', ')}`, {
      details: { strategy },
    });
  }
  const type = names[strategy];
  if (type === 'plan') {
    if (tasks === undefined || tasks.length === 0)
      throw new FlockworkError('strategy_invalid', 'PLAN needs its tasks: tasks: [{ name, prompt, after }]', { details: { strategy } });
    return { type, tasks };
  }
  if (type !== 'pipeline') return type;
  if (stages === undefined || stages.length === 0)
    throw new FlockworkError('strategy_invalid', 'PIPELINE needs its stages: stages: [{ name, prompt }]', { details: { strategy } });
  return { type, stages };
}
