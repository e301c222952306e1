import type { Journal, Position } from '../../../actors/ports/journal.ts';
import { FlockworkError } from '../../../protocols/errors/error.ts';
import { splitRecord } from '../../../protocols/journal/record.ts';

/** What a wrapping journal does to an append that holds an input of the type. */
type Deed = 'fail' | 'store-and-fail' | 'conflict' | 'full-for-good';

export interface TroubledJournal extends Journal {
  /** The next `times` appends with an input of this type come to grief. */
  trouble(type: string, deed: Deed, times?: number): void;
  /** Appends wait until they are let go. */
  hold(): () => void;
  /** Types of the inputs of each append that was asked for. */
  readonly asked: string[][];
  /** Reads fail this many times. */
  failReads(times: number): void;
}

const failed = (): FlockworkError => new FlockworkError('store_failed', 'the store was told to fail');

/** A journal that fails on demand: before storing, after storing (the answer is lost), with a conflict, or for good. */
export function troubled(journal: Journal): TroubledJournal {
  const troubles: { type: string; deed: Deed; left: number }[] = [];
  const asked: string[][] = [];
  let gate: Promise<void> | undefined;
  let readFailures = 0;
  const deedFor = (types: readonly string[]): Deed | undefined => {
    const found = troubles.find(({ type, left }) => left > 0 && types.includes(type));
    if (found === undefined) return undefined;
    found.left -= 1;
    return found.deed;
  };
  const append = async (stream: string, after: Position, records: readonly string[]): Promise<Position> => {
    const types = records.map((line) => (JSON.parse(splitRecord(line).body) as { input: { type: string } }).input.type);
    asked.push(types);
    const deed = deedFor(types);
    if (deed === 'fail') throw failed();
    if (deed === 'conflict') throw new FlockworkError('journal_conflict', 'another writer was there');
    if (deed === 'full-for-good') throw new FlockworkError('record_too_large', 'it will never fit');
    const position = await journal.append(stream, after, records);
    if (deed === 'store-and-fail') throw failed();
    await gate;
    return position;
  };
  return {
    store: journal.store,
    append,
    read: (pattern, options) => {
      if (readFailures > 0) {
        readFailures -= 1;
        throw failed();
      }
      return journal.read(pattern, options);
    },
    follow: (pattern, onEntry) => journal.follow(pattern, onEntry),
    head: () => journal.head(),
    asked,
    trouble: (type, deed, times = 1) => void troubles.push({ type, deed, left: times }),
    failReads: (times) => {
      readFailures = times;
    },
    hold: () => {
      let release = (): void => undefined;
      gate = new Promise<void>((resolve) => {
        release = () => {
          gate = undefined;
          resolve();
        };
      });
      return () => release();
    },
  };
}
