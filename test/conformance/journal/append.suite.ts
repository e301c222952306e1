import { describe, expect, test } from 'vitest';
import { type Journal, nothingBefore, type Position } from '../../../actors/ports/journal.ts';
import { appendRecordsMax, recordBytesMax } from '../../../protocols/journal/record.ts';
import { journalPattern, journalSubject } from '../../../protocols/subjects.ts';
import { codeOf, collect, type OpenBus, openerFor } from '../harness.ts';

const stream = journalSubject({ tenant: 'acme', root: 'goal-1', actor: 'coordinator' });

const recordsOf = async (journal: Journal, pattern: string): Promise<string[]> => (await collect(journal.read(pattern))).flatMap((entry) => [...entry.records]);

/** One writer of a shared stream: folds the journal again after each conflict, until it has won `wins` times. */
async function contend(journal: Journal, writer: string, wins: number): Promise<number> {
  let conflicts = 0;
  for (let won = 0; won < wins; ) {
    const last: Position = (await collect(journal.read(stream))).at(-1)?.position ?? nothingBefore;
    const code = await codeOf(journal.append(stream, last, [`${writer}:${won}`]));
    if (code === 'resolved') won++;
    else if (code === 'journal_conflict') conflicts++;
    else throw new Error(`an append of ${writer} ended with ${code}`);
  }
  return conflicts;
}

