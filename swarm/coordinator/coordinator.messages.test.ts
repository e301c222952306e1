import { describe, expect, test } from 'vitest';
import { CoordinatorBench } from '../../test/histories/coordinator.ts';

let calls = 0;
function tell(bench: CoordinatorBench, ref: string, to: string, text = 'hello'): void {
  const [task, attempt] = ref.split('-');
  calls += 1;
  bench.message({ type: 'agent.tell', task, attempt: Number(attempt), call: `c${calls}.0`, tool: 'agent.tell', input: { to, text } });
}
const sent = (bench: CoordinatorBench): [string, string][] =>
  bench.requests.flatMap((one) => {
    const message = one['message'] as { type: string; text: string } | undefined;
    return message === undefined ? [] : [[String(one['to']), `${message.type}: ${message.text}`] as [string, string]];
  });

describe('a message of one agent to others', () => {
  test('goes to all others at work, and its sender learns whom it reached', () => {
    const bench = new CoordinatorBench();
    tell(bench, 't1-1', 'all');
    const agents = ['agent-t0-1', 'agent-t2-1'];
    expect(bench.facts).toMatchObject([{ type: 'agent.told', data: { from: 'agent-t1-1', to: 'all', text: 'hello', delivered: 2, agents } }]);
    const name = bench.table.tasks[1]?.name;
    const note = `agent.note: Message from t1 (map, ${name}): hello`;
    expect(sent(bench)).toEqual([
      ['agent-t0-1', note],
      ['agent-t2-1', note],
      ['agent-t1-1', `tool.settled: ${JSON.stringify({ delivered: 2, agents })}`],
    ]);
  });

  test('goes to a task, a role or a name', () => {
    const bench = new CoordinatorBench();
    const name = bench.table.tasks[2]?.name ?? '';
    for (const [to, agents] of [
      ['t2', ['agent-t2-1']],
      ['map', ['agent-t1-1', 'agent-t2-1']],
      [name, ['agent-t2-1']],
    ] as const) {
      tell(bench, 't0-1', to);
      expect(bench.fact('agent.told')).toMatchObject({ to, agents });
    }
  });

  test('to nobody at work, to itself, or to a task that is over is told as data', () => {
    const bench = new CoordinatorBench();
    bench.end('t2-1');
    for (const to of ['nobody', 't0', 't2', 't99']) {
      tell(bench, 't0-1', to);
      expect(bench.fact('agent.told')).toMatchObject({ to, delivered: 0, agents: [] });
      expect(sent(bench)).toEqual([['agent-t0-1', `tool.settled: error agent_not_at_work: nobody else called '${to}' is at work on this goal now`]]);
    }
  });

  test('is one of a bounded number', () => {
    const bench = new CoordinatorBench();
    bench.table.told = 999;
    tell(bench, 't0-1', 'all');
    expect(bench.fact('agent.told')).toMatchObject({ delivered: 2 });
    tell(bench, 't0-1', 'all');
    expect(bench.fact('agent.told')).toMatchObject({ delivered: 0, code: 'quota_exceeded' });
    expect(sent(bench).map(([to]) => to)).toEqual(['agent-t0-1']);
  });

  test('of a goal that has ended reaches nobody, and stands in its journal', () => {
    const bench = new CoordinatorBench();
    bench.message({ type: 'goal.cancel', reason: 'enough' });
    tell(bench, 't0-1', 'all');
    expect(bench.facts).toMatchObject([{ type: 'agent.told', data: { delivered: 0, code: 'goal_ended' } }]);
    expect(bench.requests).toEqual([]);
  });
});
