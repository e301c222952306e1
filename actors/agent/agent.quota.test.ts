import { describe, expect, test } from 'vitest';
import { Bench, bigger, call, refs } from '../../test/histories/agent-bench.ts';

describe('quotas of an agent', () => {
  test('80 % of its rounds are told once, the end of them is quota.exceeded and ticks_exhausted', () => {
    const bench = new Bench(bigger({ ticks: 5, tokens: 100_000, toolCalls: 100 }));
    const warned: number[] = [];
    for (let round = 1; round <= 4; round++) {
      bench.reply('', [call('fs.read')]).done(`c${round}.0`);
      if (bench.types.includes('quota.warned')) warned.push(round);
    }
    expect(warned).toEqual([3]);
    bench.reply('', [call('fs.read')]).done('c5.0');
    expect(bench.types).toEqual(['tool.completed', 'quota.exceeded', 'agent.failed']);
    expect(bench.fact('agent.failed')).toMatchObject({ code: 'ticks_exhausted', retryable: false });
  });

  test('a call sends an output cap within what is left', () => {
    const bench = new Bench(bigger({ tokens: 400 }));
    expect(Number(bench.requests[0]?.['outputTokensMax'])).toBeLessThan(400);
    expect(bench.table.reserved).toBe(400);
  });

  test('without enough tokens it asks its coordinator, and goes on once they are granted', () => {
    const bench = new Bench(bigger({ tokens: 50 }));
    expect([bench.state, bench.types]).toEqual(['waiting', ['task.started', 'budget.asked']]);
    expect(bench.requests).toMatchObject([
      { type: 'message.send', ref: 'ask-1', to: 'coordinator', message: { type: 'budget.ask', task: 't0', attempt: 1, toolCalls: 0 } },
    ]);
    bench.settle('ask-1', { type: 'message.stored' }).message({ type: 'budget.granted', tokens: 5_000, toolCalls: 0, costMicroUsd: 0 });
    expect([bench.state, bench.table.allotment.tokens, bench.table.ticks]).toEqual(['thinking', 5_050, 1]);
  });

  test('without enough tool calls it asks, and acts once they are granted', () => {
    const bench = new Bench(bigger({ toolCalls: 1 })).reply('', [call('fs.read'), call('fs.read')]);
    expect([bench.state, bench.requests[0]?.['message']]).toMatchObject(['waiting', { toolCalls: 2, tokens: 0 }]);
    bench.message({ type: 'budget.granted', tokens: 0, toolCalls: 4, costMicroUsd: 0 });
    expect([bench.state, refs(bench)]).toEqual(['acting', ['c1.0', 'c1.1']]);
  });

  test('when its money is used up it asks for money, not for tokens', () => {
    const bench = new Bench(bigger({ costMicroUsd: 15 })).reply('', [call('fs.read')]).done('c1.0');
    expect([bench.state, bench.requests[0]?.['message']]).toMatchObject(['waiting', { type: 'budget.ask', tokens: 0, toolCalls: 0, costMicroUsd: 6 }]);
    bench.message({ type: 'budget.granted', tokens: 0, toolCalls: 0, costMicroUsd: 6 });
    expect(bench.state).toBe('thinking');
  });

  test('a refusal is quota.exceeded and the end', () => {
    const bench = new Bench(bigger({ tokens: 50 })).message({ type: 'budget.refused', quota: 'maxTokens', message: 'used up' });
    expect([bench.state, bench.types]).toEqual(['failed', ['quota.exceeded', 'agent.failed']]);
    expect(bench.fact('agent.failed')).toMatchObject({ code: 'quota_exceeded', retryable: false });
  });

  test('an ask that cannot be sent fails the attempt', () => {
    const bench = new Bench(bigger({ tokens: 50 })).fail('ask-1', 'store_failed', true);
    expect([bench.state, bench.fact('agent.failed')]).toMatchObject(['failed', { code: 'store_failed', retryable: true }]);
  });

  test.each([
    ['thinking', {}],
    ['acting', {}],
  ])('an ask that was answered before its sending was known to have failed changes nothing while %s', (state) => {
    const bench = state === 'thinking' ? new Bench(bigger({ tokens: 50 })) : new Bench(bigger({ toolCalls: 0 })).reply('', [call('fs.read')]);
    bench.message({ type: 'budget.granted', tokens: 5_000, toolCalls: 4, costMicroUsd: 0 });
    expect(bench.state).toBe(state);
    bench.fail('ask-1', 'bus_unreachable', true);
    expect([bench.state, bench.facts, bench.table.tries]).toEqual([state, [], 0]);
  });

  test('a reply without usage is charged its whole reservation, as estimated', () => {
    const bench = new Bench();
    const { reserved } = bench.table;
    expect(bench.reply('x', [], { usage: null, costMicroUsd: null }).fact('agent.answered')).toMatchObject({
      usage: { tokens: reserved, estimated: true, costUnknown: true },
    });
  });
});

describe('the soft warning of an agent', () => {
  const spending = (tokens: number): object => ({ usage: { input: tokens, cacheRead: 0, cacheWrite: 0, output: 0, reasoning: 0 } });
  const warned = (bench: Bench): unknown[] => bench.facts.filter(({ type }) => type === 'quota.warned').map(({ data }) => data);

  test('comes while it works, with the call that passes 80 % of its tokens, and once', () => {
    const bench = new Bench().reply('', [call('fs.read')], spending(4_700)).done('c1.0');
    expect(warned(bench)).toEqual([]);
    bench.reply('', [call('fs.read')], spending(100));
    expect([bench.state, warned(bench)]).toEqual(['acting', [{ quota: 'maxTokens', used: 4_800, limit: 6_000 }]]);
    bench.done('c2.0').reply('', [call('fs.read')], spending(100));
    expect(warned(bench)).toEqual([]);
  });

  test('tells tool calls when they start, and money in dollars', () => {
    const bench = new Bench().reply(
      '',
      Array.from({ length: 7 }, () => call('fs.read')),
      { costMicroUsd: 720 },
    );
    expect(warned(bench)).toEqual([
      { quota: 'maxToolCalls', used: 7, limit: 8 },
      { quota: 'maxCostUsd', used: 0.00072, limit: 0.0009 },
    ]);
  });

  test('a quota of one round or one call is not told: its first use is its last', () =>
    expect(warned(new Bench(bigger({ ticks: 1, toolCalls: 1 })).reply('', [call('fs.read')]))).toEqual([]));

  test('a failed call that was charged warns too', () => {
    const bench = new Bench(bigger({ tokens: 600 }));
    const { reserved } = bench.table;
    expect(warned(bench.fail('c1', 'model_cut', true))).toEqual([{ quota: 'maxTokens', used: reserved, limit: 600 }]);
  });

  test('stands before the end, which is the last fact of an agent', () =>
    expect(new Bench().reply('done', [], spending(5_000)).types).toEqual(['model.replied', 'quota.warned', 'agent.answered']));
});
