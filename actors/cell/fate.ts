import type { PostResult } from './cell-options.ts';
import type { Fold } from './fold.ts';
import type { Input } from './kind.ts';

export interface Fate {
  readonly result: PostResult;
  readonly reason: string;
}

/** Why an input is not stepped: an answer to a settled key, a stopped timer, a message already journaled, an actor that is over. */
export function fateOf(fold: Fold, input: Input): Fate | undefined {
  // An opening, a first input or a start whose append was stored though its answer was lost.
  const reopened = input.type === 'cell.opened' && fold.epoch >= Number(input['epoch']);
  const restarted = input.type === 'tool.started' && fold.pending.get(input.key ?? '')?.started === true;
  if (reopened || restarted || (fold.n > 0 && input['machine'] !== undefined)) return { result: 'duplicate', reason: 'journaled before' };
  if (input.id !== undefined && fold.hasSeen(input.id)) return { result: 'duplicate', reason: 'journaled before' };
  if (fold.closed) return { result: 'dropped', reason: 'the actor has ended' };
  if (input.key !== undefined && !fold.awaits(input.key)) return { result: 'dropped', reason: 'its request is settled' };
  return undefined;
}
