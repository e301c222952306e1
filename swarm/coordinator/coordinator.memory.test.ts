import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { quotaDefault } from '../../protocols/goals/goal.ts';
import { accept, CoordinatorBench } from '../../test/histories/coordinator.ts';

interface Answer {
  readonly ok: boolean;
  readonly text: string;
  readonly code?: string;
}

/** Puts a call of an attempt to the coordinator and answers what the agent is told; undefined when it is told nothing. */
function ask(bench: CoordinatorBench, ref: string, call: string, tool: string, input: unknown): Answer | undefined {
  const [task, attempt] = ref.split('-');
  bench.message({ type: tool === 'agent.tell' ? 'agent.tell' : 'memory.ask', task, attempt: Number(attempt), call, tool, input });
  const sent = bench.requests.find((one) => one.type === 'message.send' && one['to'] === `agent-${ref}` && (one['message'] as { call?: string }).call === call);
  return sent?.['message'] as Answer | undefined;
}

const read = (answer: Answer | undefined): Record<string, unknown> => JSON.parse(answer?.text ?? 'null') as Record<string, unknown>;
const quota = (more: Partial<typeof quotaDefault>) => new CoordinatorBench(accept({ quota: { ...quotaDefault, ...more } }));

describe('a memory that agents share', () => {
  test('answers what was set, with the version of the write', () => {
    const bench = new CoordinatorBench();
    expect(read(ask(bench, 't0-1', 'c1.0', 'memory.get', { key: 'a' }))).toEqual({ key: 'a', version: 0 });
    expect(bench.facts).toEqual([]);
    expect(read(ask(bench, 't0-1', 'c2.0', 'memory.set', { key: 'a', value: { n: [1] } }))).toEqual({ key: 'a', version: 1 });
    expect(bench.fact('memory.written')).toEqual({ key: 'a', version: 1, by: 'agent-t0-1', bytes: 9, value: { n: [1] } });
    expect(read(ask(bench, 't1-1', 'c1.0', 'memory.get', { key: 'a' }))).toEqual({ key: 'a', version: 1, value: { n: [1] } });
    expect(bench.table.memory?.entries['a']).toMatchObject({ by: 'agent-t0-1', at: 1_000 });
  });

  test('sets by comparison: 0 = no such key, and a conflict answers what there is', () => {
    const bench = new CoordinatorBench();
    expect(ask(bench, 't0-1', 'c1.0', 'memory.set', { key: 'a', value: 1, expected: 0 })?.ok).toBe(true);
    expect(ask(bench, 't1-1', 'c1.0', 'memory.set', { key: 'a', value: 2, expected: 0 })).toMatchObject({
      ok: false,
      code: 'memory_conflict',
      text: 'error memory_conflict: a does not have version 0; it is now {"key":"a","version":1,"value":1}',
    });
    expect(bench.facts).toMatchObject([{ type: 'memory.refused', data: { key: 'a', by: 'agent-t1-1', code: 'memory_conflict', expected: 0, version: 1 } }]);
    expect(ask(bench, 't1-1', 'c2.0', 'memory.set', { key: 'a', value: 2, expected: 1 })?.ok).toBe(true);
    expect(ask(bench, 't1-1', 'c3.0', 'memory.delete', { key: 'a', expected: 1 })?.code).toBe('memory_conflict');
    expect(ask(bench, 't1-1', 'c4.0', 'memory.delete', { key: 'a', expected: 2 })?.ok).toBe(true);
    expect(bench.fact('memory.deleted')).toEqual({ key: 'a', version: 2, by: 'agent-t1-1' });
    // A key that comes back has a version that it never had: whoever holds an old one sees that it changed.
    expect(read(ask(bench, 't0-1', 'c2.0', 'memory.set', { key: 'a', value: 1, expected: 0 }))).toEqual({ key: 'a', version: 4 });
  });

  test('names of what every object has are keys like any other', () => {
    const bench = new CoordinatorBench();
    expect(read(ask(bench, 't0-1', 'c1.0', 'memory.get', { key: 'constructor' }))).toEqual({ key: 'constructor', version: 0 });
    expect(ask(bench, 't0-1', 'c2.0', 'memory.set', { key: 'toString', value: 1, expected: 0 })?.ok).toBe(true);
  });

  test('lists keys in order, page by page', () => {
    const bench = new CoordinatorBench();
    for (let at = 0; at < 60; at += 1) ask(bench, 't0-1', `c${at + 1}.0`, 'memory.set', { key: `k/${String(59 - at).padStart(2, '0')}`, value: at });
    const first = read(ask(bench, 't0-1', 'c99.0', 'memory.list', { prefix: 'k/' })) as { keys: { key: string }[]; more: boolean };
    expect([first.keys.length, first.keys[0]?.key, first.more]).toEqual([50, 'k/00', true]);
    const second = read(ask(bench, 't0-1', 'c99.1', 'memory.list', { prefix: 'k/', after: 'k/49' })) as typeof first;
    expect([second.keys.length, second.keys[0]?.key, second.more]).toEqual([10, 'k/50', false]);
    expect(read(ask(bench, 't0-1', 'c99.2', 'memory.list', { prefix: 'x' }))).toEqual({ keys: [], more: false });
  });

  test('is bounded in keys, with a warning before, and in bytes', () => {
    const bench = quota({ maxMemoryKeys: 5 });
    const warned: unknown[] = [];
    for (let at = 0; at < 5; at += 1) {
      expect(ask(bench, 't0-1', `c${at + 1}.0`, 'memory.set', { key: `k${at}`, value: 0 })?.ok).toBe(true);
      warned.push(bench.fact('quota.warned'));
    }
    expect(warned).toEqual([undefined, undefined, undefined, { quota: 'maxMemoryKeys', used: 4, limit: 5 }, undefined]);
    expect(ask(bench, 't1-1', 'c1.0', 'memory.set', { key: 'k5', value: 0 })?.code).toBe('quota_exceeded');
    expect(ask(bench, 't1-1', 'c2.0', 'memory.set', { key: 'k0', value: 1 })?.ok).toBe(true);
    ask(bench, 't1-1', 'c3.0', 'memory.delete', { key: 'k0' });
    expect(ask(bench, 't1-1', 'c4.0', 'memory.set', { key: 'k5', value: 0 })?.ok).toBe(true);

    const full = quota({ maxMemoryKeys: 1_000 });
    const large = 'x'.repeat(8_000);
    let stored = 0;
    while (ask(full, 't0-1', `c${stored + 1}.0`, 'memory.set', { key: `k${stored}`, value: large })?.ok === true) stored += 1;
    expect([stored, full.fact('memory.refused')]).toEqual([131, expect.objectContaining({ code: 'quota_exceeded', quota: 'memoryBytesMax' })]);
    expect(full.table.memory?.bytes).toBe(131 * 8_002);
  });
});

