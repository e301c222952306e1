import { expect, test } from 'vitest';
import { Fold } from '../../actors/cell/fold.ts';
import type { Input } from '../../actors/cell/kind.ts';
import { accept } from '../../test/histories/coordinator.ts';
import type { GoalAccept } from '../coordinator/coordinator.inputs.ts';
import { coordinatorKind } from '../coordinator/coordinator.kind.ts';
import { firstFacts } from './first-facts.ts';

test.each([
  ['a goal of many parts', accept({ parts: 12 })],
  ['a long goal', accept({ plan: { count: 1, parts: [{ name: 'the whole goal' }] }, goal: 'g'.repeat(5_000) })],
  ['a goal with a workspace', accept({ workspace: { blob: 'a'.repeat(64), files: 3, bytes: 30 } })],
])('the first facts of %s are those of the whole machine', (_what, made) => {
  const input = made as unknown as GoalAccept;
  const whole = new Fold(coordinatorKind, 'flock.acme.journal.7.g1.coordinator', 100).step(JSON.parse(JSON.stringify(input)) as Input, 1_000);
  expect(firstFacts(input, 1_000)).toEqual(whole.facts);
  expect(whole.facts.map(({ seq, type }) => [seq, type])).toEqual([[1, 'goal.accepted']]);
  expect(whole.requests).toEqual([]);
});
