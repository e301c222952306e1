import { describe, expect, test } from 'vitest';
import {
  agentsMax,
  goalInput,
  goalStatuses,
  goalSubmission,
  goalTextMax,
  isEnded,
  itemsMax,
  manifest,
  quota,
  quotaDefault,
  stagesMax,
  strategyNames,
  workspacePath,
} from './goal.ts';

const sha = 'a'.repeat(64);
const withGoal = (rest: object): object => ({ goal: 'Count the files', ...rest });

/** The paths of what is wrong, as a client reads them in the details. */
function faults(submission: unknown): readonly string[] {
  const read = goalSubmission.safeParse(submission);
  return read.success ? [] : read.error.issues.map(({ path }) => path.join('.'));
}

describe('a goal that is taken', () => {
  test.each([
    ['only a text', {}],
    ['a strategy by name', { strategy: 'map-reduce' }],
    ['a strategy with options', { strategy: { type: 'map-reduce', concurrency: 4, fanIn: 8, onFailure: 'partial' } }],
    ['a pipeline', { strategy: { type: 'pipeline', stages: [{ name: 'read', prompt: 'Read it' }] } }],
    ['a consensus by weights', { strategy: { type: 'consensus', quorum: { weights: { a: 2, b: 0.5 } }, rounds: 3, noQuorum: 'leader' } }],
    ['one agent', { agents: 1 }],
    ['64 agents', { agents: agentsMax }],
    [
      'each kind of input',
      {
        inputs: [
          { kind: 'text', text: '' },
          { kind: 'items', items: ['a'] },
          { kind: 'files', manifest: { files: [] } },
          { kind: 'path', path: '/srv/data' },
        ],
      },
    ],
    ['a quota of one tick', { quota: { maxTicks: 1, maxCostUsd: 0, maxToolCalls: 0 } }],
    ['an idempotency key', { idempotencyKey: 'k'.repeat(256) }],
  ])('%s', (_, rest) => {
    expect(faults(withGoal(rest))).toEqual([]);
  });

  test('loses the blanks around it', () => {
    expect(goalSubmission.parse({ goal: '  Count  \n' }).goal).toBe('Count');
  });

  test('of the largest size', () => {
    expect(faults({ goal: 'x'.repeat(goalTextMax) })).toEqual([]);
  });
});

