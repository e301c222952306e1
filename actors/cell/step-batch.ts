import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { appendBytesMax } from './bounds.ts';
import type { Envelope, Stepped } from './envelope.ts';
import { type Fate, fateOf } from './fate.ts';
import type { Fold } from './fold.ts';
import type { Input } from './kind.ts';
import { sealRecord } from './records.ts';

/** What stepping a batch came to. */
export interface Batch {
  readonly stepped: readonly Stepped[];
  /** The hash of the last record; that of before when nothing was stepped. */
  readonly hash: string;
  /** Ended the batch: the fold is spoilt. */
  readonly thrown: { readonly envelope: Envelope; readonly error: unknown } | undefined;
  /** Not looked at: after a throw, or beyond what one append carries. */
  readonly rest: readonly Envelope[];
}

/** Steps one input after another; those with another fate than a record are handed to `drop`. */
export function stepBatch(
  fold: Fold,
  previous: string,
  batch: readonly Envelope[],
  ports: { readonly clock: Clock; readonly ids: Ids },
  drop: (envelope: Envelope, fate: Fate) => void,
): Batch {
  const stepped: Stepped[] = [];
  let hash = previous;
  let bytes = 0;
  for (const [index, envelope] of batch.entries()) {
    if (bytes > appendBytesMax / 2) return { stepped, hash, thrown: undefined, rest: batch.slice(index) };
    const fate = fateOf(fold, envelope.input);
    if (fate !== undefined) {
      drop(envelope, fate);
      continue;
    }
    try {
      const inputJson = JSON.stringify(envelope.input);
      const at = Math.max(ports.clock.now(), fold.at);
      // The machine sees what the journal will give back, not the object that the caller holds.
      const step = fold.step(JSON.parse(inputJson) as Input, at);
      const sealed = sealRecord(hash, { n: fold.n, at, inputJson, facts: step.facts }, ports.ids.salt());
      hash = sealed.hash;
      bytes += sealed.line.length;
      stepped.push({ envelope, line: sealed.line, step, n: fold.n, at, state: fold.state, context: fold.context });
    } catch (error) {
      return { stepped, hash, thrown: { envelope, error }, rest: batch.slice(index + 1) };
    }
  }
  return { stepped, hash, thrown: undefined, rest: [] };
}