describe('attempts of a task', () => {
  test('the next one sees what the one before wrote, and may write on', () => {
    const bench = new CoordinatorBench();
    ask(bench, 't0-1', 'c1.0', 'memory.set', { key: 'a', value: 1 });
    bench.fail('t0-1', 'model_timeout', true);
    expect(bench.atWork).toContain('t0-2');
    expect(read(ask(bench, 't0-2', 'c1.0', 'memory.get', { key: 'a' }))).toMatchObject({ version: 1, value: 1 });
    expect(ask(bench, 't0-2', 'c2.0', 'memory.set', { key: 'a', value: 2, expected: 1 })?.ok).toBe(true);
  });

  test('one that is over writes no more, and leaves a trace', () => {
    const bench = new CoordinatorBench();
    bench.fail('t0-1', 'model_timeout', true);
    expect(ask(bench, 't0-1', 'c1.0', 'memory.set', { key: 'a', value: 1 })).toBeUndefined();
    expect(bench.facts).toMatchObject([{ type: 'memory.refused', data: { key: 'a', by: 'agent-t0-1', code: 'attempt_superseded' } }]);
    expect(bench.table.memory?.entries ?? {}).toEqual({});
    bench.message({ type: 'goal.cancel', reason: 'enough' });
    expect(ask(bench, 't1-1', 'c1.0', 'memory.set', { key: 'a', value: 1 })).toBeUndefined();
    expect(bench.facts).toMatchObject([{ type: 'memory.refused', data: { code: 'goal_ended' } }]);
  });

  test('of two at work on one task only the first that writes may, and who has written gets no second one beside it', () => {
    const bench = new CoordinatorBench(accept({ parts: 6, agents: 6 } as never));
    for (const ref of ['t1-1', 't2-1', 't3-1']) {
      bench.now += 1_000;
      bench.end(ref);
    }
    ask(bench, 't4-1', 'c1.0', 'memory.set', { key: 'a', value: 1 });
    bench.timer('straggler');
    expect(bench.atWork).toEqual(expect.arrayContaining(['t0-2', 't5-2']));
    expect(bench.atWork).not.toContain('t4-2');
    expect(ask(bench, 't0-2', 'c1.0', 'memory.set', { key: 'b', value: 1 })?.ok).toBe(true);
    expect(ask(bench, 't0-1', 'c1.0', 'memory.set', { key: 'b', value: 2 })?.code).toBe('attempt_superseded');
    bench.fail('t0-2', 'model_timeout', true);
    expect(ask(bench, 't0-1', 'c2.0', 'memory.set', { key: 'b', value: 2 })?.ok).toBe(true);
  });
});

