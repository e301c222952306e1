import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Fact } from '../../protocols/journal/facts.ts';
import { asks, begin, does, probeKind, probeStream, tells, timer } from '../../test/conformance/cell/probe.ts';
import { agentFold, agentHistory, agentStream, type Stamped } from '../../test/histories/agent.ts';
import { Chance } from '../../test/histories/random.ts';
import { agentKind } from '../agent/agent.kind.ts';
import { Fold, type FoldState } from './fold.ts';
import type { Input } from './kind.ts';

const probeFold = (seenMax = 100): Fold => {
  const fold = new Fold(probeKind, probeStream, seenMax);
  fold.step(begin(), 1_000);
  return fold as Fold;
};
const key = (asked: number): string => `${probeStream}:${asked}`;

describe('a fold', () => {
  test('refuses inputs of the machine library', () => expect(() => probeFold().step({ type: 'xstate.stop' }, 1_000)).toThrow(/refused/));

  test('time never runs backwards, but may stand still', () => {
    const fold = probeFold();
    fold.step(does(), 1_000);
    expect(() => fold.step(does(), 999)).toThrow(/backwards/);
  });

  test('numbers facts without a gap, those of the cell first', () => {
    const fold = probeFold();
    const opened = fold.step({ type: 'cell.opened', node: 'n2', epoch: 2, emit: [tells(1)] } as Input, 1_000);
    const { facts } = fold.step(does({ emit: [tells(2), asks('a'), tells(3)] }), 1_000);
    expect([...opened.facts, ...facts].map(({ seq, type }) => `${seq} ${type}`)).toEqual(['1 cell.opened', '2 vote.cast', '3 vote.cast', '4 vote.cast']);
    expect([fold.epoch, fold.node]).toEqual([2, 'n2']);
  });

  test('requests keep their order, each under its own key', () => {
    const { requests } = probeFold().step(does({ emit: [asks('a'), tells(1), asks('b')] }), 1_000);
    expect(requests.map(({ key: one, request }) => [one, request.ref])).toEqual([
      [key(1), 'a'],
      [key(2), 'b'],
    ]);
  });

  test('a request is settled by exactly the input that carries its key', () => {
    const fold = probeFold();
    fold.step(does({ emit: [asks('a'), asks('b')] }), 1_000);
    fold.step({ type: 'probe.settled', key: key(1) }, 1_000);
    expect([fold.awaits(key(1)), fold.awaits(key(2)), fold.pending.size]).toEqual([false, true, 1]);
  });

  test('tool.started marks its request and settles nothing', () => {
    const fold = probeFold();
    fold.step(does({ emit: [asks('a', { repeatable: false })] }), 1_000);
    const { facts } = fold.step({ type: 'tool.started', key: key(1), ref: 'a' }, 1_000);
    expect(facts.map(({ type, data }) => [type, data])).toEqual([['tool.started', { call: 'a', key: key(1) }]]);
    expect(fold.pendingRef('a')).toMatchObject({ started: true });
  });

  test('timers live in the fold: due from the time of the record, replaced by name, gone when fired or stopped', () => {
    const fold = probeFold();
    fold.step(does({ emit: [timer('t', 500), timer('u', 100)] }), 2_000);
    expect(Object.fromEntries(fold.timers)).toEqual({ t: { key: key(1), due: 2_500 }, u: { key: key(2), due: 2_100 } });
    fold.step(does({ emit: [timer('t', 50)] }), 2_000);
    expect([fold.awaits(key(1)), fold.timers.get('t')]).toEqual([false, { key: key(3), due: 2_050 }]);
    fold.step({ type: 'timer.fired', name: 't', key: key(3) }, 2_050);
    fold.step(does({ emit: [{ request: { type: 'timer.stop', ref: 'u', name: 'u' } }] }), 2_050);
    expect(fold.timers.size).toBe(0);
  });

  test('an abort by ref forgets the request and names its key', () => {
    const fold = probeFold();
    fold.step(does({ emit: [asks('a'), asks('b')] }), 1_000);
    const { aborted } = fold.step(
      does({ emit: [{ request: { type: 'effect.abort', ref: 'b' } }, { request: { type: 'effect.abort', ref: 'nobody' } }] }),
      1_000,
    );
    expect([aborted, fold.awaits(key(2)), fold.awaits(key(1))]).toEqual([[key(2)], false, true]);
  });

  test('at its end nothing is awaited any more, and what was pending is aborted but for the last requests', () => {
    const fold = probeFold();
    fold.step(does({ emit: [asks('a'), timer('t', 10)] }), 1_000);
    const { aborted, requests } = fold.step(does({ go: 'ended', emit: [asks('goodbye')] }), 1_000);
    expect([aborted, requests.map(({ request }) => request.ref)]).toEqual([[key(1)], ['goodbye']]);
    expect([fold.pending.size, fold.timers.size, fold.ended, fold.closed]).toEqual([0, 0, true, false]);
  });

  test.each([
    ['a move that the chart does not know', { go: 'idle' }],
    ['facts on an input that the state does not take', { type: 'probe.unknown', emit: [tells(1)] }],
    ['a reducer that throws', { throws: true }],
  ])('%s is a throw', (_what, more) => expect(() => probeFold().step({ ...does(), ...more } as Input, 1_000)).toThrow());

  test('remembers ids up to its bound, the oldest forgotten first, in the snapshot too', () => {
    const fold = probeFold(3);
    for (const id of ['a', 'b', 'c', 'd']) fold.step(does({ id }), 1_000);
    expect(['a', 'b', 'c', 'd'].map((id) => fold.hasSeen(id))).toEqual([false, true, true, true]);
    expect(fold.toState().seen).toEqual(['b', 'c', 'd']);
  });

  test('a poisoned actor takes nothing more and says why', () => {
    const fold = probeFold();
    fold.step(does({ emit: [asks('a')] }), 1_000);
    const { facts, aborted } = fold.step({ type: 'actor.poison', code: 'actor_poisoned', message: 'three throws' }, 1_000);
    expect([facts[0]?.type, aborted, fold.closed]).toEqual(['actor.poisoned', [key(1)], true]);
  });
});

