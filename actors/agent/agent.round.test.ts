import { describe, expect, test } from 'vitest';
import { Bench, bigger, call, refs } from '../../test/histories/agent-bench.ts';
import { toolCallsPerRoundMax } from './bounds.ts';

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
