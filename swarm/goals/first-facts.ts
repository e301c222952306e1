import type { Fact } from '../../protocols/journal/facts.ts';
import type { GoalAccept } from '../coordinator/coordinator.inputs.ts';
import { coordinatorKind } from '../coordinator/coordinator.kind.ts';

/** The state in which a coordinator's chart begins. */
const firstState = 'idle';

/**
 * The facts of a coordinator's first record, as its reducer decides them. The chart is not asked: it has one way out of its first state,
 * and an XState actor for that one step would cost as much as all the rest of accepting a goal. Whoever folds the record asks it.
 */
export function firstFacts(input: GoalAccept, at: number): readonly Fact[] {
  const { emit } = coordinatorKind.reduce(coordinatorKind.emptyTable(), { ...input, at }, firstState);
  return emit.flatMap((out) => ('fact' in out ? [out.fact] : [])).map(({ type, data }, index) => ({ seq: index + 1, type, data }));
}
