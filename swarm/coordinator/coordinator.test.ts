import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { quotaDefault } from '../../protocols/goals/goal.ts';
import { accept, CoordinatorBench, usage } from '../../test/histories/coordinator.ts';
import { Chance } from '../../test/histories/random.ts';

const single = (more: object = {}) => accept({ strategy: { type: 'single' }, parts: 1, ...more });
const quota = (more: object) => ({ ...quotaDefault, ...more });
const finish = (bench: CoordinatorBench): CoordinatorBench => {
  for (let ref = bench.atWork[0]; ref !== undefined; ref = bench.atWork[0]) bench.end(ref);
  return bench;
};

/** The attempt asks for more than there is, is refused, and ends. */
const exhaust = (bench: CoordinatorBench, ref: string): CoordinatorBench => {
  const [task = '', attempt = ''] = ref.split('-');
  return bench.message({ type: 'budget.ask', task, attempt: Number(attempt), tokens: 1e9, toolCalls: 0, costMicroUsd: 0 }).fail(ref, 'quota_exceeded');
};

describe('a goal runs', () => {
  test('nothing starts before its owner has opened it', () => {
    const bench = new CoordinatorBench();
    expect(bench.types.slice(0, 3)).toEqual(['cell.opened', 'goal.started', 'plan.made']);
    expect(bench.fact('plan.made')).toMatchObject({ strategy: 'map-reduce', count: 6, tasks: 9 });
    expect([bench.atWork, bench.fold.timers.get('deadline')?.due]).toEqual([['t0-1', 't1-1', 't2-1'], 1_000 + quotaDefault.maxSeconds * 1_000]);
  });

  test('an end makes room for the next, and the last result is the goal’s', () => {
    const bench = new CoordinatorBench();
    bench.end('t1-1');
    expect([bench.types, bench.atWork]).toEqual([
      ['task.completed', 'task.created'],
      ['t0-1', 't2-1', 't3-1'],
    ]);
    finish(bench);
    expect(bench.state).toBe('completed');
    expect(bench.fact('goal.completed')).toMatchObject({
      result: 'result of t8-1',
      partial: 0,
      tasks: { total: 9, completed: 9, failed: 0 },
      usage: { tokens: 900, modelCalls: 9, costMicroUsd: 90 },
    });
  });

  test('merges get their children as material', () => {
    const bench = new CoordinatorBench(accept({ parts: 2 })).end('t0-1').end('t1-1');
    expect(bench.fact('task.created')).toMatchObject({ role: 'reduce', merges: ['t0', 't1'] });
  });

  test('map tasks are called what their parts hold, as far as that was told', () => {
    const bench = new CoordinatorBench(accept({ partNames: ['a.ts … 3 files'] }));
    expect(bench.table.tasks.map(({ name }) => name)).toEqual(['a.ts … 3 files', 'part 2', 'part 3']);
  });

  test('a strategy that rules chose is told before its plan', () => {
    const bench = new CoordinatorBench(single({ chosenBy: 'rules', why: 'there is nothing to split' }));
    expect(bench.types.slice(0, 4)).toEqual(['cell.opened', 'goal.started', 'strategy.chosen', 'plan.made']);
    expect(bench.fact('strategy.chosen')).toEqual({ strategy: 'single', options: { type: 'single' }, why: 'there is nothing to split', by: 'rules' });
  });

  test('a model chooses first; its choice, the plan and the first tasks are one record', () => {
    const bench = new CoordinatorBench(accept({ strategy: { type: 'auto' }, parts: 1, fanIn: 2 }));
    expect([bench.types, bench.atWork]).toEqual([['cell.opened', 'goal.started', 'task.created'], ['t0-1']]);
    bench.end('t0-1', { result: '{"strategy":"map-reduce","why":"three","items":["a","b","c"]}' });
    expect(bench.types).toEqual(['task.completed', 'strategy.chosen', 'plan.made', 'task.created', 'task.created', 'task.created']);
    // Three maps, a merge of two of them, a merge of all: the fan-in is that of the configuration.
    expect(bench.fact('plan.made')).toMatchObject({ strategy: 'map-reduce', why: 'three', tasks: 6 });
    expect(finish(bench).fact('goal.completed')).toMatchObject({ result: 'result of t5-1', tasks: { total: 6 } });
  });

  test('concurrency is a bound beside agents', () => {
    expect(new CoordinatorBench(accept({ strategy: { type: 'map-reduce', concurrency: 2 } })).atWork.length).toBe(2);
    expect(new CoordinatorBench(accept({ strategy: { type: 'map-reduce', concurrency: 9 } })).atWork.length).toBe(3);
  });

  test('a takeover starts nothing anew', () => {
    const bench = new CoordinatorBench().open();
    expect([bench.types, bench.requests, bench.atWork.length]).toEqual([['cell.opened'], [], 3]);
  });

  test('a note goes to every agent at work', () => {
    const bench = new CoordinatorBench().message({ type: 'goal.note', text: 'look twice' });
    expect(bench.told).toEqual({ 'agent-t0-1': 'agent.note', 'agent-t1-1': 'agent.note', 'agent-t2-1': 'agent.note' });
  });

  test('a push that can never be stored ends the goal', () => {
    const bench = new CoordinatorBench(single());
    bench.take({ type: 'effect.failed', ref: 't0-1', key: bench.fold.pendingRef('t0-1')?.key ?? '', code: 'blob_unknown', message: 'gone', retryable: false });
    expect([bench.state, bench.fact('goal.failed')]).toMatchObject(['failed', { code: 'internal' }]);
  });
});

