import { expect } from 'vitest';
import type { FaultRun } from './fault-run.ts';

/** What no kill may break; each is counted on the other side. `inFlightMax` is how many effects one kill can catch in the middle. */
export function expectPromisesKept(run: FaultRun, inFlightMax: number): void {
  const where = `${run.goal.id}: ${JSON.stringify(run.goal.error ?? {})}\n${run.stderr}`;
  expect(run.goal.status, where).toBe('completed');
  expect(run.goal.tasks.failed, where).toBe(0);

  // The watcher saw each actor's facts once, in order, without a gap.
  const next = new Map<string, number>();
  for (const { actor, seq, type } of run.events) {
    expect(seq, `${actor} ${type}`).toBe((next.get(actor) ?? 0) + 1);
    next.set(actor, seq);
  }

  // No answered call is asked again: only what was in flight at a kill may be.
  const repeatedCalls = [...run.callsByKey.values()].reduce((sum, count) => sum + count - 1, 0);
  expect(repeatedCalls).toBeLessThanOrEqual(run.kills * inFlightMax);
  const replies = run.inputs.filter(({ type }) => type === 'model.replied').length;
  expect(run.callsByKey.size).toBe(replies);

  // An unsafe effect happened at most once, and where nobody knows, the journal says so.
  for (const [key, count] of run.effects) expect(count, key).toBe(1);
  const unknown = run.inputs.filter(({ code }) => code === 'outcome_unknown');
  expect(unknown.length).toBeLessThanOrEqual(run.kills * inFlightMax);
  const answered = new Set(run.inputs.filter(({ type }) => type === 'tool.completed' || type === 'effect.failed').map(({ key }) => key));
  for (const key of run.effects.keys()) expect(answered.has(key), `${key} happened and is not told`).toBe(true);
  for (const { key } of unknown) expect(run.inputs.some((input) => input.type === 'tool.started' && input.key === key)).toBe(true);

  // A message that was acknowledged to its sender has exactly one fate: journaled, or a dead letter with a reason.
  for (const id of run.acknowledgedMessages) {
    const fates = [...run.inputs.filter((input) => input.id === id), ...run.buried.filter((buried) => buried === id)];
    expect(fates.length, `fates of message ${id}`).toBe(1);
  }

  // One answer for each task.
  const completed = run.events.filter(({ type }) => type === 'task.completed').map(({ data }) => data['task']);
  expect(new Set(completed).size).toBe(completed.length);
  expect(completed.length).toBe(run.goal.tasks.total);

  expect(run.verify.ok, JSON.stringify(run.verify)).toBe(true);
  expect(run.replay.ok, JSON.stringify(run.replay.problems)).toBe(true);
}
