import type { StrategyOptions } from '../../protocols/goals/goal.ts';
import type { Fact } from '../../protocols/journal/facts.ts';
import type { GoalScenario } from './goal-scenario.ts';
import { Violation } from './world.ts';

/** Answers that a model may give before the rules choose. */
const triesMax = 2;

function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Violation(what);
}

/** Looks at how the strategy was chosen; answers the scenario as if that had been asked for, undefined while nothing was chosen. */
export function checkChoice(scenario: GoalScenario, facts: readonly Fact[]): GoalScenario | undefined {
  const asked = new Set<string>();
  const answers: string[] = [];
  let refused = false;
  let chosen: Fact['data'] | undefined;
  for (const { type, data } of facts) {
    const task = String(data['task']);
    if (type === 'task.created' && data['role'] === 'plan') {
      must(chosen === undefined, 'a choice is asked for after it was made');
      asked.add(task);
      must(asked.size <= triesMax, `a choice is asked for ${asked.size} times`);
    } else if (type === 'task.created') must(chosen !== undefined, `${task} is made before a strategy was chosen`);
    if (type === 'task.completed' && asked.has(task)) answers.push(String(data['result']));
    if (type === 'task.failed' && data['final'] === true && asked.has(task)) refused = true;
    if (type !== 'strategy.chosen') continue;
    must(chosen === undefined, 'a strategy is chosen twice');
    chosen = data;
  }
  if (chosen === undefined) return undefined;
  const options = chosen['options'] as StrategyOptions;
  if (chosen['by'] === 'model')
    must((answers.at(-1) ?? '').includes(`"strategy":"${options.type}"`), `the model answered ${answers.at(-1)}, not ${options.type}`);
  else must(options.type === 'single' && (refused || answers.length === triesMax), 'the rules choose though the model was not asked often enough');
  if (options.type === 'auto') throw new Violation('auto is chosen by auto');
  return { ...scenario, kind: options.type, items: Number(chosen['items'] ?? 1), submission: { ...scenario.submission, strategy: options } };
}
