import { describe, expect, test } from 'vitest';
import { type Journal, nothingBefore, type Position } from '../../../actors/ports/journal.ts';
import type { Projection, ProjectionRow, Projector } from '../../../actors/ports/projection.ts';
import { journalSubject } from '../../../protocols/subjects.ts';
import { codeOf, collect, type OpenBus, openerFor, until } from '../harness.ts';

/**
 * Counts the records of each stream and keeps the last one; a record `remove` removes the rows of its stream. It depends on
 * the order of entries and on the present values, so a lost, doubled or displaced entry shows.
 */
const counting = (version: number): Projector => ({
  name: 'counts',
  version,
  project: (entry, current) => {
    if (entry.records.includes('remove')) {
      return [
        { key: `count/${entry.stream}`, value: null },
        { key: `last/${entry.stream}`, value: null },
      ];
    }
    const count = Number(current(`count/${entry.stream}`) ?? 0) + entry.records.length;
    return [
      { key: `count/${entry.stream}`, value: String(count) },
      { key: `last/${entry.stream}`, value: `v${version} ${entry.records.at(-1)} at ${entry.sequence}` },
    ];
  },
});

const streamOf = (actor: string): string => journalSubject({ tenant: 'acme', root: 'goal-1', actor });

async function fill(journal: Journal): Promise<void> {
  const positions = new Map<string, Position>();
  for (let at = 0; at < 30; at++) {
    const stream = streamOf(`agent-${at % 4}`);
    const records = at === 20 ? ['remove'] : Array.from({ length: (at % 3) + 1 }, (_, index) => `${at}.${index}`);
    positions.set(stream, await journal.append(stream, positions.get(stream) ?? nothingBefore, records));
  }
}

const rowsOf = (index: Projection): Promise<readonly ProjectionRow[]> => index.scan({ prefix: '', limit: 1_000 });

/** Waits until the index has applied the whole journal, as a follower may have to. */
const caughtUp = (journal: Journal, index: Projection): Promise<void> =>
  until('the index is at the head', async () => (await index.applied()) === (await journal.head()));

/** What every index keeps, whoever implements it. */
export function projectionConformance(name: string, open: OpenBus): void {
  describe(`projection: ${name}`, () => {
    const opened = openerFor(open);

    test('follows the journal, entry by entry', async () => {
      const { journal, index } = (await opened({ projector: counting(1) })).bus;
      expect(await index.applied()).toBe(0);
      await fill(journal);
      await caughtUp(journal, index);
      const expected = new Map<string, string>();
      const projector = counting(1);
      for (const entry of await collect(journal.read('flock.*.journal.>'))) {
        for (const { key, value } of projector.project(entry, (wanted) => expected.get(wanted))) {
          if (value === null) expected.delete(key);
          else expected.set(key, value);
        }
      }
      expect(await rowsOf(index)).toEqual([...expected].sort(([one], [two]) => (one < two ? -1 : 1)).map(([key, value]) => ({ key, value })));
    });

    test('leaves no trace of an append that failed', async () => {
      const { journal, index } = (await opened({ projector: counting(1) })).bus;
      await journal.append(streamOf('a'), nothingBefore, ['1']);
      expect(await codeOf(journal.append(streamOf('a'), nothingBefore, ['2']))).toBe('journal_conflict');
      await caughtUp(journal, index);
      expect(await index.get(`count/${streamOf('a')}`)).toBe('1');
    });

    test('scans by prefix, in order, from either end, after a key', async () => {
      const { index } = (await opened({ projector: counting(1) })).bus;
      for (const key of ['goal/b', 'goal/a', 'goal/B', 'goal/a/1', 'goal', 'goals/x', 'goal/é', 'timer/1']) await index.put({ key, value: key.toUpperCase() });
      const keys = async (options: Parameters<Projection['scan']>[0]): Promise<string[]> => (await index.scan(options)).map((row) => row.key);
      const all = ['goal/B', 'goal/a', 'goal/a/1', 'goal/b', 'goal/é'];
      expect(await keys({ prefix: 'goal/', limit: 10 })).toEqual(all);
      expect(await keys({ prefix: 'goal/', limit: 2 })).toEqual(all.slice(0, 2));
      expect(await keys({ prefix: 'goal/', after: 'goal/a', limit: 2 })).toEqual(all.slice(2, 4));
      expect(await keys({ prefix: 'goal/', limit: 10, reverse: true })).toEqual([...all].reverse());
      expect(await keys({ prefix: 'goal/', after: 'goal/b', limit: 2, reverse: true })).toEqual(['goal/a/1', 'goal/a']);
      expect(await keys({ prefix: 'nothing/', limit: 10 })).toEqual([]);
      expect(await index.scan({ prefix: 'timer/', limit: 10 })).toEqual([{ key: 'timer/1', value: 'TIMER/1' }]);
    });

    test('rows can be put and removed by hand', async () => {
      const { index } = (await opened({ projector: counting(1) })).bus;
      await index.put({ key: 'timer/1', value: '1' });
      await index.put({ key: 'timer/1', value: '2' });
      expect(await index.get('timer/1')).toBe('2');
      await index.put({ key: 'timer/1', value: null });
      expect(await index.get('timer/1')).toBeUndefined();
    });

    test('a rebuilt index equals the one that followed', async () => {
      const { journal, index } = (await opened({ projector: counting(1) })).bus;
      await fill(journal);
      await caughtUp(journal, index);
      const before = await rowsOf(index);
      await index.put({ key: `count/${streamOf('agent-1')}`, value: 'wrong' });
      await index.put({ key: 'stray', value: 'wrong' });
      expect(await index.rebuild()).toBe(30);
      expect(await rowsOf(index)).toEqual(before);
      expect(await index.applied()).toBe(await journal.head());
    });

    test('survives a reopening with all rows', async () => {
      const { bus, reopen } = await opened({ projector: counting(1) });
      await fill(bus.journal);
      await caughtUp(bus.journal, bus.index);
      await bus.index.put({ key: 'timer/1', value: '1' });
      const before = await rowsOf(bus.index);
      const again = await reopen();
      await caughtUp(again.journal, again.index);
      expect(await rowsOf(again.index)).toEqual(before);
    });

    test('another version of the projector makes another index', async () => {
      const { bus, reopen } = await opened({ projector: counting(1) });
      await fill(bus.journal);
      await caughtUp(bus.journal, bus.index);
      const before = await rowsOf(bus.index);
      const again = await reopen({ projector: counting(2) });
      await caughtUp(again.journal, again.index);
      expect(await rowsOf(again.index)).toEqual(before.map(({ key, value }) => ({ key, value: value.replace(/^v1 /, 'v2 ') })));
    });

    test('catches up with what was appended without it', async () => {
      const { bus, reopen } = await opened({ projector: counting(1) });
      await bus.journal.append(streamOf('a'), nothingBefore, ['1']);
      await bus.index.put({ key: 'timer/1', value: '1' });
      const without = await reopen({ projector: { name: 'nothing', version: 1, project: () => [] } });
      await without.journal.append(streamOf('b'), nothingBefore, ['1', '2']);
      const again = await reopen({ projector: counting(1) });
      await caughtUp(again.journal, again.index);
      expect(await again.index.get(`count/${streamOf('a')}`)).toBe('1');
      expect(await again.index.get(`count/${streamOf('b')}`)).toBe('2');
      expect(await again.index.get('timer/1')).toBe('1');
    });
  });
}
