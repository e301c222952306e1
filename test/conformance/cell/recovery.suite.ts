import { describe, expect, test } from 'vitest';
import { Cell } from '../../../actors/cell/cell.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { codeOf, type OpenBus, openerFor, until } from '../harness.ts';
import { troubled } from './journals.ts';
import { asks, begin, does, inputsOf, linesOf, probe, reopened, replayed, timer, typesOf } from './probe.ts';

const hangs = () => new Promise<never>(() => undefined);

/** Taking over a journal: what is armed, what runs again, what never does. */
export function recoveryConformance(name: string, open: OpenBus): void {
  describe(`a cell on the ${name} bus: opening`, () => {
    const opened = openerFor(open);

    test('an empty journal has no actor', async () => {
      const { bus } = await opened();
      expect(await Cell.open(probe({ bus }).options)).toBeUndefined();
    });

    test('cell.opened with the next epoch stands before any effect starts', async () => {
      const { bus } = await opened();
      (await Cell.create(probe({ bus, perform: hangs }).options, begin({ emit: [asks('a')] }))).stop();
      let stood: string[] = [];
      const cell = await reopened(
        probe({
          bus,
          node: 'n2',
          perform: async (_request, { epoch }) => {
            stood = await typesOf(bus);
            return { type: 'probe.settled', epoch };
          },
        }).options,
      );
      await until('it is settled', () => cell.idle);
      expect(stood).toEqual(['probe.begin', 'cell.opened']);
      expect((await inputsOf(bus)).map(({ type, node, epoch }) => [type, node, epoch])).toEqual([
        ['probe.begin', 'n1', 1],
        ['cell.opened', 'n2', 2],
        ['probe.settled', undefined, 2],
      ]);
      cell.stop();
    });

    test('no effect starts while the append of cell.opened is not acknowledged', async () => {
      const { bus } = await opened();
      (await Cell.create(probe({ bus, perform: hangs }).options, begin({ emit: [asks('a')] }))).stop();
      const journal = troubled(bus.journal);
      const { options, started } = probe({ bus, journal, node: 'n2' });
      const letGo = journal.hold();
      const opening = Cell.open(options);
      await until('the opening is stored', async () => (await typesOf(bus)).includes('cell.opened'));
      expect(started).toEqual([]);
      letGo();
      const cell = await opening;
      await until('it is settled', () => cell?.idle === true);
      expect(started).toEqual(['a']);
      cell?.stop();
    });

    test('a pending safe effect runs again under the same key, a settled one never', async () => {
      const { bus } = await opened();
      const keys: string[] = [];
      const first = probe({
        bus,
        perform: (request, { key }) => (request.ref === 'a' ? Promise.resolve({ type: 'probe.settled' }) : (keys.push(key), hangs())),
      });
      const cell = await Cell.create(first.options, begin({ emit: [asks('a'), asks('b')] }));
      await until('a is settled', async () => (await typesOf(bus)).includes('probe.settled'));
      cell.stop();
      const second = probe({
        bus,
        node: 'n2',
        perform: async (_request, { key }) => {
          keys.push(key);
          return { type: 'probe.settled' };
        },
      });
      const again = await reopened(second.options);
      await until('b is settled', () => again.idle);
      expect(second.started).toEqual(['b']);
      expect(new Set(keys)).toEqual(new Set([`${first.options.stream}:2`]));
      again.stop();
    });

    test('an unsafe effect that had started is told as outcome_unknown and not run', async () => {
      const { bus } = await opened();
      const first = probe({ bus, perform: hangs });
      const cell = await Cell.create(first.options, begin({ emit: [asks('a', { repeatable: false })] }));
      await until('it has started', () => first.started.length === 1);
      cell.stop();
      const second = probe({ bus, node: 'n2' });
      const again = await reopened(second.options);
      await until('it is told', () => again.idle);
      expect(second.started).toEqual([]);
      expect((await inputsOf(bus)).at(-1)).toMatchObject({ type: 'effect.failed', code: 'outcome_unknown', ref: 'a' });
      again.stop();
    });

    test('an unsafe effect that had not started runs', async () => {
      const { bus } = await opened();
      const journal = troubled(bus.journal);
      journal.trouble('tool.started', 'conflict');
      const first = await Cell.create(probe({ bus, journal }).options, begin({ emit: [asks('a', { repeatable: false })] }));
      await first.whenStopped();
      const second = probe({ bus, node: 'n2' });
      const again = await reopened(second.options);
      await until('it is settled', () => again.idle);
      expect(second.started).toEqual(['a']);
      expect(await typesOf(bus)).toEqual(['probe.begin', 'cell.opened', 'tool.started', 'probe.settled']);
      again.stop();
    });

    test('a timer is armed again with what is left of it', async () => {
      const { bus } = await opened();
      const first = probe({ bus });
      const cell = await Cell.create(first.options, begin({ emit: [timer('t', 500)] }));
      cell.stop();
      const clock = new VirtualClock(1_300);
      const again = await reopened(probe({ bus, node: 'n2', clock }).options);
      expect(again.nextDue).toBe(1_500);
      clock.advanceTo(1_499);
      await again.post(does());
      expect(await typesOf(bus)).not.toContain('timer.fired');
      clock.advanceTo(1_500);
      await until('it fired', async () => (await typesOf(bus)).includes('timer.fired'));
      expect((await inputsOf(bus)).at(-1)).toMatchObject({ type: 'timer.fired', name: 't', key: `${first.options.stream}:1` });
      expect(again.nextDue).toBeUndefined();
      again.stop();
    });

    test('a timer that fell due while nobody was there fires at once, once', async () => {
      const { bus } = await opened();
      (await Cell.create(probe({ bus }).options, begin({ emit: [timer('t', 500)] }))).stop();
      const clock = new VirtualClock(9_000);
      const again = await reopened(probe({ bus, node: 'n2', clock }).options);
      clock.advanceBy(0);
      await until('it fired', async () => (await typesOf(bus)).includes('timer.fired'));
      clock.advanceBy(10_000);
      await again.post(does());
      expect((await typesOf(bus)).filter((type) => type === 'timer.fired').length).toBe(1);
      again.stop();
    });

    test('a stopped timer does not fire', async () => {
      const { bus } = await opened();
      const { options, clock } = probe({ bus });
      const cell = await Cell.create(options, begin({ emit: [timer('t', 500)] }));
      await cell.post(does({ emit: [{ request: { type: 'timer.stop', ref: 't', name: 't' } }] }));
      clock.advanceBy(1_000);
      await cell.post(does());
      expect(await typesOf(bus)).toEqual(['probe.begin', 'probe.do', 'probe.do']);
      cell.stop();
    });

    test('a node whose clock is behind does not turn time back', async () => {
      const { bus } = await opened();
      (await Cell.create(probe({ bus, clock: new VirtualClock(5_000) }).options, begin())).stop();
      const again = await reopened(probe({ bus, node: 'n2', clock: new VirtualClock(100) }).options);
      await again.post(does());
      const times = (await linesOf(bus)).map((line) => (JSON.parse(line.slice(98)) as { at: number }).at);
      expect(times).toEqual([5_000, 5_000, 5_000]);
      await replayed(bus);
      again.stop();
    });

    test('an ended journal is not opened', async () => {
      const { bus } = await opened();
      const cell = await Cell.create(probe({ bus }).options, begin());
      await cell.post(does({ go: 'done' }));
      const again = await reopened(probe({ bus, node: 'n2' }).options);
      expect(again.end).toEqual({ reason: 'ended' });
      expect(await typesOf(bus)).toEqual(['probe.begin', 'probe.do']);
      expect(await codeOf(again.post(does()))).toBe('closed');
    });

    test('openings without progress are bounded, then the actor is poisoned', async () => {
      const { bus } = await opened();
      (await Cell.create(probe({ bus, perform: hangs }).options, begin({ emit: [asks('a')] }))).stop();
      for (let time = 0; time < 5; time++) (await reopened(probe({ bus, perform: hangs }).options)).stop();
      const last = await reopened(probe({ bus, perform: hangs }).options);
      expect(await last.whenStopped()).toEqual({ reason: 'ended' });
      expect((await typesOf(bus)).filter((type) => type === 'cell.opened').length).toBe(5);
      expect((await inputsOf(bus)).at(-1)).toMatchObject({ type: 'actor.poison', code: 'actor_poisoned' });
    });

    test('an unknown outcome is no progress, any other input is', async () => {
      const { bus } = await opened();
      (await Cell.create(probe({ bus }).options, begin())).stop();
      for (let time = 0; time < 8; time++) {
        const cell = await reopened(probe({ bus }).options);
        if (time === 3) await cell.post(does());
        cell.stop();
      }
      expect(await typesOf(bus)).not.toContain('actor.poison');
    });

    test('a machine that does not bound its openings is opened as often as it takes', async () => {
      const { bus } = await opened();
      (await Cell.create(probe({ bus }).options, begin({ machine: 'patient' }))).stop();
      for (let time = 0; time < 8; time++) (await reopened(probe({ bus }).options)).stop();
      expect((await typesOf(bus)).filter((type) => type === 'cell.opened').length).toBe(8);
    });

    test('a machine that this node does not have is not opened', async () => {
      const { bus } = await opened();
      (await Cell.create(probe({ bus }).options, begin())).stop();
      const { options } = probe({ bus });
      const { Kinds } = await import('../../../actors/cell/kinds.ts');
      expect(await codeOf(Cell.open({ ...options, kinds: new Kinds([]) }))).toBe('machine_unknown');
    });
  });
}