describe('attempts that fail', () => {
  test('are retried as long as that may help, each under a new number', () => {
    const bench = new CoordinatorBench(single()).fail('t0-1', 'model_overloaded', true);
    expect([bench.types, bench.atWork]).toEqual([['task.failed', 'task.retried'], ['t0-2']]);
    expect(bench.facts[0]?.data).toMatchObject({ final: false, retryable: true });
    bench.fail('t0-2', 'model_overloaded', true).fail('t0-3', 'model_overloaded', true);
    expect([bench.state, bench.types, bench.facts[0]?.data]).toMatchObject(['failed', ['task.failed', 'goal.failed'], { final: true }]);
    expect(bench.fact('goal.failed')).toMatchObject({
      code: 'task_failed',
      task: 't0',
      message: 'task t0 failed for good: model_overloaded: model_overloaded happened',
      failure: { code: 'model_overloaded', message: 'model_overloaded happened' },
    });
  });

  test('for good are not retried', () => expect(new CoordinatorBench(single()).fail('t0-1', 'model_auth').state).toBe('failed'));

  test('a poisoned agent is tried again, and its whole reservation is spent', () => {
    const bench = new CoordinatorBench(accept({ parts: 4, quota: quota({ maxTokens: 5_000 }) }));
    const held = bench.table.ledger?.reserved['t0-1']?.tokens ?? 0;
    bench.take({
      type: 'task.ended',
      id: 'agent-t0-1:9',
      task: 't0',
      attempt: 1,
      agent: 'agent-t0-1',
      n: 9,
      hash: 'a',
      outcome: 'poisoned',
      code: 'actor_poisoned',
      message: 'x',
      key: bench.fold.pendingRef('t0-1')?.key ?? '',
    });
    expect([bench.fact('task.retried')?.['task'], bench.table.ledger?.spent.tokens, bench.table.ledger?.estimated]).toEqual(['t0', held, true]);
  });

  test('a proposer that crashes every time is missed after its attempts; the others vote, and the quorum stays one of all', () => {
    const bench = new CoordinatorBench(accept({ strategy: { type: 'consensus' }, parts: 1 }));
    for (const attempt of [1, 2, 3]) bench.end(`t0-${attempt}`, { outcome: 'poisoned', code: 'actor_poisoned', message: 'it crashed' });
    expect(bench.fact('task.failed')).toMatchObject({ task: 't0', attempt: 3, code: 'actor_poisoned', final: true });
    bench.end('t1-1').end('t2-1');
    expect(bench.table.tasks.slice(3).map(({ name }) => name)).toEqual(['ballot of p2 in round 1', 'ballot of p3 in round 1']);
    bench.end('t3-1', { result: 'VOTE: A' }).end('t4-1', { result: 'VOTE: A' });
    expect([bench.state, bench.fact('round.decided'), bench.fact('goal.completed')]).toMatchObject([
      'completed',
      { votes: 2, needed: 2, of: 3, proposer: 'p2' },
      { partial: 1 },
    ]);
  });

  test('under onFailure fail the first ends the goal, and those at work are stopped and told', () => {
    const bench = new CoordinatorBench().fail('t0-1', 'model_auth');
    expect([bench.state, bench.told, bench.aborted.length]).toEqual(['failed', { 'agent-t1-1': 'agent.cancel', 'agent-t2-1': 'agent.cancel' }, 2]);
  });

  test('under onFailure partial the rest goes on, and the result says what is missing', () => {
    const bench = finish(new CoordinatorBench(accept({ strategy: { type: 'map-reduce', fanIn: 4, onFailure: 'partial' } })).fail('t0-1', 'model_auth'));
    expect([bench.state, bench.fact('goal.completed')]).toMatchObject(['completed', { partial: 1, tasks: { failed: 1 } }]);
  });

  test('when every part is lost there is no result to show', () => {
    const bench = new CoordinatorBench(accept({ parts: 2, strategy: { type: 'map-reduce', onFailure: 'partial' } }))
      .fail('t0-1', 'model_auth')
      .fail('t1-1', 'model_auth');
    expect([bench.state, bench.fact('goal.failed')]).toMatchObject([
      'failed',
      { message: 'every task failed, t1 as the last: model_auth: model_auth happened', task: 't1', failure: { code: 'model_auth' } },
    ]);
  });
});

