import { type Emitted, type EmittedFact, fact } from '../../actors/cell/kind.ts';
import { strategyOf } from '../strategies/index.ts';
import { acceptOf, type CoordinatorTable } from './coordinator.table.ts';

/** What is told of the plan as the goal starts: nothing yet where a model will choose the strategy. */
export function planFacts(table: CoordinatorTable): Emitted[] {
  const { strategy, why, chosenBy } = acceptOf(table);
  if (strategy.type === 'auto') return [];
  const chosen = chosenBy === undefined ? [] : [fact('strategy.chosen', { strategy: strategy.type, options: strategy, why, by: chosenBy })];
  return [...chosen, planMade(table, strategy.type, why)];
}

/** What a strategy decided on an end; a strategy that was chosen is followed by its plan. */
export function decidedFacts(table: CoordinatorTable, decided: readonly EmittedFact[]): Emitted[] {
  return decided.flatMap(({ type, data }) =>
    type === 'strategy.chosen' ? [fact(type, data), planMade(table, String(data['strategy']), String(data['why']))] : [fact(type, data)],
  );
}

/** What a part of the plan is called where people read it. */
export function partName(table: CoordinatorTable, part: number | null): string {
  return part === null ? 'a task' : (acceptOf(table).partNames?.[part] ?? `part ${part + 1}`);
}

function planMade(table: CoordinatorTable, strategy: string, why: string): Emitted {
  const { plan, strategy: given } = acceptOf(table);
  return fact('plan.made', {
    strategy,
    why,
    ...('blob' in plan ? { items: plan.blob } : {}),
    count: plan.count,
    tasks: strategyOf(given.type).expected(table.plan),
  });
}
