import { expect, test } from 'vitest';
import type { Observation } from '../../../actors/ports/observer.ts';
import type { Fact, FactType } from '../../../protocols/journal/facts.ts';
import { exposition } from './exposition.ts';
import { SwarmMetrics } from './swarm-metrics.ts';

const fact = (type: FactType, data: Record<string, unknown> = {}): Fact => ({ seq: 1, type, data });

function step(machine: 'agent' | 'coordinator', facts: readonly Fact[], fields: Partial<Observation> = {}): Observation {
  const actor = { tenant: 'default', root: 'g-1', actor: machine === 'agent' ? 'agent-t0-1' : 'coordinator' };
  return { actor, machine, seq: 1, at: 0, facts, event: 'model.replied', state: 'thinking', context: {}, mailboxDepth: 0, restarts: 0, ...fields };
}

function textAfter(...steps: readonly Observation[]): string {
  const metrics = new SwarmMetrics();
  for (const one of steps) metrics.observe(one);
  return exposition(metrics.families());
}

test('a call that is tried again is one tick, and a wait is a cooldown', () => {
  const called = (call: string, tick: number): Observation => step('agent', [fact('model.called', { call, tick })]);
  const failed = step('agent', [fact('model.discarded', { code: 'model_rate_limited' })], { state: 'backoff', event: 'effect.failed' });
  const text = textAfter(called('c1', 1), failed, called('c2', 1), called('c3', 2));
  expect(text).toContain('flockwork_ticks_total 2\n');
  expect(text).toContain('flockwork_model_cooldowns_total 1\n');
  expect(text).toContain('flockwork_model_discarded_total{code="model_rate_limited"} 1\n');
});

test('a tool that a model made up has no label of its own', () => {
  const text = textAfter(
    step('agent', [fact('tool.completed', { name: 'fs.read', ok: true })]),
    step('agent', [fact('tool.completed', { name: 'rm.everything', ok: false, code: 'tool_unknown' })]),
  );
  expect(text).toContain('flockwork_tools_calls_total{tool="fs.read",outcome="ok"} 1\n');
  expect(text).toContain('flockwork_tools_calls_total{tool="unknown",outcome="tool_unknown"} 1\n');
  expect(text).not.toContain('rm.everything');
});

test('goals are counted by status, with their time; tasks that will be tried again have not failed', () => {
  const text = textAfter(
    step('coordinator', [fact('goal.started'), fact('task.created'), fact('task.failed', { final: false }), fact('task.retried')]),
    step('coordinator', [fact('task.failed', { final: true }), fact('goal.failed', { usage: { ms: 2_500 } })]),
  );
  expect(text).toContain('flockwork_goals_total{status="started"} 1\n');
  expect(text).toContain('flockwork_goals_total{status="failed"} 1\n');
  expect(text).toContain('flockwork_tasks_total{event="failed"} 1\n');
  expect(text).toContain('flockwork_goals_duration_seconds_sum{status="failed"} 2.5\n');
});

test('agents end with an outcome, and one that was given up is told of', () => {
  const text = textAfter(
    step('agent', [fact('agent.answered')]),
    step('agent', [fact('agent.failed', { code: 'cancelled' })]),
    step('agent', [fact('actor.poisoned')]),
  );
  expect(text).toContain('flockwork_agents_ended_total{outcome="answered"} 1\n');
  expect(text).toContain('flockwork_agents_ended_total{outcome="cancelled"} 1\n');
  expect(text).toContain('flockwork_actors_poisoned_total{machine="agent"} 1\n');
});
