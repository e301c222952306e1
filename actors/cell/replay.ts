import { FlockworkError } from '../../protocols/errors/error.ts';
import { canonicalJson } from './canonical.ts';
import { chainStart, textHash } from './chain.ts';
import { Fold } from './fold.ts';
import type { Kinds } from './kinds.ts';
import { openRecord } from './records.ts';

export interface Replayed {
  readonly machine: string;
  readonly records: number;
  readonly facts: number;
  readonly state: string;
  /** The canonical state, as LIVE has it after the same records. */
  readonly canonical: string;
  readonly stateHash: string;
}

/**
 * Folds a whole journal with nobody performing anything, and checks that each record's facts are what the machine decides again.
 * Throws `journal_corrupt` or `replay_diverged`, both naming the record.
 */
export async function replayStream(kinds: Kinds, stream: string, lines: AsyncIterable<string>, seenMax: number): Promise<Replayed> {
  let fold: Fold | undefined;
  let hash = chainStart(stream);
  let facts = 0;
  for await (const line of lines) {
    const record = openRecord(stream, hash, (fold?.n ?? 0) + 1, line);
    fold ??= new Fold(kinds.of(record.input, stream), stream, seenMax);
    let decided: string;
    try {
      decided = canonicalJson(fold.step(record.input, record.at).facts);
    } catch (cause) {
      throw diverged(stream, record.n, 'the machine throws on its input', cause);
    }
    if (decided !== canonicalJson(record.facts)) throw diverged(stream, record.n, 'the machine decides other facts than the journal holds');
    facts += record.facts.length;
    hash = record.hash;
  }
  if (fold === undefined) throw new FlockworkError('journal_corrupt', `journal ${stream} is empty`, { details: { stream } });
  const canonical = fold.canonical();
  return { machine: `${fold.kind.machine}@${fold.kind.version}`, records: fold.n, facts, state: fold.state, canonical, stateHash: textHash(canonical) };
}

function diverged(stream: string, n: number, what: string, cause?: unknown): FlockworkError {
  return new FlockworkError('replay_diverged', `record ${n} of ${stream}: ${what}; run the release that wrote it, or audit verify to find tampering`, {
    cause,
    details: { stream, n },
  });
}
