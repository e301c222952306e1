import { describe, expect, test } from 'vitest';
import { Cell } from '../../../actors/cell/cell.ts';
import { codeOf, type OpenBus, openerFor, until } from '../harness.ts';
import { troubled } from './journals.ts';
import { asks, begin, does, linesOf, type ProbeCell, probe, replayed, timer, typesOf } from './probe.ts';

/** Waits until the condition holds while the cell's waits pass. */
async function passing({ clock }: ProbeCell, what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  await until(what, async () => {
    clock.advanceBy(100);
    return condition();
  });
}

/** Appends that fail, answers that are lost. */
export function failuresConformance(name: string, open: OpenBus): void {
  describe(`a cell on the ${name} bus: appends that fail`, () => {
    const opened = openerFor(open);

    test('a conflict stops the cell, and what waited is not stored', async () => {
      const { bus } = await opened();
      const journal = troubled(bus.journal);
      const cell = await Cell.create(probe({ bus, journal }).options, begin());
      journal.trouble('probe.do', 'conflict');
      expect(await codeOf(cell.post(does()))).toBe('journal_conflict');
      expect(await cell.whenStopped()).toEqual({ reason: 'conflict' });
      expect(await typesOf(bus)).toEqual(['probe.begin']);
    });

    test('a failure that no waiting cures stops the cell with it', async () => {
      const { bus } = await opened();
      const journal = troubled(bus.journal);
      const cell = await Cell.create(probe({ bus, journal }).options, begin());
      journal.trouble('probe.do', 'full-for-good');
      expect(await codeOf(cell.post(does()))).toBe('record_too_large');
      expect(await cell.whenStopped()).toMatchObject({ reason: 'failed', failure: { code: 'record_too_large' } });
    });

    test.each([1, 4])('an answer whose append fails %i times is kept and appended, never asked for again', async (times) => {
      const { bus } = await opened();
      const journal = troubled(bus.journal);
      const made = probe({ bus, journal });
      journal.trouble('probe.settled', 'fail', times);
      const cell = await Cell.create(made.options, begin({ emit: [asks('a')] }));
      await passing(made, 'the answer is journaled', async () => (await typesOf(bus)).includes('probe.settled'));
      expect(made.started).toEqual(['a']);
      expect(await typesOf(bus)).toEqual(['probe.begin', 'probe.settled']);
      expect(await replayed(bus)).toBe(cell.canonical());
      cell.stop();
    });

    test('the order of the mailbox survives a failed append', async () => {
      const { bus } = await opened();
      const journal = troubled(bus.journal);
      const made = probe({ bus, journal });
      const cell = await Cell.create(made.options, begin());
      journal.trouble('probe.do', 'fail', 2);
      const posts = [1, 2, 3].map((add) => cell.post(does({ add, id: `m${add}` })));
      await passing(made, 'all are journaled', async () => (await typesOf(bus)).length === 4);
      expect(await Promise.all(posts)).toEqual(['stored', 'stored', 'stored']);
      const adds = (await linesOf(bus)).map((line) => (JSON.parse(line.slice(98)) as { input: { add?: number } }).input.add);
      expect(adds).toEqual([undefined, 1, 2, 3]);
      cell.stop();
    });

    test('folding again may fail too: it is tried until it works', async () => {
      const { bus } = await opened();
      const journal = troubled(bus.journal);
      const made = probe({ bus, journal });
      const cell = await Cell.create(made.options, begin());
      journal.trouble('probe.do', 'fail');
      let stored = false;
      const posted = cell.post(does()).finally(() => (stored = true));
      journal.failReads(3);
      await passing(made, 'it is journaled', () => stored);
      expect(await posted).toBe('stored');
      cell.stop();
    });

    test('a message whose append was stored though its answer was lost is journaled once', async () => {
      const { bus } = await opened();
      const journal = troubled(bus.journal);
      const made = probe({ bus, journal });
      const cell = await Cell.create(made.options, begin());
      journal.trouble('probe.do', 'store-and-fail');
      const posted = cell.post(does({ id: 'm1', add: 1 }));
      await passing(made, 'the cell has folded again', () => cell.n === 2 && cell.mailboxDepth === 0);
      expect(await posted).toBe('duplicate');
      expect(await typesOf(bus)).toEqual(['probe.begin', 'probe.do']);
      cell.stop();
    });

    test('what such a record asked for is started all the same', async () => {
      const { bus } = await opened();
      const journal = troubled(bus.journal);
      const made = probe({ bus, journal });
      const cell = await Cell.create(made.options, begin());
      journal.trouble('probe.do', 'store-and-fail');
      const posted = cell.post(does({ id: 'm1', emit: [asks('a'), asks('b', { repeatable: false }), timer('t', 5_000)] }));
      await passing(made, 'both effects are settled', async () => (await typesOf(bus)).filter((type) => type === 'probe.settled').length === 2);
      await posted;
      expect(made.started.toSorted()).toEqual(['a', 'b']);
      await passing(made, 'the timer fired', async () => (await typesOf(bus)).includes('timer.fired'));
      expect(await replayed(bus)).toBe(cell.canonical());
      cell.stop();
    });

    test('a first record whose answer was lost makes one actor that runs', async () => {
      const { bus } = await opened();
      const journal = troubled(bus.journal);
      const made = probe({ bus, journal });
      journal.trouble('probe.begin', 'store-and-fail');
      const creating = Cell.create(made.options, begin({ emit: [asks('a')] }));
      await passing(made, 'the effect is settled', async () => (await typesOf(bus)).includes('probe.settled'));
      const cell = await creating;
      expect(made.started).toEqual(['a']);
      expect(await typesOf(bus)).toEqual(['probe.begin', 'probe.settled']);
      cell.stop();
    });

    test('an answer whose append was stored though its own answer was lost is journaled once', async () => {
      const { bus } = await opened();
      const journal = troubled(bus.journal);
      const made = probe({ bus, journal });
      journal.trouble('probe.settled', 'store-and-fail');
      const cell = await Cell.create(made.options, begin({ emit: [asks('a')] }));
      await passing(made, 'the cell has folded again', () => cell.n === 2 && cell.idle);
      expect(made.started).toEqual(['a']);
      expect(await typesOf(bus)).toEqual(['probe.begin', 'probe.settled']);
      cell.stop();
    });

    test('a tool.started whose answer was lost stands once, and its effect runs once', async () => {
      const { bus } = await opened();
      const journal = troubled(bus.journal);
      const made = probe({ bus, journal });
      journal.trouble('tool.started', 'store-and-fail');
      const cell = await Cell.create(made.options, begin({ emit: [asks('a', { repeatable: false })] }));
      await passing(made, 'the effect is settled', async () => (await typesOf(bus)).includes('probe.settled'));
      expect(made.started).toEqual(['a']);
      expect(await typesOf(bus)).toEqual(['probe.begin', 'tool.started', 'probe.settled']);
      cell.stop();
    });

    test('a cell whose last record was stored though its answer was lost ends', async () => {
      const { bus } = await opened();
      const journal = troubled(bus.journal);
      const made = probe({ bus, journal });
      const cell = await Cell.create(made.options, begin());
      journal.trouble('probe.do', 'store-and-fail');
      const posted = cell.post(does({ go: 'done' }));
      await passing(made, 'the cell has ended', () => cell.end !== undefined);
      expect(await cell.whenStopped()).toEqual({ reason: 'ended' });
      await posted;
      expect(await typesOf(bus)).toEqual(['probe.begin', 'probe.do']);
    });

    test('an opening whose answer was lost stands once, and what is pending starts', async () => {
      const { bus } = await opened();
      const hung = await Cell.create(probe({ bus, perform: () => new Promise(() => undefined) }).options, begin({ emit: [asks('a')] }));
      hung.stop();
      const journal = troubled(bus.journal);
      const made = probe({ bus, journal, node: 'n2' });
      journal.trouble('cell.opened', 'store-and-fail');
      const opening = Cell.open(made.options);
      await passing(made, 'the effect is settled', async () => (await typesOf(bus)).includes('probe.settled'));
      const cell = await opening;
      expect(made.started).toEqual(['a']);
      expect(await typesOf(bus)).toEqual(['probe.begin', 'cell.opened', 'probe.settled']);
      cell?.stop();
    });

    test('an outcome that nobody knows is told as that, also when its own append fails at first', async () => {
      const { bus } = await opened();
      const hung = probe({ bus, perform: () => new Promise(() => undefined) });
      const first = await Cell.create(hung.options, begin({ emit: [asks('a', { repeatable: false })] }));
      await until('it has started', () => hung.started.length === 1);
      first.stop();
      const journal = troubled(bus.journal);
      const made = probe({ bus, journal, node: 'n2' });
      journal.trouble('effect.failed', 'fail');
      const cell = await Cell.open(made.options);
      await passing(made, 'it is told', async () => (await typesOf(bus)).includes('effect.failed'));
      expect(made.started).toEqual([]);
      cell?.stop();
    });

    test('another cell that opened the journal while the store was away is the owner, also one of the same node', async () => {
      const { bus } = await opened();
      const journal = troubled(bus.journal);
      const made = probe({ bus, journal, salts: 'old' });
      const old = await Cell.create(made.options, begin());
      journal.trouble('probe.do', 'fail');
      const posted = codeOf(old.post(does()));
      await until('the append has failed', () => made.clock.armed === 1);
      const owner = await Cell.open(probe({ bus, salts: 'new' }).options);
      await passing(made, 'the old cell has given up', () => old.end !== undefined);
      expect(old.end).toEqual({ reason: 'conflict' });
      expect(await posted).not.toBe('resolved');
      expect(await typesOf(bus)).toEqual(['probe.begin', 'cell.opened']);
      owner?.stop();
    });

    test('whoever waits for a message is told when the cell is stopped while its append fails', async () => {
      const { bus } = await opened();
      const journal = troubled(bus.journal);
      const made = probe({ bus, journal });
      const cell = await Cell.create(made.options, begin());
      journal.trouble('probe.do', 'fail', 1_000);
      const posted = codeOf(cell.post(does()));
      await until('the append has failed', () => made.clock.armed === 1);
      cell.stop();
      made.clock.advanceBy(10_000);
      expect(await posted).toBe('closed');
    });

    test.each(['probe.begin', 'cell.opened'])('the signal stops a cell whose first append (%s) fails, and lets its maker go', async (type) => {
      const { bus } = await opened();
      const journal = troubled(bus.journal);
      const made = probe({ bus, journal });
      const halt = new AbortController();
      const options = { ...made.options, signal: halt.signal };
      if (type === 'cell.opened') (await Cell.create(probe({ bus }).options, begin())).stop();
      journal.trouble(type, 'fail', 1_000);
      const making = codeOf(type === 'cell.opened' ? Cell.open(options) : Cell.create(options, begin()));
      await until('the append has failed', () => made.clock.armed === 1);
      halt.abort();
      made.clock.advanceBy(10_000);
      expect(await making).toBe('closed');
      expect(await codeOf(type === 'cell.opened' ? Cell.open(options) : Cell.create(options, begin()))).toBe('closed');
    });

    test('an end for too many openings is written even when the store fails at first', async () => {
      const { bus } = await opened();
      const first = await Cell.create(probe({ bus }).options, begin());
      first.stop();
      const journal = troubled(bus.journal);
      for (let time = 0; time < 2; time++) (await Cell.open(probe({ bus }).options))?.stop();
      const made = probe({ bus, journal, bounds: { openingsMax: 2 } });
      journal.trouble('actor.poison', 'fail');
      const opening = Cell.open(made.options);
      await passing(made, 'the actor is poisoned', async () => (await typesOf(bus)).includes('actor.poison'));
      expect(await (await opening)?.whenStopped()).toEqual({ reason: 'ended' });
    });
  });
}
