import { describe, expect, test } from 'vitest';
import { type Journal, nothingBefore, type Position } from '../../../actors/ports/journal.ts';
import { journalPattern, journalSubject, rootPattern, shardOf, shardPattern } from '../../../protocols/subjects.ts';
import { collect, type OpenBus, openerFor } from '../harness.ts';

const stream = journalSubject({ tenant: 'acme', root: 'goal-1', actor: 'coordinator' });

/** Appends records one by one to one stream and answers the last position. */
async function fill(journal: Journal, subject: string, records: readonly string[], after: Position = nothingBefore): Promise<Position> {
  let position = after;
  for (const record of records) position = await journal.append(subject, position, [record]);
  return position;
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, at) => `record ${at}`);

async function streamsOf(journal: Journal, pattern: string): Promise<string[]> {
  return (await collect(journal.read(pattern))).map((entry) => entry.stream);
}

/** A root of another shard than `root`, and one of the same. */
function neighbours(root: string): { same: string; other: string } {
  const names = Array.from({ length: 1_000 }, (_, at) => `neighbour-${at}`);
  const same = names.find((name) => shardOf(name) === shardOf(root));
  const other = names.find((name) => shardOf(name) !== shardOf(root));
  if (same === undefined || other === undefined) throw new Error('a thousand names do not cover two shards');
  return { same, other };
}

export function readConformance(name: string, open: OpenBus): void {
  describe(`journal.read: ${name}`, () => {
    const opened = openerFor(open);

    test('finds nothing in an empty store', async () => {
      const { journal } = (await opened()).bus;
      expect(await journal.head()).toBe(0);
      expect(await collect(journal.read(journalPattern))).toEqual([]);
    });

    test('gives entries of all streams in order of sequence, up to the head', async () => {
      const { journal } = (await opened()).bus;
      const subjects = ['goal-1', 'goal-2', 'goal-3'].map((root) => journalSubject({ tenant: 'acme', root, actor: 'coordinator' }));
      const positions = new Map<string, Position>();
      const expected: string[] = [];
      for (let at = 0; at < 30; at++) {
        const subject = subjects[at % 3] ?? stream;
        positions.set(subject, await journal.append(subject, positions.get(subject) ?? nothingBefore, [`${at}`]));
        expected.push(`${at}`);
      }
      const entries = await collect(journal.read(journalPattern));
      expect(entries.map((entry) => entry.records[0])).toEqual(expected);
      const sequences = entries.map((entry) => entry.sequence);
      expect(sequences).toEqual([...new Set(sequences)].sort((one, two) => one - two));
      expect(sequences.at(-1)).toBe(await journal.head());
    });

    test('matches a stream, a root, a shard, a tenant and everything', async () => {
      const { journal } = (await opened()).bus;
      const { same, other } = neighbours('goal-1');
      const subject = (tenant: string, root: string, actor = 'coordinator'): string => journalSubject({ tenant, root, actor });
      const all = [
        subject('acme', 'goal-1'),
        subject('acme', 'goal-1', 'agent-t0-1'),
        subject('acme', 'goal-1', 'agent-t0-10'),
        subject('acme', same),
        subject('acme', other),
        subject('zeta', 'goal-1'),
        subject('zeta', other),
      ];
      for (const one of all) await journal.append(one, nothingBefore, ['a']);
      await journal.append(subject('acme', 'goal-10'), nothingBefore, ['a']);
      expect(await streamsOf(journal, subject('acme', 'goal-1', 'agent-t0-1'))).toEqual([all[1]]);
      expect(await streamsOf(journal, rootPattern('acme', 'goal-1'))).toEqual(all.slice(0, 3));
      expect(await streamsOf(journal, `flock.acme.journal.${shardOf('goal-1')}.goal-1.*`)).toEqual(all.slice(0, 3));
      const inShard = await streamsOf(journal, shardPattern(shardOf('goal-1')));
      expect(inShard).toEqual(expect.arrayContaining([...all.slice(0, 4), all[5]]));
      expect(inShard).not.toContain(all[4]);
      expect(await streamsOf(journal, `flock.zeta.journal.${shardOf('goal-1')}.>`)).toEqual([all[5]]);
      expect(await streamsOf(journal, 'flock.zeta.journal.>')).toEqual(all.slice(5));
      expect(await streamsOf(journal, 'flock.*.journal.*.*.agent-t0-1')).toEqual([all[1]]);
      expect(await streamsOf(journal, journalPattern)).toHaveLength(8);
      expect(await streamsOf(journal, subject('acme', 'nobody'))).toEqual([]);
      expect(await streamsOf(journal, rootPattern('acme', 'nobody'))).toEqual([]);
    });

    test('reads after a sequence, exclusively, and at most as many as asked', async () => {
      const { journal } = (await opened()).bus;
      await fill(journal, stream, numbered(10));
      await fill(journal, journalSubject({ tenant: 'acme', root: 'goal-2', actor: 'coordinator' }), ['other']);
      const all = await collect(journal.read(stream));
      const third = all[2];
      if (third === undefined) throw new Error('ten appends gave fewer than three entries');
      expect(await collect(journal.read(stream, { after: third.sequence }))).toEqual(all.slice(3));
      expect(await collect(journal.read(stream, { after: third.sequence, limit: 2 }))).toEqual(all.slice(3, 5));
      expect(await collect(journal.read(stream, { after: await journal.head() }))).toEqual([]);
    });

    test('ends at the head as it was at the call', async () => {
      const { journal } = (await opened()).bus;
      const position = await fill(journal, stream, numbered(5));
      const reading = journal.read(stream);
      await fill(journal, stream, ['later'], position);
      expect((await collect(reading)).flatMap((entry) => entry.records)).toEqual(numbered(5));
    });

    test('reads a long journal completely and in order while another is written', async () => {
      const { journal } = (await opened()).bus;
      const position = await fill(journal, stream, numbered(600));
      const seen: string[] = [];
      const writing = fill(
        journal,
        stream,
        Array.from({ length: 50 }, (_, at) => `later ${at}`),
        position,
      );
      for await (const entry of journal.read(stream)) seen.push(...entry.records);
      await writing;
      expect(seen.slice(0, 600)).toEqual(numbered(600));
    });

    test('a reader may leave in the middle', async () => {
      const { journal } = (await opened()).bus;
      await fill(journal, stream, numbered(20));
      for await (const entry of journal.read(stream)) {
        if (entry.records[0] === 'record 3') break;
      }
      expect(await collect(journal.read(stream))).toHaveLength(20);
    });
  });
}