describe('stragglers', () => {
  /** Half of the tasks and more ended after `ms` each; t4 and t5 are left. */
  const slow = (): CoordinatorBench => {
    const bench = new CoordinatorBench(accept({ parts: 6, strategy: { type: 'map-reduce', fanIn: 64 } }));
    for (const ref of ['t0-1', 't1-1', 't2-1', 't3-1']) {
      bench.now += 3_000;
      bench.end(ref);
    }
    return bench;
  };

  test('what takes much longer than the others gets a second attempt; the first answer counts', () => {
    const bench = slow();
    bench.timer('straggler');
    expect(bench.facts.map(({ type, data }) => [type, data['task'], data['reason']])).toEqual([['task.retried', 't4', 'straggler']]);
    expect(bench.atWork).toEqual(['t4-1', 't5-1', 't4-2']);
    bench.end('t4-2');
    expect([bench.types[0], bench.told, bench.aborted.length]).toEqual(['task.completed', { 'agent-t4-1': 'agent.cancel' }, 1]);
    bench.end('t4-1');
    expect([bench.types, bench.table.completed, bench.table.running]).toEqual([['task.superseded'], 5, 1]);
    expect(Object.keys(bench.table.ledger?.reserved ?? {})).toEqual(['t5-1']);
  });

  test('a failed attempt is not the end of its task while another is at work', () => {
    const bench = slow().timer('straggler').fail('t4-1', 'model_auth');
    expect([bench.state, bench.types, bench.facts[0]?.data['final'], bench.atWork]).toMatchObject(['running', ['task.failed'], false, ['t5-1', 't4-2']]);
  });

  test('after a pause the rule is in force again', () => {
    const bench = new CoordinatorBench(accept({ parts: 6, strategy: { type: 'map-reduce', fanIn: 64 }, agents: 6 }));
    for (const ref of ['t0-1', 't1-1', 't2-1']) {
      bench.now += 1_000;
      bench.end(ref);
    }
    expect(bench.fold.timers.has('straggler')).toBe(true);
    exhaust(bench, 't3-1').timer('straggler');
    expect(bench.state).toBe('paused');
    bench.message({ type: 'goal.resume' }).end('t3-2');
    expect([bench.state, bench.fold.timers.has('straggler')]).toEqual(['running', true]);
  });
});

