import { describe, expect, test } from 'vitest';
import { assign, taskSpec } from '../../test/histories/agent.ts';
import { Bench, bigger, call } from '../../test/histories/agent-bench.ts';
import { modelTriesMax } from './bounds.ts';

describe('a model that fails', () => {
  test('is asked again after a wait that doubles, in the same round', () => {
    const bench = new Bench();
    const waits: number[] = [];
    for (let time = 1; time < modelTriesMax; time++) {
      bench.fail(`c${time}`, 'model_overloaded', true);
      expect([bench.state, bench.fact('model.discarded')]).toMatchObject(['backoff', { tries: time, retryable: true }]);
      waits.push(Number(bench.fold.timers.get('backoff')?.due) - bench.fold.at);
      bench.timer();
    }
    expect([waits, bench.table.ticks]).toEqual([[500, 1_000, 2_000, 4_000], 1]);
    bench.fail(`c${modelTriesMax}`, 'model_overloaded', true);
    expect([bench.state, bench.fact('agent.failed')]).toMatchObject(['failed', { code: 'model_overloaded', retryable: true }]);
  });

  test('that asks for a wait gets it', () => {
    const bench = new Bench().fail('c1', 'model_rate_limited', true, { retryAfterMs: 7_000 });
    expect(Number(bench.fold.timers.get('backoff')?.due) - bench.fold.at).toBe(7_000);
  });

  test('for good fails the agent at once', () => {
    const bench = new Bench().fail('c1', 'model_auth');
    expect([bench.state, bench.fact('agent.failed')]).toMatchObject(['failed', { code: 'model_auth', retryable: false }]);
  });

  test('a reply ends the row of failures', () => {
    const bench = new Bench()
      .fail('c1', 'model_cut', true)
      .timer()
      .reply('', [call('fs.read')])
      .done('c1.0'.replace('c1', 'c2'));
    expect([bench.table.tries, bench.table.ticks]).toEqual([0, 2]);
  });

  test.each([
    ['model_rate_limited', 0, false],
    ['model_auth', 0, false],
    ['model_cut', 1, true],
    ['model_timeout', 1, true],
  ])('%s costs its reservation only when the provider may have worked', (code, charged, estimated) => {
    const bench = new Bench();
    const { reserved } = bench.table;
    bench.fail('c1', code, true);
    expect(bench.table.usage).toMatchObject({ tokens: charged * reserved, estimated });
  });
});

describe('messages and takeovers', () => {
  test('a call in flight when the worker died is charged as estimated and not decided anew', () => {
    const bench = new Bench();
    const { reserved } = bench.table;
    bench.take({ type: 'cell.opened', node: 'n2', epoch: 2 });
    expect([bench.state, bench.types, bench.table.usage]).toMatchObject(['thinking', ['cell.opened'], { tokens: reserved, estimated: true }]);
    expect(bench.fold.pendingRef('c1')).toBeDefined();
  });

  test('a takeover while tools run charges nothing', () => {
    const bench = new Bench().reply('', [call('fs.read')]);
    const before = bench.table.usage.tokens;
    bench.take({ type: 'cell.opened', node: 'n2', epoch: 2 });
    expect(bench.table.usage.tokens).toBe(before);
  });

  const lives: readonly (readonly [string, () => Bench])[] = [
    ['thinking', () => new Bench()],
    ['acting', () => new Bench().reply('', [call('fs.read')])],
    ['waiting', () => new Bench(bigger({ tokens: 50 }))],
    ['backoff', () => new Bench().fail('c1', 'model_cut', true)],
    [
      'collecting',
      () =>
        new Bench()
          .reply('', [call('fs.write')])
          .done('c1.0')
          .reply('written'),
    ],
  ];

  test.each(lives)('cancelled while %s it ends at once, with nothing pending', (state, live) => {
    const bench = live();
    expect(bench.state).toBe(state);
    const pending = bench.fold.pending.size;
    bench.message({ type: 'agent.cancel', reason: 'enough' });
    expect([bench.state, bench.types, bench.fold.pending.size, bench.fold.timers.size]).toEqual(['cancelled', ['agent.failed'], 0, 0]);
    expect(bench.fact('agent.failed')).toMatchObject({ code: 'cancelled', message: 'enough', retryable: false });
    expect(pending).toBe(state === 'backoff' ? 0 : 1);
  });

  test.each(lives)('a note and a takeover while %s change no state', (state, live) => {
    const bench = live().message({ type: 'agent.note', text: 'hi' }).take({ type: 'cell.opened', node: 'n2', epoch: 2 });
    expect(bench.state).toBe(state);
  });

  test('a poisoned agent tells what it has used, with the call in flight as estimated', () => {
    const poison = { type: 'actor.poison', code: 'actor_poisoned', message: 'opened 5 times' };
    const acting = new Bench().reply('', [call('fs.read')]).take(poison);
    expect(acting.fact('actor.poisoned')).toMatchObject({ code: 'actor_poisoned', usage: { tokens: 150, toolCalls: 1, estimated: false } });
    const thinking = new Bench();
    const { reserved } = thinking.table;
    expect(thinking.take(poison).fact('actor.poisoned')).toMatchObject({ task: 't0', attempt: 1, usage: { tokens: reserved, estimated: true } });
  });

  test('a call that is cancelled in flight keeps its reservation as spent, as estimated', () => {
    const bench = new Bench();
    const { reserved } = bench.table;
    bench.message({ type: 'agent.cancel', reason: 'enough' });
    expect(bench.fact('agent.failed')).toMatchObject({ usage: { tokens: reserved, estimated: true } });
  });

  test('the role of the task stands in the system prompt', () => {
    expect(new Bench(assign({ spec: { ...taskSpec, role: 'reduce' } })).table.transcript[0]?.text).toBe('be brief\nRole: reduce');
  });
});
