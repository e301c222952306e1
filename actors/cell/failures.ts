import { type Failure, failureOf } from '../../protocols/errors/error.ts';
import { appendRetryMs, appendRetryMsMax } from './bounds.ts';
import type { CellEnd, CellOptions } from './cell-options.ts';
import { closed, poison } from './envelope.ts';
import type { Fold } from './fold.ts';
import type { Input } from './kind.ts';
import { type Loaded, loadFold } from './load.ts';

/** How a cell ends whose append failed; undefined when the append may be tried again. */
export function endAfterAppend(error: unknown): CellEnd | undefined {
  const failure = failureOf(error, 'store_failed');
  if (failure.code === 'journal_conflict') return { reason: 'conflict' };
  return failure.retryable ? undefined : { reason: 'failed', failure };
}

/** The actor as its journal tells it; or what posters are told, and how the cell ends unless it has. */
export type Refolded = { readonly loaded: Loaded } | { readonly error: unknown; readonly end?: CellEnd };

/** Folds a journal again, as often as it takes while the cell lives. Of two openings the later one is the owner. */
export async function foldAgain(
  { ports, kinds, stream, node, bounds }: CellOptions,
  epoch: number,
  isLive: () => boolean,
  firstWaitMs: number,
): Promise<Refolded> {
  for (let waitMs = firstWaitMs; isLive(); waitMs = Math.min(Math.max(waitMs * 2, appendRetryMs), appendRetryMsMax)) {
    if (waitMs > 0) await new Promise<void>((resolve) => ports.clock.timer(waitMs, resolve));
    if (!isLive()) break;
    try {
      const loaded = await loadFold(ports, kinds, stream, bounds.inboxSeenMax);
      // Another cell has opened it meanwhile: that one is the owner now, and a throw may only have shown that this one is behind.
      if (loaded.fold !== undefined && overtaken(loaded.fold, epoch, node)) return { error: closed(stream), end: { reason: 'conflict' } };
      if (isLive()) return { loaded };
    } catch (error) {
      const failure = failureOf(error, 'store_failed');
      if (!failure.retryable) return { error, end: { reason: 'failed', failure } };
    }
  }
  return { error: closed(stream) };
}

function overtaken(found: Fold, epoch: number, node: string): boolean {
  return found.epoch > epoch || (found.epoch === epoch && found.node !== node && found.node !== '');
}

/**
 * What follows an input that the machine threw on: an answer is replaced once by effect.failed; that one throwing too, or as many throws in a row
 * as the bound, poison the actor; anything else is only dropped.
 */
export function afterThrow(
  fold: Fold,
  input: Input,
  { message }: Failure,
  throwsInRow: number,
  throwsInRowMax: number,
): { readonly poison: Input } | { readonly replacement: Input } | undefined {
  const isReplacement = input.type === 'effect.failed' && input['code'] === 'input_rejected';
  if (throwsInRow >= throwsInRowMax || isReplacement) return { poison: poison(message) };
  if (input.key === undefined) return undefined;
  const ref = fold.pending.get(input.key)?.request.ref ?? '';
  return { replacement: { type: 'effect.failed', key: input.key, ref, code: 'input_rejected', message, retryable: false } };
}