export function appendConformance(name: string, open: OpenBus): void {
  describe(`journal.append: ${name}`, () => {
    const opened = openerFor(open);

    test('answers the position that the next append names', async () => {
      const { journal } = (await opened()).bus;
      const first = await journal.append(stream, nothingBefore, ['a']);
      const second = await journal.append(stream, first, ['b']);
      expect(second).not.toBe(first);
      const entries = await collect(journal.read(stream));
      expect(entries.map((entry) => entry.position)).toEqual([first, second]);
      expect(entries.map((entry) => entry.records)).toEqual([['a'], ['b']]);
    });

    test('stores a batch as one entry, in order', async () => {
      const { journal } = (await opened()).bus;
      const records = Array.from({ length: appendRecordsMax }, (_, at) => `record ${at}`);
      const position = await journal.append(stream, nothingBefore, records);
      const entries = await collect(journal.read(stream));
      expect(entries).toHaveLength(1);
      expect(entries[0]).toMatchObject({ stream, position, records });
    });

    test('refuses a writer that is behind, and stores nothing of it', async () => {
      const { journal } = (await opened()).bus;
      const first = await journal.append(stream, nothingBefore, ['a']);
      await journal.append(stream, first, ['b']);
      expect(await codeOf(journal.append(stream, first, ['late 1', 'late 2']))).toBe('journal_conflict');
      expect(await codeOf(journal.append(stream, nothingBefore, ['late 3']))).toBe('journal_conflict');
      expect(await recordsOf(journal, stream)).toEqual(['a', 'b']);
    });

    test('refuses a writer that is ahead', async () => {
      const { journal } = (await opened()).bus;
      const other = await journal.append(journalSubject({ tenant: 'acme', root: 'goal-1', actor: 'other' }), nothingBefore, ['x']);
      expect(await codeOf(journal.append(stream, other, ['a']))).toBe('journal_conflict');
      expect(await recordsOf(journal, stream)).toEqual([]);
    });

    test('lets exactly one of many writers at one position win', async () => {
      const { journal } = (await opened()).bus;
      let position: Position = nothingBefore;
      for (let round = 0; round < 10; round++) {
        const at: Position = position;
        const answers = await Promise.all(
          Array.from({ length: 8 }, async (_, writer) => ({ writer, code: await codeOf(journal.append(stream, at, [`round ${round} writer ${writer}`])) })),
        );
        const winners = answers.filter((answer) => answer.code === 'resolved');
        expect(winners).toHaveLength(1);
        expect(answers.filter((answer) => answer.code === 'journal_conflict')).toHaveLength(7);
        const last = (await collect(journal.read(stream))).at(-1);
        expect(last?.records).toEqual([`round ${round} writer ${winners[0]?.writer}`]);
        position = last?.position ?? position;
      }
      expect(await collect(journal.read(stream))).toHaveLength(10);
    });

    test('a conflict of one writer does not hurt the others', async () => {
      const { journal } = (await opened()).bus;
      await journal.append(stream, nothingBefore, ['a']);
      const streams = Array.from({ length: 10 }, (_, at) => journalSubject({ tenant: 'acme', root: 'goal-2', actor: `agent-${at}` }));
      const answers = await Promise.all([
        ...streams.map((one) => codeOf(journal.append(one, nothingBefore, [one]))),
        codeOf(journal.append(stream, nothingBefore, ['late'])),
        ...streams.map((one) => codeOf(journal.append(`${one}-more`, nothingBefore, [one]))),
      ]);
      expect(answers.filter((code) => code === 'resolved')).toHaveLength(20);
      expect(answers[10]).toBe('journal_conflict');
      expect(await collect(journal.read(journalPattern))).toHaveLength(21);
    });

    test('two cells on one stream leave one line of records, none lost', async () => {
      const { journal } = (await opened()).bus;
      await Promise.all([contend(journal, 'one', 15), contend(journal, 'two', 15)]);
      const records = await recordsOf(journal, stream);
      expect(records).toHaveLength(30);
      for (const writer of ['one', 'two']) {
        expect(records.filter((record) => record.startsWith(writer))).toEqual(Array.from({ length: 15 }, (_, won) => `${writer}:${won}`));
      }
    });

    test('answers a repeated append as the first time, and stores it once', async () => {
      const { journal } = (await opened()).bus;
      const first = await journal.append(stream, nothingBefore, ['a', 'b']);
      expect(await journal.append(stream, nothingBefore, ['a', 'b'])).toBe(first);
      const second = await journal.append(stream, first, ['c']);
      expect(await journal.append(stream, first, ['c'])).toBe(second);
      expect(await recordsOf(journal, stream)).toEqual(['a', 'b', 'c']);
    });

    test('takes no other batch for a repetition', async () => {
      const { journal } = (await opened()).bus;
      await journal.append(stream, nothingBefore, ['a', 'b']);
      for (const records of [['a'], ['a', 'b', 'c'], ['a', 'B'], ['ab']]) {
        expect(await codeOf(journal.append(stream, nothingBefore, records))).toBe('journal_conflict');
      }
      expect(await recordsOf(journal, stream)).toEqual(['a', 'b']);
    });

    test('refuses what is no batch of records', async () => {
      const { journal } = (await opened()).bus;
      const many = Array.from({ length: appendRecordsMax + 1 }, (_, at) => `${at}`);
      expect(await codeOf(journal.append(stream, nothingBefore, []))).toBe('invalid_request');
      expect(await codeOf(journal.append(stream, nothingBefore, many))).toBe('invalid_request');
      expect(await codeOf(journal.append(stream, nothingBefore, ['a', 'two\nlines']))).toBe('invalid_request');
      expect(await codeOf(journal.append(stream, nothingBefore, ['a', 'x'.repeat(recordBytesMax + 1)]))).toBe('record_too_large');
      expect(await codeOf(journal.append(stream, nothingBefore, ['é'.repeat(recordBytesMax / 2 + 1)]))).toBe('record_too_large');
      expect(await journal.head()).toBe(0);
    });

    test('stores a record of the largest size, and text beyond ASCII unchanged', async () => {
      const { journal } = (await opened()).bus;
      const largest = 'x'.repeat(recordBytesMax);
      const first = await journal.append(stream, nothingBefore, [largest]);
      await journal.append(stream, first, ['Grüße, 世界 🐦 "quoted" \\n \t']);
      expect((await recordsOf(journal, stream)).map((record) => (record === largest ? 'largest' : record))).toEqual([
        'largest',
        'Grüße, 世界 🐦 "quoted" \\n \t',
      ]);
    });

    test('refuses a stream that is no journal', async () => {
      const { journal } = (await opened()).bus;
      for (const subject of [
        '',
        'flock.acme.journal.1.goal-1',
        'flock.acme.journal.1.goal-1.*',
        'flock.acme.journal.1.goal-1.>',
        'flock.acme.inbox.1.goal-1.a.b',
        'flock.acme.journal.1.goal 1.a',
      ]) {
        expect(await codeOf(journal.append(subject, nothingBefore, ['a']))).toBe('subject_invalid');
      }
      expect(await journal.head()).toBe(0);
    });

    test('survives a reopening with store, positions and order', async () => {
      const { bus, reopen } = await opened();
      const first = await bus.journal.append(stream, nothingBefore, ['a', 'b']);
      const second = await bus.journal.append(stream, first, ['c']);
      const before = await collect(bus.journal.read(journalPattern));
      const again = (await reopen()).journal;
      expect(again.store).toBe(bus.journal.store);
      expect(again.store).toMatch(/^[A-Za-z0-9_]{1,32}$/);
      expect(await collect(again.read(journalPattern))).toEqual(before);
      expect(await codeOf(again.append(stream, first, ['late']))).toBe('journal_conflict');
      expect(await again.append(stream, first, ['c'])).toBe(second);
      await again.append(stream, second, ['d']);
      expect(await recordsOf(again, stream)).toEqual(['a', 'b', 'c', 'd']);
    });
  });
}
