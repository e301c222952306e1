import { describe, expect, test } from 'vitest';
import { Cell } from '../../../actors/cell/cell.ts';
import type { Observation } from '../../../actors/ports/observer.ts';
import { codeOf, type OpenBus, openerFor, until } from '../harness.ts';
import { troubled } from './journals.ts';
import { asks, begin, does, inputsOf, linesOf, probe, replayed, tells, timer, typesOf } from './probe.ts';

/** Step, append, release; one writer; what is seen from outside. */
export function orderConformance(name: string, open: OpenBus): void {
  describe(`a cell on the ${name} bus: step, append, release`, () => {
    const opened = openerFor(open);

    test('an effect never starts before its append is acknowledged', async () => {
      const { bus } = await opened();
      const journal = troubled(bus.journal);
      const { options, started } = probe({ bus, journal });
      const cell = await Cell.create(options, begin());
      const letGo = journal.hold();
      const posted = cell.post(does({ emit: [asks('a')] }));
      await until('the append was asked for', () => journal.asked.flat().includes('probe.do'));
      await until('it is stored', async () => (await linesOf(bus)).length === 2);
      expect(started).toEqual([]);
      letGo();
      expect(await posted).toBe('stored');
      await until('the answer is journaled', async () => (await typesOf(bus)).includes('probe.settled'));
      expect(started).toEqual(['a']);
      cell.stop();
    });

    test('what waits is appended together, at most 64 records at once, each still one input', async () => {
      const { bus } = await opened();
      const journal = troubled(bus.journal);
      const { options } = probe({ bus, journal });
      const cell = await Cell.create(options, begin());
      await Promise.all(Array.from({ length: 130 }, (_, add) => cell.post(does({ add }))));
      expect(journal.asked.map((types) => types.length)).toEqual([1, 64, 64, 2]);
      expect(cell.n).toBe(131);
      expect(await replayed(bus)).toBe(cell.canonical());
      cell.stop();
    });

    test('a cell steps nothing past an append that is not acknowledged', async () => {
      const { bus } = await opened();
      const journal = troubled(bus.journal);
      const cell = await Cell.create(probe({ bus, journal }).options, begin());
      const letGo = journal.hold();
      const first = cell.post(does());
      await until('the first is on its way', () => journal.asked.length === 2);
      const second = cell.post(does());
      await until('the first is stored', async () => (await linesOf(bus)).length === 2);
      expect(cell.n).toBe(2);
      expect(journal.asked.length).toBe(2);
      letGo();
      await Promise.all([first, second]);
      expect(cell.n).toBe(3);
      cell.stop();
    });

    test('facts are numbered without a gap and keep the order they were decided in', async () => {
      const { bus } = await opened();
      const cell = await Cell.create(probe({ bus }).options, begin({ emit: [tells(1), tells(2)] }));
      await cell.post(does({ emit: [tells(3)] }));
      const facts = (await linesOf(bus)).flatMap((line) => (JSON.parse(line.slice(98)) as { facts: { seq: number; data: { what: number } }[] }).facts);
      expect(facts.map(({ seq, data }) => [seq, data.what])).toEqual([
        [1, 1],
        [2, 2],
        [3, 3],
      ]);
      cell.stop();
    });

    test('the machine sees what the journal gives back, not the object that the caller holds', async () => {
      const { bus } = await opened();
      const cell = await Cell.create(probe({ bus }).options, begin());
      const emit = [tells({ kept: 1, dropped: undefined })];
      await cell.post(does({ emit }));
      expect(await replayed(bus)).toBe(cell.canonical());
      cell.stop();
    });

    test('two cells race on one bus: one stops with a conflict and aborts its effects, the journal has one writer and verifies', async () => {
      const { bus } = await opened();
      let aborted = false;
      const forEver = probe({
        bus,
        node: 'n1',
        perform: (_request, { signal }) => new Promise(() => signal.addEventListener('abort', () => (aborted = true))),
      });
      const loser = await Cell.create(forEver.options, begin({ emit: [asks('a')] }));
      const winner = await Cell.open(probe({ bus, node: 'n2' }).options);
      expect(await codeOf(loser.post(does({ add: 1 })))).toBe('journal_conflict');
      expect(await loser.whenStopped()).toEqual({ reason: 'conflict' });
      expect(aborted).toBe(true);
      await winner?.post(does({ add: 2 }));
      await until('the repeated effect is settled', () => winner?.idle === true);
      expect((await inputsOf(bus)).filter(({ type }) => type === 'probe.do').map(({ add }) => add)).toEqual([2]);
      expect(await replayed(bus)).toBe(winner?.canonical());
      winner?.stop();
    });

    test('many cells race for one opening: one is left, and no number is given twice', async () => {
      const { bus } = await opened();
      const first = await Cell.create(probe({ bus }).options, begin());
      first.stop();
      const racers = await Promise.allSettled(Array.from({ length: 6 }, (_, at) => Cell.open(probe({ bus, node: `r${at}` }).options)));
      const won = racers.flatMap((racer) => (racer.status === 'fulfilled' && racer.value?.end === undefined ? [racer.value] : []));
      const posts = await Promise.all(won.map((cell) => (cell === undefined ? 'none' : codeOf(cell.post(does())))));
      expect(posts.filter((code) => code === 'resolved').length).toBe(1);
      const numbers = (await linesOf(bus)).map((line) => (JSON.parse(line.slice(98)) as { n: number }).n);
      expect(numbers).toEqual(numbers.map((_, index) => index + 1));
      await replayed(bus);
      for (const cell of won) cell?.stop();
    });

    test('without ownership an effect does not start, and the cell stops', async () => {
      const { bus } = await opened();
      let owner = true;
      const { options, started } = probe({ bus, mayStart: () => owner });
      const cell = await Cell.create(options, begin());
      owner = false;
      await cell.post(does({ emit: [asks('a')] }));
      expect(await cell.whenStopped()).toEqual({ reason: 'ownership_lost' });
      expect(started).toEqual([]);
    });

    test('an unsafe effect starts only after its tool.started is durable', async () => {
      const { bus } = await opened();
      let stood: string[] = [];
      const { options } = probe({
        bus,
        perform: async () => {
          stood = await typesOf(bus);
          return { type: 'probe.settled' };
        },
      });
      const cell = await Cell.create(options, begin());
      await cell.post(does({ emit: [asks('a', { repeatable: false })] }));
      await until('it is settled', () => cell.idle);
      expect(stood).toEqual(['probe.begin', 'probe.do', 'tool.started']);
      cell.stop();
    });

    test('an aborted effect is aborted after the append, and its late answer is not journaled', async () => {
      const { bus } = await opened();
      let aborted = 0;
      let answer = (): void => undefined;
      const { options } = probe({
        bus,
        perform: (_request, { signal }) => {
          signal.addEventListener('abort', () => (aborted += 1));
          return new Promise((resolve) => (answer = () => resolve({ type: 'probe.settled' })));
        },
      });
      const cell = await Cell.create(options, begin({ emit: [asks('a')] }));
      await cell.post(does({ emit: [{ request: { type: 'effect.abort', ref: 'a' } }] }));
      expect(aborted).toBe(1);
      answer();
      await cell.post(does());
      expect(await typesOf(bus)).toEqual(['probe.begin', 'probe.do', 'probe.do']);
      expect(cell.idle).toBe(true);
      cell.stop();
    });

    test('an observer sees each record with its own number and only the context that may be seen', async () => {
      const { bus } = await opened();
      const seen: Observation[] = [];
      const cell = await Cell.create(probe({ bus, observe: (one) => seen.push(one) }).options, begin());
      await Promise.all([cell.post(does({ add: 1 })), cell.post(does({ add: 2, go: 'resting' })), cell.post(does({ add: 3 }))]);
      expect(seen.map(({ seq, event, state, context }) => [seq, event, state, context])).toEqual([
        [1, 'probe.begin', 'working', { total: 0 }],
        [2, 'probe.do', 'working', { total: 1 }],
        [3, 'probe.do', 'resting', { total: 3 }],
        [4, 'probe.do', 'resting', { total: 6 }],
      ]);
      cell.stop();
    });

    test('an observer that throws hurts nobody', async () => {
      const { bus } = await opened();
      const { options, dead, started } = probe({
        bus,
        observe: () => {
          throw new Error('the inspector fell over');
        },
      });
      const cell = await Cell.create(options, begin());
      expect(await cell.post(does({ emit: [asks('a')] }))).toBe('stored');
      await until('the effect is settled', () => cell.idle);
      expect(started).toEqual(['a']);
      expect(cell.end).toBeUndefined();
      expect(dead.every(({ reason }) => reason.includes('an observer threw'))).toBe(true);
      cell.stop();
    });

    test('a cell passivates only when nothing is running, waiting or awaited', async () => {
      const { bus } = await opened();
      let answer = (): void => undefined;
      const { options } = probe({ bus, perform: () => new Promise((resolve) => (answer = () => resolve({ type: 'probe.settled' }))) });
      const cell = await Cell.create(options, begin());
      const posted = cell.post(does({ emit: [asks('a')] }));
      expect(cell.passivate()).toBe(false);
      await posted;
      expect(cell.passivate()).toBe(false);
      answer();
      await until('it is idle', () => cell.idle);
      expect(cell.passivate()).toBe(true);
      expect(await cell.whenStopped()).toEqual({ reason: 'passivated' });
      expect(await codeOf(cell.post(does()))).toBe('closed');
    });

    test('waiting for a timer does not keep a cell awake', async () => {
      const { bus } = await opened();
      const cell = await Cell.create(probe({ bus }).options, begin({ emit: [timer('t', 500)] }));
      expect(cell.nextDue).toBe(1_500);
      expect(cell.passivate()).toBe(true);
    });

    test('a cell whose signal was aborted before it began stores nothing, and says so', async () => {
      const { bus } = await opened();
      const signal = AbortSignal.abort();
      expect(await codeOf(Cell.create({ ...probe({ bus }).options, signal }, begin()))).toBe('closed');
      expect(await typesOf(bus)).toEqual([]);
      (await Cell.create(probe({ bus }).options, begin())).stop();
      expect(await codeOf(Cell.open({ ...probe({ bus }).options, signal }))).toBe('closed');
      expect(await typesOf(bus)).toEqual(['probe.begin']);
    });

    test('a cell stops when its signal is aborted', async () => {
      const { bus } = await opened();
      const halt = new AbortController();
      const cell = await Cell.create({ ...probe({ bus }).options, signal: halt.signal }, begin());
      halt.abort();
      expect(await cell.whenStopped()).toEqual({ reason: 'stopped' });
    });

    test('the answer to what an ended actor asked for last is no dead letter, its failure is', async () => {
      const { bus } = await opened();
      const { options, dead, started } = probe({
        bus,
        perform: (request) => (request.ref === 'fails' ? Promise.reject(new Error('it was told to')) : Promise.resolve({ type: 'probe.settled' })),
      });
      const cell = await Cell.create(options, begin());
      await cell.post(does({ go: 'ended', emit: [asks('last'), asks('fails')] }));
      await until('both are over', () => cell.idle && dead.length > 0);
      expect([started, dead.map(({ input }) => [input.type, input['ref']])]).toEqual([['last', 'fails'], [['effect.failed', 'fails']]]);
      cell.stop();
    });
  });
}
