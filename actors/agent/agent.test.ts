import { describe, expect, test } from 'vitest';
import { agentFold, allotment, assign, taskSpec } from '../../test/histories/agent.ts';
import type { Input, Request } from '../cell/kind.ts';
import type { AgentTable } from './agent.table.ts';
import { modelTriesMax, toolCallsPerRoundMax } from './bounds.ts';

interface Told {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** An agent and what it did with each input; answers find their request by its ref. */
class Bench {
  readonly fold = agentFold();
  facts: Told[] = [];
  requests: Request[] = [];
  #at = 1_000;
  #told = 0;

  constructor(first: Input = assign()) {
    this.take(first);
  }

  get state(): string {
    return this.fold.state;
  }
  get table(): AgentTable {
    return this.fold.table;
  }
  get types(): string[] {
    return this.facts.map(({ type }) => type);
  }

  take(input: Input): this {
    const { facts, requests } = this.fold.step(JSON.parse(JSON.stringify(input)) as Input, this.#at);
    this.facts = [...facts];
    this.requests = requests.map(({ request }) => request);
    return this;
  }

  settle(ref: string, input: Input): this {
    const pending = this.fold.pendingRef(ref);
    if (pending === undefined) throw new Error(`nothing waits under ${ref}`);
    return this.take({ ...input, ref, key: pending.key });
  }

  reply(text: string, calls: readonly object[] = [], more: object = {}): this {
    const usage = { input: 100, cacheRead: 10, cacheWrite: 0, output: 40, reasoning: 5 };
    return this.settle(`c${this.table.calls}`, {
      type: 'model.replied',
      text,
      toolCalls: calls,
      finish: calls.length > 0 ? 'tool-calls' : 'stop',
      usage,
      costMicroUsd: 20,
      answeredBy: 'y-1',
      ...more,
    });
  }

  done(ref: string, text = `result of ${ref}`): this {
    return this.settle(ref, { type: 'tool.completed', text, truncated: false });
  }

  fail(ref: string, code: string, retryable = false, more: object = {}): this {
    return this.settle(ref, { type: 'effect.failed', code, message: `${code} happened`, retryable, ...more });
  }

  timer(): this {
    const [timer] = this.fold.timers;
    if (timer === undefined) throw new Error('no timer runs');
    this.#at = timer[1].due;
    return this.take({ type: 'timer.fired', name: timer[0], key: timer[1].key });
  }

  message(input: Input): this {
    this.#told += 1;
    return this.take({ ...input, id: `m${this.#told}` });
  }

  fact(type: string): Readonly<Record<string, unknown>> | undefined {
    return this.facts.find((one) => one.type === type)?.data;
  }
}

const call = (name: string, more: object = {}): object => ({ id: `id-${name}`, name, input: { path: 'a' }, ...more });
const refs = (bench: Bench): string[] => bench.requests.map(({ ref }) => ref);
const bigger = (more: object): Input => assign({ allotment: { ...allotment, ...more } });

describe('think, act, observe', () => {
  test('an assigned agent says so and asks its model with prompt and material', () => {
    const bench = new Bench();
    expect(bench.types).toEqual(['task.started', 'model.called']);
    expect(bench.requests).toMatchObject([{ type: 'model.call', ref: 'c1', upTo: 2, outputTokensMax: 500 }]);
    expect(bench.table.transcript).toEqual([
      { role: 'system', text: 'be brief\nRole: single' },
      { role: 'user', text: 'look\n\n## notes\na note' },
    ]);
  });

  test('a reply without tool calls is the answer', () => {
    const bench = new Bench().reply('found it');
    expect(bench.types).toEqual(['model.replied', 'agent.answered']);
    expect(bench.fact('agent.answered')).toMatchObject({
      task: 't0',
      attempt: 1,
      result: 'found it',
      truncated: false,
      usage: { modelCalls: 1, tokens: 150, costMicroUsd: 20, estimated: false },
    });
    expect(bench.state).toBe('answered');
  });

  test('an answer that was cut off says so', () =>
    expect(new Bench().reply('half', [], { finish: 'length' }).fact('agent.answered')).toMatchObject({ truncated: true }));

  test('a long answer travels as its blob', () => {
    const text = 'x'.repeat(20_000);
    expect(new Bench().reply(text, [], { textBlob: 'b'.repeat(64) }).fact('agent.answered')).toMatchObject({ result: 'x'.repeat(2_000), blob: 'b'.repeat(64) });
  });

  test('all results of a round go to the model together, in the order of the calls', () => {
    const bench = new Bench().reply('', [call('fs.read'), call('fs.read')]).done('c1.1', 'second');
    expect([bench.state, bench.types]).toEqual(['acting', ['tool.completed']]);
    bench.done('c1.0', 'first');
    expect([bench.state, bench.types]).toEqual(['thinking', ['tool.completed', 'model.called']]);
    expect(bench.table.transcript.slice(3).map(({ text }) => text)).toEqual(['first', 'second']);
    expect(bench.requests[0]).toMatchObject({ ref: 'c2', upTo: 5 });
  });

  test('what tools changed is collected before the answer', () => {
    const bench = new Bench()
      .reply('', [call('fs.write')])
      .done('c1.0')
      .reply('written');
    expect([bench.state, refs(bench)]).toEqual(['collecting', ['collect']]);
    bench.settle('collect', { type: 'workspace.collected', artifacts: [{ path: 'a' }], count: 1 });
    expect(bench.fact('agent.answered')).toMatchObject({ result: 'written', artifacts: [{ path: 'a' }], changed: 1 });
  });

  test('a workspace that cannot be collected fails the agent', () => {
    const bench = new Bench()
      .reply('', [call('fs.write')])
      .done('c1.0')
      .reply('written')
      .fail('collect', 'store_failed', true);
    expect([bench.state, bench.fact('agent.failed')]).toMatchObject(['failed', { code: 'store_failed', retryable: true }]);
  });
});

describe('the order of tools', () => {
  test('parallel tools start together', () =>
    expect(refs(new Bench().reply('', [call('fs.read'), call('mail.send'), call('fs.read')]))).toEqual(['c1.0', 'c1.1', 'c1.2']));

  test('an exclusive tool waits for those before it and holds up those after it', () => {
    const bench = new Bench().reply('', [call('fs.read'), call('fs.list'), call('fs.read')]);
    expect(refs(bench)).toEqual(['c1.0']);
    expect(refs(bench.done('c1.0'))).toEqual(['c1.1']);
    expect(refs(bench.done('c1.1'))).toEqual(['c1.2']);
  });

  test('an exclusive tool at the front runs alone', () => {
    const bench = new Bench().reply('', [call('fs.list'), call('fs.read')]);
    expect(refs(bench)).toEqual(['c1.0']);
    expect(refs(bench.done('c1.0'))).toEqual(['c1.1']);
  });

  test('tools that are not safe to repeat are asked for as such', () => {
    const bench = new Bench().reply('', [call('fs.read'), call('mail.send')]);
    expect(bench.requests.map(({ repeatable }) => repeatable)).toEqual([true, false]);
  });
});

describe('what goes wrong with tools is data for the model', () => {
  test.each([
    ['a tool that does not exist', call('no.such'), 'tool_unknown', "there is no tool 'no.such'"],
    ['arguments that are not JSON', call('fs.read', { input: undefined, malformed: '{"pa' }), 'tool_input_invalid', 'the arguments are not JSON: {"pa'],
  ])('%s', (_what, broken, code, text) => {
    const bench = new Bench().reply('', [broken, call('fs.read')]);
    expect(bench.facts.find(({ type, data }) => type === 'tool.completed' && data['code'] === code)?.data).toMatchObject({ call: 'c1.0', ok: false });
    bench.done('c1.1');
    expect(bench.table.transcript[3]).toMatchObject({ role: 'tool', ok: false });
    expect(bench.table.transcript[3]?.text).toContain(text);
  });

  test('a round in which nothing can run goes straight to the next', () => {
    const bench = new Bench().reply('', [call('no.such')]);
    expect([bench.state, bench.table.ticks, bench.table.usage.toolCalls]).toEqual(['thinking', 2, 0]);
  });

  test('calls above the bound of a round are answered with an error', () => {
    const bench = new Bench(bigger({ toolCalls: 100 })).reply(
      '',
      Array.from({ length: toolCallsPerRoundMax + 2 }, () => call('fs.read')),
    );
    expect(bench.requests.length).toBe(toolCallsPerRoundMax);
    expect(bench.facts.filter(({ data }) => data['code'] === 'tool_not_permitted').length).toBe(2);
  });

  test('a tool that failed', () => {
    const bench = new Bench().reply('', [call('fs.read')]).fail('c1.0', 'tool_timeout');
    expect(bench.state).toBe('thinking');
    expect(bench.table.transcript.at(-1)).toMatchObject({ role: 'tool', ok: false, text: 'error tool_timeout: tool_timeout happened' });
  });

  test('an outcome that nobody knows is told as that', () => {
    const bench = new Bench().reply('', [call('mail.send')]).fail('c1.0', 'outcome_unknown');
    expect(bench.fact('tool.completed')).toMatchObject({ code: 'outcome_unknown', ok: false });
    expect(bench.table.transcript.at(-1)?.text).toContain('Whether it took effect is not known');
  });
});

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

describe('messages and takeovers', () => {
  test('a note reaches the model with the next call, in order', () => {
    const bench = new Bench().message({ type: 'agent.note', text: 'one' }).message({ type: 'agent.note', text: 'two' });
    expect(bench.table.transcript.length).toBe(2);
    bench.reply('', [call('fs.read')]).done('c1.0');
    expect(bench.table.transcript.slice(-2)).toEqual([
      { role: 'user', text: 'one' },
      { role: 'user', text: 'two' },
    ]);
    expect(bench.requests[0]).toMatchObject({ upTo: bench.table.transcript.length });
  });

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
