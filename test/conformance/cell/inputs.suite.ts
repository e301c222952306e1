import { describe, expect, test } from 'vitest';
import { Cell } from '../../../actors/cell/cell.ts';
import { codeOf, type OpenBus, openerFor, until } from '../harness.ts';
import { troubled } from './journals.ts';
import { asks, begin, does, inputsOf, probe, replayed, tells, typesOf } from './probe.ts';

/** What enters a mailbox, and the fate of what does not enter the journal. */
export function inputsConformance(name: string, open: OpenBus): void {
  describe(`a cell on the ${name} bus: inputs`, () => {
    const opened = openerFor(open);

    test.each(['xstate.stop', 'xstate.done.actor.0', 'cell.opened', 'tool.started', 'actor.poison'])('%s is refused', async (type) => {
      const { bus } = await opened();
      const cell = await Cell.create(probe({ bus }).options, begin());
      expect(await codeOf(cell.post({ type }))).toBe('invalid_request');
      expect(cell.n).toBe(1);
      cell.stop();
    });

    test('a message above the bound is refused as mailbox_full, answers still get in', async () => {
      const { bus } = await opened();
      const journal = troubled(bus.journal);
      let answer = (): void => undefined;
      const { options } = probe({
        bus,
        journal,
        bounds: { mailboxMessagesMax: 2 },
        perform: () => new Promise((resolve) => (answer = () => resolve({ type: 'probe.settled' }))),
      });
      const cell = await Cell.create(options, begin({ emit: [asks('a')] }));
      const letGo = journal.hold();
      const first = cell.post(does());
      await until('the first is on its way', () => journal.asked.length === 2);
      const waiting = [cell.post(does()), cell.post(does())];
      expect(await codeOf(cell.post(does()))).toBe('mailbox_full');
      answer();
      await until('the answer waits too', () => cell.mailboxDepth === 3);
      letGo();
      await Promise.all([first, ...waiting]);
      await until('all are journaled', () => cell.idle);
      expect(await typesOf(bus)).toEqual(['probe.begin', 'probe.do', 'probe.do', 'probe.do', 'probe.settled']);
      cell.stop();
    });

    test('a message with an id that was seen is not journaled again', async () => {
      const { bus } = await opened();
      const { options, dead } = probe({ bus });
      const cell = await Cell.create(options, begin());
      expect(await Promise.all([cell.post(does({ id: 'm1' })), cell.post(does({ id: 'm1' }))])).toEqual(['stored', 'duplicate']);
      expect(await cell.post(does({ id: 'm1' }))).toBe('duplicate');
      expect(await typesOf(bus)).toEqual(['probe.begin', 'probe.do']);
      expect(dead).toEqual([]);
      cell.stop();
    });

    test('an answer to a settled key is dropped with that reason', async () => {
      const { bus } = await opened();
      const { options, dead } = probe({ bus });
      const cell = await Cell.create(options, begin({ emit: [asks('a')] }));
      await until('it is settled', () => cell.idle);
      expect(await cell.settle({ type: 'probe.settled', key: `${options.stream}:1` })).toBe('dropped');
      expect(dead.map(({ reason }) => reason)).toEqual(['its request is settled']);
      cell.stop();
    });

    test('an input that throws is dead-lettered, the machine is folded again, and the next input is taken', async () => {
      const { bus } = await opened();
      const { options, dead } = probe({ bus });
      const cell = await Cell.create(options, begin());
      expect(await cell.post(does({ add: 100, throws: true }))).toBe('dropped');
      expect(await cell.post(does({ add: 1 }))).toBe('stored');
      expect(cell.context).toMatchObject({ total: 1 });
      expect(dead.map(({ input, reason }) => [input.type, reason])).toEqual([['probe.do', 'the machine threw: the probe was told to throw']]);
      expect(await typesOf(bus)).toEqual(['probe.begin', 'probe.do']);
      expect(await replayed(bus)).toBe(cell.canonical());
      cell.stop();
    });

    test('a throw in the middle of a batch loses nothing before or after it', async () => {
      const { bus } = await opened();
      const { options, started } = probe({ bus });
      const cell = await Cell.create(options, begin());
      const fates = await Promise.all([
        cell.post(does({ add: 1, emit: [asks('a')] })),
        cell.post(does({ throws: true })),
        cell.post(does({ add: 2, emit: [asks('b')] })),
      ]);
      expect(fates).toEqual(['stored', 'dropped', 'stored']);
      await until('both effects are settled', () => cell.idle);
      expect(started).toEqual(['a', 'b']);
      expect(await replayed(bus)).toBe(cell.canonical());
      cell.stop();
    });

    test('a record above its bound after others of its batch does not end the cell as if the actor had', async () => {
      const { bus } = await opened();
      const cell = await Cell.create(probe({ bus }).options, begin());
      const fates = await Promise.all([cell.post(does({ add: 1 })), cell.post(does({ go: 'done', emit: [tells('x'.repeat(70_000))] }))]);
      expect(fates).toEqual(['stored', 'dropped']);
      expect(cell.end).toBeUndefined();
      expect(await cell.post(does({ add: 1 }))).toBe('stored');
      expect(cell.state).toBe('working');
      cell.stop();
    });

    test('an answer that throws is replaced once by effect.failed input_rejected', async () => {
      const { bus } = await opened();
      const cell = await Cell.create(probe({ bus, perform: async () => ({ type: 'probe.settled', throws: true }) }).options, begin({ emit: [asks('a')] }));
      await until('the replacement is journaled', () => cell.idle);
      const [, replacement] = await inputsOf(bus);
      expect(replacement).toMatchObject({ type: 'effect.failed', code: 'input_rejected', ref: 'a', retryable: false });
      expect(await replayed(bus)).toBe(cell.canonical());
      cell.stop();
    });

    test('three inputs in a row that throw end the actor as actor.poisoned', async () => {
      const { bus } = await opened();
      const cell = await Cell.create(probe({ bus }).options, begin());
      for (let time = 0; time < 3; time++) expect(await cell.post(does({ throws: true }))).toBe('dropped');
      expect(await cell.whenStopped()).toEqual({ reason: 'ended' });
      expect(await typesOf(bus)).toEqual(['probe.begin', 'actor.poison']);
      const last = JSON.parse((await replayed(bus)).toString()) as { poisoned: boolean };
      expect(last.poisoned).toBe(true);
    });

    test('throws that are not in a row poison nobody', async () => {
      const { bus } = await opened();
      const cell = await Cell.create(probe({ bus }).options, begin());
      for (let time = 0; time < 4; time++) {
        await cell.post(does({ throws: true }));
        await cell.post(does());
      }
      expect(cell.end).toBeUndefined();
      cell.stop();
    });

    test('a move that the chart refuses is a throw', async () => {
      const { bus } = await opened();
      const { options, dead } = probe({ bus });
      const cell = await Cell.create(options, begin());
      expect(await cell.post(does({ go: 'idle' }))).toBe('dropped');
      expect(dead[0]?.reason).toContain("refuses to go from 'working' to 'idle'");
      cell.stop();
    });

    test('a first input that throws makes no actor', async () => {
      const { bus } = await opened();
      expect(await codeOf(Cell.create(probe({ bus }).options, begin({ throws: true })))).not.toBe('resolved');
      expect(await typesOf(bus)).toEqual([]);
    });

    test('an actor is made once: the second maker meets a conflict', async () => {
      const { bus } = await opened();
      const cell = await Cell.create(probe({ bus }).options, begin());
      expect(await codeOf(Cell.create(probe({ bus, node: 'n2' }).options, begin()))).toBe('journal_conflict');
      cell.stop();
    });

    test('what waits when the actor ends is dropped with that reason', async () => {
      const { bus } = await opened();
      const { options, dead } = probe({ bus });
      const cell = await Cell.create(options, begin());
      const fates = await Promise.all([cell.post(does({ go: 'done' })), cell.post(does()), cell.post(does())]);
      expect(fates).toEqual(['stored', 'dropped', 'dropped']);
      expect(dead.map(({ reason }) => reason)).toEqual(['the actor has ended', 'the actor has ended']);
    });

    test('an actor that is tagged ended still takes late inputs, and starts nothing for what was pending', async () => {
      const { bus } = await opened();
      let aborted = 0;
      const { options } = probe({ bus, perform: (_request, { signal }) => new Promise(() => signal.addEventListener('abort', () => (aborted += 1))) });
      const cell = await Cell.create(options, begin({ emit: [asks('a')] }));
      await cell.post(does({ go: 'ended' }));
      expect(aborted).toBe(1);
      expect(await cell.post(does({ emit: [tells('late')] }))).toBe('stored');
      expect(cell.end).toBeUndefined();
      cell.stop();
    });

    test('what an ending machine asks for last is still performed', async () => {
      const { bus } = await opened();
      const { options, started } = probe({ bus });
      const cell = await Cell.create(options, begin());
      await cell.post(does({ go: 'done', emit: [asks('goodbye')] }));
      expect(await cell.whenStopped()).toEqual({ reason: 'ended' });
      expect(started).toEqual(['goodbye']);
    });

    test('a performer that throws in the asker’s stack is a failed effect', async () => {
      const { bus } = await opened();
      const { options } = probe({
        bus,
        perform: () => {
          throw new Error('not even a promise');
        },
      });
      const cell = await Cell.create(options, begin({ emit: [asks('a')] }));
      await until('it is settled', async () => (await typesOf(bus)).includes('effect.failed'));
      expect(cell.end).toBeUndefined();
      cell.stop();
    });
  });
}