describe('a call that is asked again', () => {
  test('is carried out once and answered alike; one that was answered long ago is passed over', () => {
    const bench = new CoordinatorBench();
    const first = ask(bench, 't0-1', 'c1.0', 'memory.set', { key: 'a', value: 1, expected: 0 });
    expect(ask(bench, 't0-1', 'c1.0', 'memory.set', { key: 'a', value: 1, expected: 0 })).toEqual(first);
    expect(bench.facts).toEqual([]);
    ask(bench, 't0-1', 'c1.1', 'memory.set', { key: 'a', value: 2 });
    expect(ask(bench, 't0-1', 'c1.0', 'memory.set', { key: 'a', value: 1 })).toBeUndefined();
    expect(bench.table.memory?.entries['a']).toMatchObject({ value: 2, version: 2 });
    expect(bench.table.memory?.writes).toBe(2);
  });

  test('arguments that no agent of this version sends change nothing, and their agent is told', () => {
    const bench = new CoordinatorBench();
    expect(ask(bench, 't0-1', 'c1.0', 'memory.set', { key: '../a', value: 1 })).toMatchObject({ ok: false, code: 'tool_input_invalid' });
    expect(bench.table.memory).toBeUndefined();
  });
});

/** One agent that adds to the counter: what it is going to ask, as its last answer says. */
interface Adder {
  readonly ref: string;
  call: number;
  next: { readonly tool: string; readonly input: Record<string, unknown> };
  added: number;
}

describe('compare-and-set under any interleaving', () => {
  test('every addition that was answered counts once, and readers see the counter grow only', () => {
    const step = fc.record({ who: fc.nat(2), lost: fc.boolean(), again: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 120 }), (steps) => {
        const bench = new CoordinatorBench();
        const adders: Adder[] = ['t0-1', 't1-1', 't2-1'].map((ref) => ({ ref, call: 1, next: { tool: 'memory.get', input: { key: 'n' } }, added: 0 }));
        let seen = 0;
        for (const { who, lost, again } of steps) {
          const adder = adders[who];
          if (adder === undefined) continue;
          const { tool, input } = adder.next;
          const put = (): Answer | undefined => ask(bench, adder.ref, `c${adder.call}.0`, tool, input);
          // An answer that is lost, or an asking that arrives twice, changes nothing.
          if (lost) put();
          const answer = put();
          if (again) put();
          if (answer === undefined) throw new Error('an agent at work was told nothing');
          adder.call += 1;
          const now = /it is now (\{.*\})$/.exec(answer.text)?.[1];
          const told = JSON.parse(now ?? answer.text) as { version: number; value?: number };
          if (tool === 'memory.set' && answer.ok) {
            adder.added += 1;
            adder.next = { tool: 'memory.get', input: { key: 'n' } };
            continue;
          }
          const { version, value = 0 } = told;
          expect(value).toBeGreaterThanOrEqual(seen);
          seen = value;
          adder.next = { tool: 'memory.set', input: { key: 'n', value: value + 1, expected: version } };
        }
        const sum = adders.reduce((total, { added }) => total + added, 0);
        expect(bench.table.memory?.entries['n']?.value ?? 0).toBe(sum);
        expect(bench.table.memory?.writes ?? 0).toBe(sum);
      }),
    );
  });
});
