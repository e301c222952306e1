import type { StrategyOptions } from '../../protocols/goals/goal.ts';
import type { ChosenStrategy } from './strategy.ts';

/** What `auto` looks at. */
export interface GoalShape {
  /** Parts that the inputs fall into. */
  readonly parts: number;
  readonly files: number;
  readonly items: number;
}

/** `auto` by rules: many parts are mapped and reduced, anything else is one agent's work. The reason is told in strategy.chosen and plan.made. */
export function chooseStrategy(asked: StrategyOptions | undefined, shape: GoalShape): { strategy: ChosenStrategy; why: string } {
  if (asked !== undefined && asked.type !== 'auto') return { strategy: asked, why: 'asked for' };
  const what = shape.items > 0 ? `${shape.items} items` : shape.files > 0 ? `${shape.files} files` : 'one text';
  if (shape.parts > 1) return { strategy: { type: 'map-reduce' }, why: `the inputs are ${what}, which fall into ${shape.parts} parts` };
  return {
    strategy: { type: 'single' },
    why: shape.parts === 1 && shape.files + shape.items > 0 ? `the inputs are ${what}, small enough for one agent` : 'there is nothing to split',
  };
}

/** True when a model is to choose: `auto` was asked for by name, the inputs do not decide it, and the model is one that can. */
export function modelChooses(asked: StrategyOptions | undefined, { parts }: GoalShape, model: string): boolean {
  return asked?.type === 'auto' && parts <= 1 && !model.startsWith('offline/');
}