/** Folds a history, from a snapshot or from nothing; the facts of each input. */
function foldAll(history: readonly Stamped[], from?: FoldState): { fold: Fold; facts: Fact[] } {
  const fold = (from === undefined ? agentFold() : new Fold(agentKind, agentStream, 8, from)) as Fold;
  const facts = history.flatMap(({ input, at }) => [...fold.step(input, at).facts]);
  return { fold, facts };
}

describe('random lives of agents', () => {
  const lives = fc.integer().map((seed) => agentHistory(new Chance(seed), 60));

  test('snapshot and tail are the full fold, byte for byte, at every cut', () => {
    fc.assert(
      fc.property(lives, (history) => {
        const whole = foldAll(history);
        for (let cut = 1; cut < history.length; cut++) {
          const head = foldAll(history.slice(0, cut));
          const state = JSON.parse(JSON.stringify(head.fold.toState())) as FoldState;
          const tail = foldAll(history.slice(cut), state);
          expect(tail.fold.canonical()).toBe(whole.fold.canonical());
          expect([...head.facts, ...tail.facts]).toEqual(whole.facts);
        }
      }),
      { numRuns: 25 },
    );
  });

  test('facts are gapless, time grows, and no key is ever asked twice', () => {
    fc.assert(
      fc.property(lives, (history) => {
        const fold = agentFold();
        const keys = new Set<string>();
        let seq = 0;
        for (const { input, at } of history) {
          const step = fold.step(input, at);
          for (const one of step.facts) expect(one.seq).toBe((seq += 1));
          for (const one of step.requests) {
            expect(keys.has(one.key)).toBe(false);
            keys.add(one.key);
          }
          const refs = [...fold.pending.values()].map(({ request }) => request.ref);
          expect(new Set(refs).size).toBe(refs.length);
        }
      }),
      { numRuns: 100 },
    );
  });

  test('a snapshot is not changed by what is folded after it', () => {
    fc.assert(
      fc.property(lives, (history) => {
        const cut = Math.ceil(history.length / 2);
        const { fold } = foldAll(history.slice(0, cut));
        const state = JSON.parse(JSON.stringify(fold.toState())) as FoldState;
        const before = JSON.stringify(state);
        foldAll(history.slice(cut), state);
        expect(JSON.stringify(state)).toBe(before);
      }),
      { numRuns: 25 },
    );
  });

  test('an agent in its final state says so as its last fact', () => {
    fc.assert(
      fc.property(lives, (history) => {
        const { fold, facts } = foldAll(history);
        const ends = facts.filter(({ type }) => type === 'agent.answered' || type === 'agent.failed');
        expect(ends.length).toBe(fold.closed ? 1 : 0);
        if (fold.closed) expect(facts.at(-1)).toBe(ends[0]);
      }),
      { numRuns: 100 },
    );
  });
});
