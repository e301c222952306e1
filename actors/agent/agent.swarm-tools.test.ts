import { describe, expect, test } from 'vitest';
import { swarmToolSpecs } from '../../protocols/goals/swarm-tools.ts';
import { assign, taskSpec } from '../../test/histories/agent.ts';
import { Bench, call } from '../../test/histories/agent-bench.ts';
import { settleRetryMs } from './bounds.ts';

const sharing = (): Bench => new Bench(assign({ spec: { ...taskSpec, tools: [...taskSpec.tools, ...swarmToolSpecs()] } }));
const asking = (name: string, input: object): object => call(name, { input });
const set = asking('memory.set', { key: 'a', value: 1, expected: 0 });
const get = asking('memory.get', { key: 'a' });
const settled = (ref: string, more: Readonly<Record<string, unknown>> = {}) => ({
  type: 'tool.settled',
  call: ref,
  ok: true,
  text: 'told',
  id: `m-${ref}`,
  ...more,
});

describe('a tool that the coordinator answers', () => {
  test('is asked of it by a message that names attempt and call', () => {
    const bench = sharing().reply('', [set]);
    expect([bench.state, bench.types]).toEqual(['acting', ['model.replied', 'tool.requested']]);
    expect(bench.requests).toEqual([
      {
        type: 'message.send',
        ref: 'tell-c1.0-1',
        to: 'coordinator',
        message: { type: 'memory.ask', task: 't0', attempt: 1, call: 'c1.0', tool: 'memory.set', input: { key: 'a', value: 1, expected: 0 } },
      },
    ]);
    expect(bench.fold.timers.get('tell-c1.0')?.due).toBe(bench.fold.at + settleRetryMs);
    expect(bench.table.usage.toolCalls).toBe(1);
  });

  test.each([
    ['after', ['stored', 'settled']],
    ['before', ['settled', 'stored']],
  ])('is settled by the answer, which may come %s the sending is noted', (_when, order) => {
    const bench = sharing().reply('', [set]);
    for (const one of order) {
      if (one === 'stored') bench.settle('tell-c1.0-1', { type: 'message.stored' });
      else bench.take(settled('c1.0'));
    }
    expect([bench.state, bench.table.ticks, bench.fold.timers.size]).toEqual(['thinking', 2, 0]);
    expect(bench.table.transcript.at(-1)).toMatchObject({ role: 'tool', name: 'memory.set', ok: true, text: 'told' });
    expect([...bench.fold.pending.values()].map(({ request }) => request.ref)).toEqual(['c2']);
  });

  test('fails as data: what the coordinator refused, and what could not be sent', () => {
    const refused = sharing()
      .reply('', [set])
      .take(settled('c1.0', { ok: false, code: 'memory_conflict', text: 'error memory_conflict: …' }));
    expect(refused.fact('tool.completed')).toMatchObject({ ok: false, code: 'memory_conflict' });
    const unsent = sharing().reply('', [set]);
    unsent.settle('tell-c1.0-1', { type: 'effect.failed', ref: 'tell-c1.0-1', code: 'subject_invalid', message: 'no', retryable: false });
    expect(unsent.fact('tool.completed')).toMatchObject({ ok: false, code: 'subject_invalid' });
    expect([unsent.state, unsent.fold.timers.size]).toEqual(['thinking', 0]);
  });

  test('a second answer, and a failure to send what was answered, change nothing', () => {
    const bench = sharing().reply('', [set]).take(settled('c1.0'));
    expect(bench.take(settled('c1.0', { id: 'again' })).types).toEqual([]);
    bench.settle('tell-c1.0-1', { type: 'effect.failed', ref: 'tell-c1.0-1', code: 'store_failed', message: 'no', retryable: false });
    expect([bench.types, bench.state, bench.table.tries]).toEqual([[], 'thinking', 0]);
    const two = sharing().reply('', [get, get]).take(settled('c1.0'));
    expect(two.take(settled('c1.0', { id: 'again', text: 'other' })).types).toEqual([]);
    expect(two.table.round[0]).toMatchObject({ state: 'done', text: 'told' });
  });

  test('without an answer it is asked again, under the same call', () => {
    const bench = sharing().reply('', [set]);
    bench.settle('tell-c1.0-1', { type: 'message.stored' });
    bench.timer();
    expect(bench.requests).toMatchObject([{ type: 'message.send', ref: 'tell-c1.0-2', message: { call: 'c1.0' } }]);
    expect(bench.fold.timers.get('tell-c1.0')?.due).toBe(bench.fold.at + settleRetryMs);
    expect([bench.state, bench.table.usage.toolCalls]).toEqual(['acting', 1]);
    expect(bench.take(settled('c1.0')).state).toBe('thinking');
  });

  test('reads run beside others, a write alone and in its turn', () => {
    const bench = sharing().reply('', [get, call('fs.read'), set, get]);
    const running = (): string[] => bench.table.round.filter(({ state }) => state === 'running').map(({ ref }) => ref);
    expect(running()).toEqual(['c1.0', 'c1.1']);
    bench.take(settled('c1.0')).done('c1.1');
    expect(running()).toEqual(['c1.2']);
    bench.take(settled('c1.2'));
    expect(running()).toEqual(['c1.3']);
  });

  test('arguments that do not fit are told to the model and never sent', () => {
    const bad = [
      asking('memory.set', { key: 'a' }),
      asking('memory.set', { key: '../a', value: 1 }),
      asking('memory.set', { key: 'a', value: 'x'.repeat(8_191) }),
      asking('memory.get', { key: 'k'.repeat(129) }),
      asking('agent.tell', { to: 't1' }),
      asking('memory.delete', { key: 'a', more: 1 }),
    ];
    const bench = sharing().reply('', bad);
    expect(bench.facts.filter(({ type }) => type === 'tool.completed').map(({ data }) => data['code'])).toEqual(bad.map(() => 'tool_input_invalid'));
    expect(bench.requests.map(({ type }) => type)).toEqual(['model.call']);
    expect(bench.table.usage.toolCalls).toBe(0);
  });

  test('a profile without them has none', () => expect(new Bench().reply('', [set]).fact('tool.completed')).toMatchObject({ code: 'tool_unknown' }));
});
