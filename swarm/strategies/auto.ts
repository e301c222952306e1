import type { EmittedFact } from '../../actors/cell/kind.ts';
import { failureOf } from '../../protocols/errors/error.ts';
import { readStrategyChoice } from '../../protocols/goals/strategy-choice.ts';
import { taskPrompt } from '../goals/prompts.ts';
import { choosePrompt, repairPrompt } from './auto-prompts.ts';
import { chooseStrategy } from './choose.ts';
import { labelOfText } from './label.ts';
import type { ChosenStrategy, NewTask, Strategy, TaskBrief } from './strategy.ts';

/** How often a choice that cannot be used is asked for again. */
export const choiceRepairsMax = 1;

/** Where a task stands: `choice` and the try, or `inner`, the item (-1 for none) and the place in the chosen strategy. */
const choice = 0;
const inner = 1;

interface Chosen {
  readonly options: ChosenStrategy;
  readonly state: unknown;
  /** The parts that the model named; empty = those of the inputs. */
  readonly items: readonly string[];
}

export interface AutoState {
  readonly agents: number;
  readonly parts: number;
  readonly files: number;
  readonly fanIn: number | null;
  phase: 'ask' | 'asked' | 'chosen';
  /** The tasks that were asked to choose. */
  readonly tries: number[];
  /** Why the last choice could not be used. */
  trouble: string | null;
  chosen: Chosen | null;
}

/**
 * Lets a model choose: a first task of the role `plan` answers with a strategy and its options, and everything after is that strategy's.
 * An answer that cannot be used is asked for once more, with what is wrong; then the rules choose, and say so.
 */
export function autoOver(strategyOf: (name: ChosenStrategy['type']) => Strategy): Strategy<AutoState> {
  const chosenOf = (state: AutoState): Chosen & { readonly strategy: Strategy } => {
    if (state.chosen === null) throw new Error('no strategy has been chosen');
    return { ...state.chosen, strategy: strategyOf(state.chosen.options.type) };
  };

  const take = (state: AutoState, options: ChosenStrategy, items: readonly string[], why: string, by: 'model' | 'rules'): EmittedFact => {
    const { agents, files, fanIn } = state;
    const parts = items.length > 0 ? items.length : state.parts;
    const begun = strategyOf(options.type).begin({ options, parts, agents, files, ...(fanIn === null ? {} : { fanIn }) });
    state.chosen = { options, items, state: begun };
    state.phase = 'chosen';
    return { type: 'strategy.chosen', data: { strategy: options.type, options, ...(items.length === 0 ? {} : { items: items.length }), why, by } };
  };

  const byRules = (state: AutoState, trouble: string): EmittedFact => {
    const { strategy, why } = chooseStrategy(undefined, { parts: state.parts, files: state.files, items: 0 });
    return take(state, strategy, [], `${why}; the model was asked, but ${trouble}`, 'rules');
  };

  const tryAgain = (state: AutoState, trouble: string): EmittedFact[] => {
    if (state.tries.length > choiceRepairsMax) return [byRules(state, `its answers could not be used: ${trouble}`)];
    state.trouble = trouble;
    state.phase = 'ask';
    return [];
  };

  return {
    name: 'auto',
    speculates: (state) => state.chosen !== null && chosenOf(state).strategy.speculates(state.chosen.state),
    taskMsMax(state) {
      if (state.chosen === null) return undefined;
      const { strategy, state: now } = chosenOf(state);
      return strategy.taskMsMax?.(now);
    },
    begin: ({ agents, parts, files = 0, fanIn = null }) => ({ agents, parts, files, fanIn, phase: 'ask', tries: [], trouble: null, chosen: null }),
    next(state) {
      if (state.phase === 'asked') return undefined;
      if (state.phase === 'chosen') {
        const { strategy, items, state: now } = chosenOf(state);
        const task = strategy.next(now);
        return task === undefined ? undefined : innerTask(task, items);
      }
      state.phase = 'asked';
      const before = state.tries.at(-1);
      const name = before === undefined ? 'choice of a strategy' : 'choice of a strategy, once more';
      return { role: 'plan', name, part: 0, ...(before === undefined ? {} : { merges: [before] }), place: [choice, state.tries.length] };
    },
    brief(state, [kind, item = -1, ...place], goal) {
      if (kind === choice) {
        const asked = choosePrompt(goal, state.agents, state.files);
        return item === 0 || state.trouble === null ? { prompt: asked } : { prompt: repairPrompt(asked, state.trouble), mergeNames: ['your answer before'] };
      }
      const { strategy, items, state: now } = chosenOf(state);
      return withItem(strategy.brief?.(now, place, goal) ?? {}, goal, items[item]);
    },
    completed(state, [kind, _item, ...place], { task, text }) {
      if (kind === inner) return chosenOf(state).strategy.completed(chosenOf(state).state, place, { task, text });
      state.tries.push(task);
      const read = readStrategyChoice(text);
      if ('trouble' in read) return tryAgain(state, read.trouble);
      try {
        return [take(state, read.options, read.items, read.why, 'model')];
      } catch (error) {
        // Options that contradict each other are the model's doing; anything else is a defect.
        if (failureOf(error).code !== 'strategy_invalid') throw error;
        return tryAgain(state, failureOf(error).message);
      }
    },
    failed(state, [kind, _item, ...place], task) {
      if (kind === inner) return chosenOf(state).strategy.failed(chosenOf(state).state, place, task);
      return [byRules(state, `task t${task}, which should choose, failed`)];
    },
    contributes(state, task, [kind, _item, ...place]) {
      if (kind !== inner) return false;
      const { strategy, state: now } = chosenOf(state);
      return strategy.contributes === undefined || strategy.contributes(now, task, place);
    },
    end: (state) => (state.chosen === null ? undefined : chosenOf(state).strategy.end(state.chosen.state)),
    // Before the choice nobody knows: both tries, and one task for each agent.
    expected(state) {
      if (state.chosen === null) return 1 + choiceRepairsMax + state.agents;
      return state.tries.length + chosenOf(state).strategy.expected(state.chosen.state);
    },
  };
}

/** A task of the chosen strategy. The parts of the model are no parts of the inputs: what they are is told in the brief. */
function innerTask(task: NewTask, items: readonly string[]): NewTask {
  const { part } = task;
  if (part === undefined || items.length === 0) return { ...task, place: [inner, -1, ...task.place] };
  // What comes from another task is what that task made of the item.
  const item = task.merges === undefined ? part : -1;
  return { ...task, name: task.name ?? labelOfText(items[part] ?? ''), part: 0, place: [inner, item, ...task.place] };
}

function withItem(brief: TaskBrief, goal: string, item: string | undefined): TaskBrief {
  if (item === undefined) return brief;
  return {
    ...brief,
    prompt: brief.prompt ?? taskPrompt('map', goal, labelOfText(item)),
    material: [{ name: 'your part', text: item }, ...(brief.material ?? [])],
  };
}
