import type { NewTask, Strategy } from './strategy.ts';

/** Items that may wait between two stages unless the goal says otherwise. */
export const queueItemsMaxDefault = 16;

interface Stage {
  readonly name: string;
  readonly prompt: string;
  readonly profile: string | null;
  /** Items of this stage at work at once. */
  readonly concurrency: number;
  readonly onFailure: 'fail' | 'skip';
  /** Items that wait for this stage; always empty for the first, whose items wait in the plan. */
  readonly queue: number[];
  working: number;
}

/** Where an item stands. */
interface Item {
  stage: number;
  working: boolean;
  skipped: boolean;
  /** The task that it came through last. */
  task: number | null;
}

export interface PipelineState {
  readonly stages: Stage[];
  readonly queueItemsMax: number;
  readonly parts: number;
  /** The items that have begun; the next part that begins is the one after the last of them. */
  readonly items: Item[];
  ended: number;
  skipped: number;
  /** The task that ended the goal under `onFailure: fail`. */
  failed: number | null;
}

/**
 * Each part of the plan is an item that goes through the stages in order, on to the next as soon as it is finished. A stage starts an item
 * only when the queue behind it has room for one more, so that a slow stage holds up those before it and no queue grows above `queueItemsMax`.
 */
export const pipeline: Strategy<PipelineState> = {
  name: 'pipeline',
  speculates: () => false,
  begin({ options, parts, agents }) {
    if (options.type !== 'pipeline') throw new Error(`the pipeline was given the options of ${options.type}`);
    const stages = options.stages.map(({ name, prompt, profile = null, concurrency = agents, onFailure = 'fail' }) => ({
      name,
      prompt,
      profile,
      concurrency,
      onFailure,
      queue: [],
      working: 0,
    }));
    return { stages, queueItemsMax: options.queueItemsMax ?? queueItemsMaxDefault, parts, items: [], ended: 0, skipped: 0, failed: null };
  },
  next(state) {
    if (state.failed !== null) return undefined;
    // The stages nearest to the end first: they make room for the others.
    for (let at = state.stages.length - 1; at >= 0; at -= 1) {
      const stage = stageOf(state, at);
      const after = state.stages[at + 1];
      if (stage.working >= stage.concurrency) continue;
      if (after !== undefined && after.queue.length + stage.working >= state.queueItemsMax) continue;
      const item = at === 0 ? nextPart(state) : stage.queue.shift();
      if (item === undefined) continue;
      return start(state, at, item);
    }
    return undefined;
  },
  brief(state, [at = 0], goal) {
    const { name, prompt, profile } = stageOf(state, at);
    const told = `${prompt}\n\nThis is stage ${at + 1} of ${state.stages.length} (${name}) of a pipeline for this goal: ${goal}`;
    const before = state.stages[at - 1];
    return {
      prompt: before === undefined ? told : `${told}\n\nYour material is the result of stage ${at} (${before.name}).`,
      ...(profile === null ? {} : { profile }),
      ...(before === undefined ? {} : { mergeNames: [`result of ${before.name}`] }),
    };
  },
  completed(state, [at = 0, number = 0], { task }) {
    const item = finish(state, at, number);
    item.task = task;
    const after = state.stages[at + 1];
    if (after === undefined) {
      state.ended += 1;
      item.stage = state.stages.length;
    } else {
      item.stage = at + 1;
      after.queue.push(number);
    }
    return [];
  },
  failed(state, [at = 0, number = 0], task) {
    const item = finish(state, at, number);
    item.skipped = true;
    if (stageOf(state, at).onFailure === 'fail') {
      state.failed ??= task;
      return [];
    }
    state.skipped += 1;
    state.ended += 1;
    return [];
  },
  end(state) {
    if (state.failed !== null) return { failed: state.failed };
    if (state.ended < state.parts) return undefined;
    const joined = state.items.flatMap(({ task, skipped }) => (task === null || skipped ? [] : [task]));
    const [only] = joined;
    if (only === undefined) return { failed: -1 };
    return joined.length === 1 ? { result: only, partial: state.skipped } : { joined, partial: state.skipped };
  },
  // What an item changed that was left out is left out too.
  contributes: (state, _task, [, number = 0]) => !itemOf(state, number).skipped,
  expected: (state) => state.parts * state.stages.length,
};

function stageOf(state: PipelineState, at: number): Stage {
  const stage = state.stages[at];
  if (stage === undefined) throw new Error(`the pipeline has no stage ${at}`);
  return stage;
}

function nextPart(state: PipelineState): number | undefined {
  if (state.items.length >= state.parts) return undefined;
  state.items.push({ stage: 0, working: false, skipped: false, task: null });
  return state.items.length - 1;
}

function start(state: PipelineState, at: number, number: number): NewTask {
  const item = itemOf(state, number);
  item.working = true;
  const stage = stageOf(state, at);
  stage.working += 1;
  const before = item.task === null ? {} : { merges: [item.task], follows: item.task };
  return { role: 'stage', name: `item ${number + 1}: ${stage.name}`, part: number, ...before, place: [at, number] };
}

/** An item is handed over once: it must be at work in this very stage. */
function finish(state: PipelineState, at: number, number: number): Item {
  const item = itemOf(state, number);
  if (item.stage !== at || !item.working) throw new Error(`item ${number + 1} is not at work in stage ${at}`);
  item.working = false;
  stageOf(state, at).working -= 1;
  return item;
}

function itemOf(state: PipelineState, number: number): Item {
  const item = state.items[number];
  if (item === undefined) throw new Error(`the pipeline has no item ${number + 1}`);
  return item;
}
