import { describe, expect, test } from 'vitest';
import { type JournalEntry, nothingBefore, type Position } from '../../../actors/ports/journal.ts';
import { journalPattern, journalSubject, rootPattern } from '../../../protocols/subjects.ts';
import { collect, type OpenBus, openerFor, until } from '../harness.ts';

const stream = journalSubject({ tenant: 'acme', root: 'goal-1', actor: 'coordinator' });
const elsewhere = journalSubject({ tenant: 'acme', root: 'goal-2', actor: 'coordinator' });

export function followConformance(name: string, open: OpenBus): void {
  describe(`journal.follow: ${name}`, () => {
    const opened = openerFor(open);

    test('hands over each later entry once, in order, and nothing older', async () => {
      const { journal } = (await opened()).bus;
      const early: JournalEntry[] = [];
      await journal.follow(stream, (entry) => early.push(entry));
      let position = await journal.append(stream, nothingBefore, ['before']);
      const seen: JournalEntry[] = [];
      await journal.follow(stream, (entry) => seen.push(entry));
      for (let at = 0; at < 50; at++) position = await journal.append(stream, position, [`${at}`, `${at} too`]);
      await until('fifty entries arrived', () => seen.length >= 50 && early.length >= 51);
      expect(early).toEqual(await collect(journal.read(stream)));
      expect(seen).toEqual((await collect(journal.read(stream))).slice(1));
    });

    test('hands over entries of many writers in order of sequence', async () => {
      const { journal } = (await opened()).bus;
      const seen: number[] = [];
      await journal.follow(journalPattern, (entry) => seen.push(entry.sequence));
      await Promise.all(
        Array.from({ length: 60 }, (_, at) =>
          journal.append(journalSubject({ tenant: 'acme', root: `goal-${at}`, actor: 'coordinator' }), nothingBefore, ['a']),
        ),
      );
      await until('sixty entries arrived', () => seen.length >= 60);
      expect(seen).toEqual((await collect(journal.read(journalPattern))).map((entry) => entry.sequence));
    });

    test('hands over only what matches', async () => {
      const { journal } = (await opened()).bus;
      const seen: string[] = [];
      await journal.follow(rootPattern('acme', 'goal-1'), (entry) => seen.push(entry.stream));
      await journal.append(elsewhere, nothingBefore, ['a']);
      await journal.append(stream, nothingBefore, ['a']);
      await until('the matching entry arrived', () => seen.length > 0);
      expect(seen).toEqual([stream]);
    });

    test('never runs in the stack of the appender, and not for an append that failed', async () => {
      const { journal } = (await opened()).bus;
      let inside = false;
      const seen: { inside: boolean; record: string | undefined }[] = [];
      await journal.follow(stream, (entry) => seen.push({ inside, record: entry.records[0] }));
      inside = true;
      const appending = journal.append(stream, nothingBefore, ['a']);
      const conflicting = journal.append(stream, nothingBefore, ['b']).catch(() => 'conflict');
      inside = false;
      const position = await appending;
      expect(await conflicting).toBe('conflict');
      await journal.append(stream, position, ['c']);
      await until('two entries arrived', () => seen.length >= 2);
      expect(seen).toEqual([
        { inside: false, record: 'a' },
        { inside: false, record: 'c' },
      ]);
    });

    test('with a read behind it, there is no gap and nothing twice', async () => {
      const { journal } = (await opened()).bus;
      const count = 150;
      let position: Position = nothingBefore;
      let written = 0;
      const writing = (async () => {
        for (; written < count; written++) position = await journal.append(stream, position, [`${written}`]);
      })();
      await until('the writer is under way', () => written > 20);
      const live: JournalEntry[] = [];
      await journal.follow(stream, (entry) => live.push(entry));
      const old = await collect(journal.read(stream));
      await writing;
      const head = await journal.head();
      await until('the last entry arrived', () => live.at(-1)?.sequence === head);
      const boundary = old.at(-1)?.sequence ?? 0;
      const together = [...old, ...live.filter((entry) => entry.sequence > boundary)];
      expect(together.map((entry) => entry.records[0])).toEqual(Array.from({ length: count }, (_, at) => `${at}`));
      expect(new Set(live.map((entry) => entry.sequence)).size).toBe(live.length);
    });

    test('a handler that throws hurts nobody else', async () => {
      const { journal } = (await opened()).bus;
      const seen: string[] = [];
      let thrown = 0;
      await journal.follow(stream, () => {
        thrown++;
        throw new Error('this handler always throws');
      });
      await journal.follow(stream, (entry) => seen.push(...entry.records));
      const position = await journal.append(stream, nothingBefore, ['a']);
      await journal.append(stream, position, ['b']);
      await until('both entries arrived at both', () => seen.length === 2 && thrown === 2);
      expect(seen).toEqual(['a', 'b']);
    });

    test('hands over nothing after it was stopped', async () => {
      const { journal } = (await opened()).bus;
      const stopped: string[] = [];
      const going: string[] = [];
      const following = await journal.follow(stream, (entry) => stopped.push(...entry.records));
      await journal.follow(stream, (entry) => going.push(...entry.records));
      const first = await journal.append(stream, nothingBefore, ['a']);
      await until('the first entry arrived at both', () => stopped.length === 1 && going.length === 1);
      await following.stop();
      await journal.append(stream, first, ['b']);
      await until('the second entry arrived', () => going.length === 2);
      expect(stopped).toEqual(['a']);
    });
  });
}
