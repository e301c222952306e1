import type { StrategyOptions } from '../../protocols/goals/goal.ts';

/** What `auto` looks at. */
export interface GoalShape {
  /** Parts that the inputs fall into. */
  readonly parts: number;
  readonly files: number;
  readonly items: number;
}

/** `auto`: many parts are mapped and reduced, anything else is one agent's work. The reason is told in plan.made. */
export function chooseStrategy(asked: StrategyOptions | undefined, shape: GoalShape): { strategy: Exclude<StrategyOptions, { type: 'auto' }>; why: string } {
  if (asked !== undefined && asked.type !== 'auto') return { strategy: asked, why: 'asked for' };
  const what = shape.items > 0 ? `${shape.items} items` : shape.files > 0 ? `${shape.files} files` : 'one text';
  if (shape.parts > 1) return { strategy: { type: 'map-reduce' }, why: `the inputs are ${what}, which fall into ${shape.parts} parts` };
  return {
    strategy: { type: 'single' },
    why: shape.parts === 1 && shape.files + shape.items > 0 ? `the inputs are ${what}, small enough for one agent` : 'there is nothing to split',
  };
}
