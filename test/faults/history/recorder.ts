import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { failureOf } from '../../../protocols/errors/error.ts';
import type { Answered, Asked, Operation, Seen } from './operations.ts';

type Written =
  | { readonly type: 'begin'; readonly id: number; readonly peer: string; readonly at: number; readonly asked: Asked }
  | {
      readonly type: 'end';
      readonly id: number;
      readonly peer: string;
      readonly at: number;
      readonly outcome: Operation['outcome'];
      readonly answered: Answered;
    }
  | ({ readonly type: 'seen' } & Seen);

/** Codes that say with certainty that nothing was done. */
const refusals: ReadonlySet<string> = new Set(['journal_conflict', 'registry_conflict']);

/** Writes down each operation before it is asked and when it is answered; what is written outlives a kill of the process. */
export class Recorder {
  readonly #file: string;
  readonly peer: string;
  #count = 0;

  constructor(file: string, peer: string) {
    this.#file = file;
    this.peer = peer;
  }

  /** Does it; answers whether it was done, and with what. Never throws. */
  async did<Result>(
    asked: Asked,
    work: () => Promise<Result>,
    told: (result: Result) => Answered,
  ): Promise<{ outcome: Operation['outcome']; result?: Result }> {
    const id = (this.#count += 1);
    this.#write({ type: 'begin', id, peer: this.peer, at: Date.now(), asked });
    try {
      const result = await work();
      this.#write({ type: 'end', id, peer: this.peer, at: Date.now(), outcome: 'ok', answered: told(result) });
      return { outcome: 'ok', result };
    } catch (error) {
      const outcome = refusals.has(failureOf(error).code) ? 'refused' : 'unknown';
      this.#write({ type: 'end', id, peer: this.peer, at: Date.now(), outcome, answered: {} });
      return { outcome };
    }
  }

  seen(entry: Omit<Seen, 'peer'>): void {
    this.#write({ type: 'seen', peer: this.peer, ...entry });
  }

  #write(written: Written): void {
    appendFileSync(this.#file, `${JSON.stringify(written)}\n`);
  }
}

/** What the processes wrote, in the order of asking. */
export function readRecorded(files: readonly string[]): { operations: Operation[]; seen: Seen[] } {
  const operations: Operation[] = [];
  const seen: Seen[] = [];
  for (const file of files) {
    const open = new Map<string, Extract<Written, { type: 'begin' }>>();
    for (const line of existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []) {
      // A kill can cut the last line.
      if (!line.endsWith('}')) continue;
      const written = JSON.parse(line) as Written;
      if (written.type === 'seen') seen.push(written);
      else if (written.type === 'begin') open.set(`${written.peer} ${written.id}`, written);
      else {
        const key = `${written.peer} ${written.id}`;
        const begun = open.get(key);
        open.delete(key);
        if (begun !== undefined)
          operations.push({ peer: begun.peer, begin: begun.at, end: written.at, outcome: written.outcome, asked: begun.asked, answered: written.answered });
      }
    }
    for (const { peer, at, asked } of open.values()) operations.push({ peer, begin: at, outcome: 'unknown', asked, answered: {} });
  }
  return { operations: operations.sort((one, two) => one.begin - two.begin), seen };
}
