import { describe, expect, test } from 'vitest';
import { accept, CoordinatorBench } from '../../test/histories/coordinator.ts';

const consensus = (more: object = {}): CoordinatorBench =>
  new CoordinatorBench(accept({ strategy: { type: 'consensus', answerSeconds: 5, ...more }, parts: 1 }));

/** Three proposals, then three ballots are asked for. */
function voting(more: object = {}): CoordinatorBench {
  const bench = consensus(more);
  for (const ref of ['t0-1', 't1-1', 't2-1']) bench.end(ref);
  expect(bench.atWork).toEqual(['t3-1', 't4-1', 't5-1']);
  return bench;
}

describe('a consensus that gives each answer so many seconds', () => {
  test('a ballot that does not come is an abstention: its agent is told to stop, and the others decide', () => {
    const bench = voting({ quorum: 'unanimous', rounds: 1, noQuorum: 'fail' });
    bench.end('t3-1', { result: 'VOTE: A' }).end('t4-1', { result: 'VOTE: A' }).timer('limit-t5-1');
    expect(bench.fact('task.failed')).toMatchObject({
      task: 't5',
      attempt: 1,
      code: 'task_timeout',
      message: 'no answer within the 5 s that the strategy gives one task',
      final: true,
    });
    expect(bench.told).toEqual({ 'agent-t5-1': 'agent.cancel' });
    expect(bench.aborted).toHaveLength(1);
    expect([bench.state, bench.fact('goal.failed')]).toMatchObject(['failed', { code: 'no_quorum', failure: { code: 'task_timeout' } }]);
  });

  test('a late answer is superseded, and what it spent is counted', () => {
    const bench = voting();
    bench.timer('limit-t5-1');
    expect(bench.state).toBe('running');
    const before = bench.table.ledger?.spent.tokens ?? 0;
    bench.end('t5-1', { result: 'VOTE: B' });
    expect(bench.types).toEqual(['task.superseded']);
    expect(bench.table.ledger?.spent.tokens).toBe(before + 100);
  });

  test('an answer in time stops its clock, and a proposer that is late has no proposal', () => {
    const bench = consensus();
    expect([...bench.fold.timers.keys()].filter((name) => name.startsWith('limit-'))).toEqual(['limit-t0-1', 'limit-t1-1', 'limit-t2-1']);
    bench.end('t0-1').end('t1-1').timer('limit-t2-1');
    expect(bench.fact('task.failed')).toMatchObject({ task: 't2', code: 'task_timeout' });
    // Who has no proposal does not vote; the quorum stays one of all.
    expect(bench.atWork).toEqual(['t3-1', 't4-1']);
    expect([...bench.fold.timers.keys()].filter((name) => name.startsWith('limit-'))).toEqual(['limit-t3-1', 'limit-t4-1']);
  });

  test('without it no clock runs', () => {
    const bench = new CoordinatorBench(accept({ strategy: { type: 'consensus' }, parts: 1 }));
    expect([...bench.fold.timers.keys()].filter((name) => name.startsWith('limit-'))).toEqual([]);
  });
});