describe('budgets', () => {
  const ask = (task: string, attempt: number, tokens: number) => ({ type: 'budget.ask', task, attempt, tokens, toolCalls: 0, costMicroUsd: 0 });

  test('an ask is granted out of what is left, and told', () => {
    const bench = new CoordinatorBench(accept({ quota: quota({ maxTokens: 9_000 }) })).message(ask('t0', 1, 500));
    expect([bench.fact('budget.granted'), bench.told]).toMatchObject([{ task: 't0', attempt: 1, tokens: 1_000 }, { 'agent-t0-1': 'budget.granted' }]);
    expect(bench.table.ledger?.reserved['t0-1']?.tokens).toBe(2_000);
  });

  test('an ask above what is left is refused with the quota named, and the goal pauses when its agent has ended', () => {
    const bench = new CoordinatorBench(single({ quota: quota({ maxTokens: 1_000 }) })).message(ask('t0', 1, 500));
    expect([bench.fact('budget.refused'), bench.told]).toMatchObject([{ quota: 'maxTokens' }, { 'agent-t0-1': 'budget.refused' }]);
    bench.fail('t0-1', 'quota_exceeded');
    expect([bench.state, bench.types]).toEqual(['paused', ['task.failed', 'quota.exceeded', 'goal.paused']]);
    expect(bench.fold.timers.has('deadline')).toBe(false);
    bench.message({ type: 'goal.resume', quota: { maxTokens: 5_000 } });
    expect([bench.state, bench.types[0], bench.atWork]).toEqual(['running', 'goal.resumed', ['t0-2']]);
    expect(bench.fold.timers.has('deadline')).toBe(true);
  });

  test('an ask of an attempt that has ended reserves nothing', () => {
    const bench = new CoordinatorBench().end('t0-1');
    const before = { ...bench.table.ledger?.held };
    bench.message(ask('t0', 1, 500));
    expect([bench.table.ledger?.held, bench.requests]).toEqual([before, []]);
  });

  test('an end that is told again is not charged again', () => {
    const bench = new CoordinatorBench().end('t0-1');
    const before = { ...bench.table.ledger?.spent };
    bench.end('t0-1');
    expect([bench.table.ledger?.spent, bench.table.completed, bench.facts]).toEqual([before, 1, []]);
  });

  test('80 % of a quota is told once', () => {
    const bench = new CoordinatorBench(accept({ quota: quota({ maxTokens: 450 }) }));
    const warned: string[] = [];
    for (const ref of ['t0-1', 't1-1', 't2-1', 't3-1', 't4-1']) {
      bench.end(ref);
      if (bench.types.includes('quota.warned')) warned.push(ref);
    }
    expect(warned).toEqual(['t3-1']);
  });
});

describe('pauses', () => {
  test('at the deadline those at work are stopped, and their tasks wait for resume', () => {
    const bench = new CoordinatorBench().timer('deadline');
    expect([bench.state, bench.types, Object.keys(bench.told)]).toEqual([
      'paused',
      ['quota.exceeded', 'goal.paused'],
      ['agent-t0-1', 'agent-t1-1', 'agent-t2-1'],
    ]);
    for (const ref of ['t0-1', 't1-1', 't2-1']) bench.fail(ref, 'cancelled');
    expect([bench.state, bench.atWork]).toEqual(['paused', []]);
    bench.message({ type: 'goal.resume', quota: { maxSeconds: 7_200 } });
    expect(bench.atWork).toEqual(['t0-2', 't1-2', 't2-2']);
    expect(finish(bench).state).toBe('completed');
  });

  test('who was stopped by the deadline is no failure, also when the goal was resumed before it ended', () => {
    const bench = new CoordinatorBench(single()).timer('deadline').message({ type: 'goal.resume' }).fail('t0-1', 'cancelled');
    expect([bench.state, bench.atWork]).toEqual(['running', ['t0-2']]);
  });

  test('what still runs in a pause may end, and nothing new starts', () => {
    const bench = exhaust(new CoordinatorBench(), 't0-1');
    bench.end('t1-1').end('t2-1');
    expect([bench.state, bench.atWork, bench.table.completed]).toEqual(['paused', [], 2]);
  });

  test('a pause whose last task answers completes the goal', () => {
    const bench = new CoordinatorBench(single()).timer('deadline').end('t0-1');
    expect(bench.state).toBe('completed');
  });

  test('resume while it runs raises the limits and starts nothing', () => {
    const bench = new CoordinatorBench().message({ type: 'goal.resume', quota: { maxTokens: 9_000_000 } });
    expect([bench.facts, bench.requests, bench.table.ledger?.limits.tokens]).toEqual([[], [], 9_000_000]);
  });
});

