import type { Fact } from '../../protocols/journal/facts.ts';
import type { GoalScenario } from './goal-scenario.ts';
import { Violation } from './world.ts';

function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Violation(what);
}

/** Follows every task of a plan by the facts alone: none begins too early, none that lost what it needs, and what comes out was built from all below it. */
export function checkPlan({ submission }: GoalScenario, facts: readonly Fact[], result: string | undefined): void {
  const { strategy, agents = 3 } = submission;
  if (typeof strategy !== 'object' || strategy.type !== 'plan') throw new Error('a plan without its options');
  const after = new Map(strategy.tasks.map((task) => [task.name, task.after ?? []]));
  const names = new Map<string, string>();
  const completed = new Set<string>();
  const failed = new Set<string>();
  const told = new Set<string>();
  let working = 0;
  for (const { type, data } of facts) {
    const name = names.get(String(data['task'])) ?? '';
    if (type === 'task.created') {
      const made = String(data['name']);
      must(after.has(made) && ![...names.values()].includes(made), `the task ${made} is no task of the plan, or made twice`);
      for (const before of after.get(made) ?? []) must(completed.has(before), `${made} begins before ${before} has completed`);
      names.set(String(data['task']), made);
      working += 1;
      must(working <= Math.min(agents, strategy.concurrency ?? agents), `${working} tasks of the plan are at work`);
    }
    if (type === 'task.skipped') {
      must(!told.has(String(data['name'])), `${String(data['name'])} is skipped twice`);
      told.add(String(data['name']));
    }
    const lost = type === 'task.failed' && data['final'] === true;
    if (name === '' || (type !== 'task.completed' && !lost)) continue;
    (lost ? failed : completed).add(name);
    working -= 1;
  }
  const gone = goneWith(failed, after);
  if (strategy.onFailure === 'partial')
    must([...told].toSorted().join() === [...gone].toSorted().join(), `skipped are ${[...told].join(', ')}, and should be ${[...gone].join(', ')}`);
  if (result === undefined) return;
  must(strategy.onFailure === 'partial' || failed.size === 0, 'the plan is complete though a task failed');
  for (const { name } of strategy.tasks) must(completed.has(name) || failed.has(name) || gone.has(name), `${name} was never worked on`);
  const used = new Set([...completed].flatMap((name) => after.get(name) ?? []));
  const wanted = strategy.tasks.flatMap(({ name }) => (completed.has(name) && !used.has(name) ? [`[step ${madeFrom(name, after)}]`] : []));
  const found = result.match(/\[step [^\]]*\]/g) ?? [];
  must(found.join() === wanted.join(), `the result is ${found.join(' ')}, and should be ${wanted.join(' ')}`);
}

/** Everything that needs one of these, by however many steps. */
function goneWith(failed: ReadonlySet<string>, after: ReadonlyMap<string, readonly string[]>): Set<string> {
  const gone = new Set<string>();
  for (let before = -1; before !== gone.size; ) {
    before = gone.size;
    for (const [name, needs] of after) if (needs.some((need) => failed.has(need) || gone.has(need))) gone.add(name);
  }
  return gone;
}

/** What the answer of a task shows when it and all below it were handed over once. */
function madeFrom(name: string, after: ReadonlyMap<string, readonly string[]>): string {
  return `${name}(${(after.get(name) ?? []).map((before) => madeFrom(before, after)).join(',')})`;
}