describe('a goal that is refused, with the path of what is wrong', () => {
  test.each([
    ['no goal', {}, 'goal'],
    ['an empty goal', { goal: '' }, 'goal'],
    ['a goal of blanks', { goal: ' \n\t ' }, 'goal'],
    ['a goal of 2 MiB', { goal: 'x'.repeat(2_097_152) }, 'goal'],
    ['a goal that is a number', { goal: 7 }, 'goal'],
    ['0 agents', withGoal({ agents: 0 }), 'agents'],
    ['-1 agents', withGoal({ agents: -1 }), 'agents'],
    ['2.5 agents', withGoal({ agents: 2.5 }), 'agents'],
    ['10,000 agents', withGoal({ agents: 10_000 }), 'agents'],
    ['agents as text', withGoal({ agents: '3' }), 'agents'],
    ['an unknown strategy', withGoal({ strategy: 'swarm' }), 'strategy'],
    ['an unknown strategy type', withGoal({ strategy: { type: 'swarm' } }), 'strategy'],
    ['an unknown option of a strategy', withGoal({ strategy: { type: 'single', depth: 1 } }), 'strategy'],
    ['a pipeline without stages', withGoal({ strategy: { type: 'pipeline', stages: [] } }), 'strategy.stages'],
    [
      'a pipeline of too many stages',
      withGoal({ strategy: { type: 'pipeline', stages: Array.from({ length: stagesMax + 1 }, () => ({ name: 'a', prompt: 'b' })) } }),
      'strategy',
    ],
    ['65 tasks of a plan', withGoal({ strategy: { type: 'plan', tasks: Array.from({ length: 65 }, () => ({ name: 'a', prompt: 'b' })) } }), 'strategy'],
    ['a task without a prompt', withGoal({ strategy: { type: 'plan', tasks: [{ name: 'a' }] } }), 'strategy'],
    ['a negative weight', withGoal({ strategy: { type: 'consensus', quorum: { weights: { a: -1 } } } }), 'strategy.quorum.weights.a'],
    ['an unknown field', withGoal({ priority: 1 }), ''],
    ['an unknown kind of input', withGoal({ inputs: [{ kind: 'url', url: 'http://x' }] }), 'inputs.0.kind'],
    ['an unknown field of an input', withGoal({ inputs: [{ kind: 'text', text: '', mode: 1 }] }), 'inputs.0'],
    ['no items', withGoal({ inputs: [{ kind: 'items', items: [] }] }), 'inputs.0.items'],
    ['65 inputs', withGoal({ inputs: Array.from({ length: 65 }, () => ({ kind: 'text', text: '' })) }), 'inputs'],
    ['an unknown quota', withGoal({ quota: { maxDollars: 1 } }), 'quota'],
    ['no ticks', withGoal({ quota: { maxTicks: 0 } }), 'quota.maxTicks'],
    ['no time', withGoal({ quota: { maxSeconds: 0 } }), 'quota.maxSeconds'],
    ['endless time', withGoal({ quota: { maxSeconds: Number.POSITIVE_INFINITY } }), 'quota.maxSeconds'],
    ['a negative cost', withGoal({ quota: { maxCostUsd: -1 } }), 'quota.maxCostUsd'],
    ['a profile with a dot', withGoal({ profile: 'a.b' }), 'profile'],
    ['an empty idempotency key', withGoal({ idempotencyKey: '' }), 'idempotencyKey'],
    ['a list', [], ''],
    ['null', null, ''],
  ])('%s', (_, submission, path) => {
    expect(faults(submission)).toContain(path);
  });

  test('all faults at once', () => {
    expect(faults({ goal: '', agents: 0, quota: { maxTicks: 0 }, bogus: 1 })).toEqual(['goal', 'agents', 'quota.maxTicks', '']);
  });
});

describe('workspace paths', () => {
  test.each(['a', 'src/a.ts', '.env', 'a/..b/c', 'ünï/🐦.txt', 'with space'])('%s is one', (path) => expect(workspacePath.safeParse(path).success).toBe(true));

  test.each(['', '/', '/etc/passwd', '..', '../a', 'a/../b', 'a/..', './a', 'a/./b', 'a//b', 'a/', 'a\\..\\b', 'a\0b', 'x'.repeat(4_097)])(
    '%j is none',
    (path) => expect(workspacePath.safeParse(path).success).toBe(false),
  );

  test('a manifest takes files by path, hash and size, and nothing else', () => {
    const file = { path: 'a.txt', sha256: sha, size: 0 };
    expect(manifest.safeParse({ files: [file, { ...file, executable: true }] }).success).toBe(true);
    for (const bad of [
      { ...file, path: '../a' },
      { ...file, sha256: sha.toUpperCase() },
      { ...file, sha256: 'a' },
      { ...file, size: -1 },
      { ...file, size: 0.5 },
      { ...file, link: 'b' },
    ]) {
      expect(manifest.safeParse({ files: [bad] }).success).toBe(false);
    }
  });
});

test('100,000 items are taken, one more is not', () => {
  expect(goalInput.safeParse({ kind: 'items', items: new Array(itemsMax).fill('') }).success).toBe(true);
  expect(goalInput.safeParse({ kind: 'items', items: new Array(itemsMax + 1).fill('') }).success).toBe(false);
});

test('the default quota is finite and is itself a quota', () => {
  expect(Object.values(quotaDefault).every(Number.isFinite)).toBe(true);
  expect(quota.parse(quotaDefault)).toEqual(quotaDefault);
  expect(Object.keys(quotaDefault).sort()).toEqual(Object.keys(quota.shape).sort());
});

test('three statuses are ends', () => {
  expect(goalStatuses.filter(isEnded)).toEqual(['completed', 'failed', 'cancelled']);
});

test('every strategy name is a strategy', () => {
  expect(strategyNames.flatMap((strategy) => faults(withGoal({ strategy })))).toEqual([]);
});