describe('the end', () => {
  test.each([
    ['running', () => new CoordinatorBench()],
    ['paused', () => exhaust(new CoordinatorBench(), 't0-1')],
  ])('a cancel while %s ends the goal, stops its pushes and tells its agents', (state, live) => {
    const bench = live();
    expect(bench.state).toBe(state);
    const { atWork } = bench;
    const pushes = atWork.map((ref) => bench.fold.pendingRef(ref)?.key);
    bench.message({ type: 'goal.cancel', reason: 'enough' });
    expect([bench.state, bench.fact('goal.cancelled')?.['reason']]).toEqual(['cancelled', 'enough']);
    expect(bench.aborted).toEqual(expect.arrayContaining(pushes));
    expect(Object.keys(bench.told).toSorted()).toEqual(atWork.map((ref) => `agent-${ref}`).toSorted());
  });

  test('late inputs are audit facts only', () => {
    const bench = new CoordinatorBench().message({ type: 'goal.cancel', reason: 'enough' });
    const spent = { ...bench.table.ledger?.spent };
    bench.end('t0-1');
    expect([bench.state, bench.types, bench.requests, bench.table.ledger?.spent]).toEqual(['cancelled', ['task.superseded'], [], spent]);
    for (const input of [
      { type: 'goal.cancel', reason: 'again' },
      { type: 'goal.note', text: 'x' },
      { type: 'goal.resume' },
      { type: 'budget.ask', task: 't0', attempt: 1, tokens: 1, toolCalls: 0, costMicroUsd: 0 },
    ]) {
      bench.message(input);
      expect([bench.facts, bench.requests]).toEqual([[], []]);
    }
  });
});

describe('random runs', () => {
  test('the window never exceeds agents at work, sums stay true, and every run ends or waits for somebody', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 6 }), (seed, parts, agents) => {
        const chance = new Chance(seed);
        const tokens = chance.of(0.3) ? 2_000 : 1_000_000;
        const concurrency = 1 + chance.below(6);
        const onFailure = chance.of(0.5) ? ('partial' as const) : ('fail' as const);
        const bench = new CoordinatorBench(
          accept({ parts, agents, strategy: { type: 'map-reduce', fanIn: 2 + chance.below(6), concurrency, onFailure }, quota: quota({ maxTokens: tokens }) }),
        );
        const width = Math.min(agents, concurrency);
        const completed = new Set<unknown>();
        for (let step = 0; step < 2_000 && !bench.fold.ended; step++) {
          bench.now += chance.below(4_000);
          const due = [...bench.fold.timers].filter(([, timer]) => timer.due <= bench.now);
          const ref = bench.atWork.length > 0 ? chance.pick(bench.atWork) : undefined;
          const [task = '', attempt = ''] = ref?.split('-') ?? [];
          if (due[0] !== undefined) bench.timer(due[0][0]);
          else if (bench.state === 'paused' && ref === undefined) bench.message({ type: 'goal.resume', quota: { maxTokens: 10_000_000, maxSeconds: 100_000 } });
          else if (ref === undefined) throw new Error(`nothing is left to happen in state ${bench.state}`);
          else if (chance.of(0.1))
            bench.message({ type: 'budget.ask', task, attempt: Number(attempt), tokens: chance.below(3_000), toolCalls: chance.below(5), costMicroUsd: 0 });
          else if (chance.of(0.05)) exhaust(bench, ref);
          else if (chance.of(0.11)) bench.fail(ref, chance.pick(['model_cut', 'model_auth', 'quota_exceeded']), chance.of(0.8));
          else if (chance.of(0.005)) bench.message({ type: 'goal.cancel', reason: 'enough' });
          else bench.end(ref, { usage: { ...usage, tokens: chance.below(200) } });
          for (const { type, data } of bench.facts) {
            if (type !== 'task.completed') continue;
            expect(completed.has(data['task'])).toBe(false);
            completed.add(data['task']);
          }
          const { table } = bench;
          const open = table.tasks.reduce((sum, one) => sum + one.open.length, 0);
          if (!bench.fold.ended) {
            expect([table.running, bench.atWork.length]).toEqual([open, open]);
            expect(open).toBeLessThanOrEqual(width);
          }
        }
        expect(bench.fold.ended).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});
