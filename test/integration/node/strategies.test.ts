import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failureOf } from '../../../protocols/errors/error.ts';
import type { GoalSubmission, GoalView } from '../../../protocols/goals/goal.ts';
import type { GoalEvent } from '../../../protocols/wire/methods.ts';
import { loadConfig } from '../../../src/config/index.ts';
import { type FlockworkNode, startNode } from '../../../src/node/index.ts';
import { type MockModel, type MockScript, startMockModel } from '../../../src/testing/mock-model/index.ts';
import { SwarmCoordinator, type SwarmCoordinatorOptions } from '../../../swarm/swarm-coordinator.ts';

/** Stages write and read files; voters vote by what the goal says; all else echoes its role. */
const script: MockScript = ({ role, user, toolResults }) => {
  if (role === 'stage' && user.includes('(write) of')) {
    if (toolResults.length === 0)
      return { toolCalls: [{ name: 'fs.write', input: { path: 'notes/plan.md', text: `plan for ${user.includes('[one]') ? 'one' : 'two'}` } }] };
    return { text: 'written' };
  }
  if (role === 'stage' && user.includes('(check) of')) {
    if (toolResults.length === 0)
      return {
        toolCalls: [
          { name: 'fs.read', input: { path: 'notes/plan.md' } },
          { name: 'fs.write', input: { path: 'notes/plan.md', text: 'checked' } },
        ],
      };
    return { text: `saw ${toolResults[0]}` };
  }
  if (role === 'step' && user.includes('the task write,')) {
    if (toolResults.length === 0) return { toolCalls: [{ name: 'fs.write', input: { path: 'notes/plan.md', text: 'from the plan' } }] };
    return { text: 'written' };
  }
  if (role === 'step' && user.includes('the task check,')) {
    if (toolResults.length === 0) return { toolCalls: [{ name: 'fs.read', input: { path: 'notes/plan.md' } }] };
    return { text: `saw ${toolResults[0]} after ${/^## result of (\w+)$/m.exec(user)?.[1]}` };
  }
  if (role === 'step')
    return user.includes('the task broken,') ? { scene: 'http400' } : { text: `step with ${(user.match(/^## result of \w+$/gm) ?? []).length} results` };
  if (role === 'plan') return { text: choices[/choose (\w+)/.exec(user)?.[1] ?? ''] ?? 'I cannot choose' };
  if (role === 'propose' && user.includes('You are p1,') && user.includes('p1 breaks')) return { scene: 'http400' };
  if (role === 'propose') return { text: `the proposal of ${/You are (p\d+)/.exec(user)?.[1]}` };
  if (role === 'vote')
    return {
      text: user.includes('agree') ? 'VOTE: B\nit is the second' : `VOTE: ${['A', 'B', 'C'][Number(/the voter p(\d)/.exec(user)?.[1]) - 1]}\nit is mine`,
    };
  if (role === 'decide') return { text: 'DECISION: C\nto have an end' };
  return { text: `${role} done` };
};

/** What the model answers that is asked to choose. */
const choices: Readonly<Record<string, string>> = {
  parts: JSON.stringify({ strategy: 'map-reduce', why: 'two parts', items: ['left', 'right'] }),
  circle: JSON.stringify({
    strategy: 'plan',
    why: 'x',
    tasks: ['a', 'b'].map((name, at) => ({ name, prompt: 'go', after: [at === 0 ? 'b' : 'a'] })),
  }),
  tasks: JSON.stringify({
    strategy: 'plan',
    why: 'one needs the other',
    tasks: [
      { name: 'facts', prompt: 'find' },
      { name: 'text', prompt: 'write it', after: ['facts'] },
    ],
  }),
};

let folder: string;
let model: MockModel;
let node: FlockworkNode;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'flockwork-strategies-'));
  mkdirSync(join(folder, 'input'));
  writeFileSync(join(folder, 'input', 'readme.md'), 'hello');
  model = await startMockModel({ script });
  const flag = (path: string, value: unknown): { flag: string; path: string; value: unknown } => ({ flag: `--${path}`, path, value });
  const config = await loadConfig({
    cwd: folder,
    env: { OPENAI_BASE_URL: model.baseUrl, OPENAI_API_KEY: 'scripted' },
    flags: [flag('data.dir', join(folder, 'data')), flag('model.name', 'openai/scripted'), flag('workspace.roots', [folder])],
  });
  node = await startNode({ config, roles: ['gateway', 'coordinator', 'worker'], listen: false });
});

afterAll(async () => {
  await node?.stop();
  await model?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function run(submission: GoalSubmission): Promise<{ goal: GoalView; facts: GoalEvent[] }> {
  const client = node.client();
  const { id } = await client.submit(submission);
  const facts: GoalEvent[] = [];
  for await (const item of client.watch(id)) if (item.kind === 'event' && item.event.actor === 'coordinator') facts.push(item.event);
  expect(await client.replay(id)).toMatchObject({ ok: true, problems: [] });
  return { goal: await client.get(id), facts };
}

const dataOf = (facts: readonly GoalEvent[], type: string): unknown[] => facts.filter((fact) => fact.type === type).map(({ data }) => data);

describe('a pipeline on a node', () => {
  test('a later stage finds the files of the stage before it, and the goal gives back what the last one left', async () => {
    const { goal, facts } = await run({
      goal: 'plan it',
      agents: 1,
      inputs: [{ kind: 'path', path: join(folder, 'input') }],
      strategy: {
        type: 'pipeline',
        stages: [
          { name: 'write', prompt: 'write a plan for [one]' },
          { name: 'check', prompt: 'check the plan' },
        ],
      },
    });
    expect(goal).toMatchObject({ status: 'completed', result: expect.stringContaining('plan for one') });
    expect(dataOf(facts, 'task.created')).toMatchObject([
      { role: 'stage', name: 'item 1: write' },
      { role: 'stage', name: 'item 1: check', merges: ['t0'] },
    ]);
    const { items } = await node.client().artifacts(goal.id);
    expect(items).toMatchObject([{ path: 'notes/plan.md', change: 'added', size: 'checked'.length, task: 't1' }]);
  });

  test('the results of several items are joined in their order', async () => {
    const { goal } = await run({
      goal: 'echo',
      agents: 2,
      inputs: [{ kind: 'items', items: ['a', 'b', 'c'] }],
      strategy: {
        type: 'pipeline',
        stages: [
          { name: 'first', prompt: 'go' },
          { name: 'second', prompt: 'go on', concurrency: 1 },
        ],
      },
    });
    expect(goal.result).toBe('## item 1: second\n\nstage done\n\n## item 2: second\n\nstage done\n\n## item 3: second\n\nstage done');
    expect(goal.tasks).toMatchObject({ total: 6, completed: 6, failed: 0 });
  });
});

describe('a plan on a node', () => {
  test('a task after one other finds its files and its result; one after several gets all their results', async () => {
    const { goal, facts } = await run({
      goal: 'plan it',
      inputs: [{ kind: 'path', path: join(folder, 'input') }],
      strategy: {
        type: 'plan',
        tasks: [
          { name: 'end', prompt: 'sum up', after: ['check', 'other'] },
          { name: 'write', prompt: 'write' },
          { name: 'check', prompt: 'check', after: ['write'] },
          { name: 'other', prompt: 'look' },
        ],
      },
    });
    expect(goal).toMatchObject({ status: 'completed', result: 'step with 2 results', tasks: { total: 4, completed: 4, failed: 0 } });
    const made = dataOf(facts, 'task.created') as { task: string; name: string; merges?: string[] }[];
    const idOf = (name: string): string | undefined => made.find((one) => one.name === name)?.task;
    expect(made.find(({ name }) => name === 'check')?.merges).toEqual([idOf('write')]);
    expect(made.find(({ name }) => name === 'end')?.merges).toEqual([idOf('check'), idOf('other')]);
    expect(dataOf(facts, 'task.completed')).toContainEqual(expect.objectContaining({ task: idOf('check'), result: 'saw 1\tfrom the plan after write' }));
    expect((await node.client().artifacts(goal.id)).items).toMatchObject([{ path: 'notes/plan.md', change: 'added', task: idOf('write') }]);
  });

  test('under onFailure partial what needs a failed task is left out by name, and the rest is the result', async () => {
    const { goal, facts } = await run({
      goal: 'plan it',
      strategy: {
        type: 'plan',
        onFailure: 'partial',
        tasks: [
          { name: 'broken', prompt: 'fail' },
          { name: 'next', prompt: 'go on', after: ['broken'] },
          { name: 'other', prompt: 'look' },
        ],
      },
    });
    expect(goal).toMatchObject({ status: 'completed', result: 'step with 0 results', tasks: { total: 2, completed: 1, failed: 1 } });
    expect(dataOf(facts, 'task.skipped')).toMatchObject([{ name: 'next', after: 'broken' }]);
    expect(dataOf(facts, 'goal.completed')).toMatchObject([{ partial: 2 }]);
  });
});

describe('auto on a node', () => {
  test('the model chooses, its choice is a fact with its reason, and the goal goes on by it', async () => {
    const { goal, facts } = await run({ goal: 'choose parts', strategy: 'auto' });
    expect(dataOf(facts, 'strategy.chosen')).toEqual([{ strategy: 'map-reduce', options: { type: 'map-reduce' }, items: 2, why: 'two parts', by: 'model' }]);
    expect(dataOf(facts, 'plan.made')).toMatchObject([{ strategy: 'map-reduce', why: 'two parts', tasks: 4 }]);
    expect(dataOf(facts, 'task.created')).toMatchObject([{ role: 'plan' }, { name: 'left' }, { name: 'right' }, { role: 'reduce' }]);
    expect(goal).toMatchObject({ status: 'completed', result: 'reduce done', strategy: { type: 'map-reduce' } });
  });

  test('a plan of the model runs in its order', async () => {
    const { goal, facts } = await run({ goal: 'choose tasks', strategy: 'auto' });
    expect(dataOf(facts, 'task.created')).toMatchObject([{ role: 'plan' }, { name: 'facts' }, { name: 'text', merges: ['t1'] }]);
    expect(goal).toMatchObject({ status: 'completed', result: 'step with 1 results' });
  });

  test.each(['circle', 'nothing'])('a choice that cannot be used twice leaves it to the rules (%s)', async (what) => {
    const { goal, facts } = await run({ goal: `choose ${what}`, strategy: 'auto' });
    expect(dataOf(facts, 'task.created')).toMatchObject([{ role: 'plan' }, { role: 'plan', merges: ['t0'] }, { role: 'single' }]);
    expect(dataOf(facts, 'strategy.chosen')).toMatchObject([{ strategy: 'single', by: 'rules', why: expect.stringContaining('could not be used') }]);
    expect(goal).toMatchObject({ status: 'completed', result: 'single done' });
  });

  test('inputs of several parts decide by themselves, and so does a goal that names no strategy', async () => {
    const items = [{ kind: 'items' as const, items: ['the first', 'the second'] }];
    const many = await run({ goal: 'choose parts', strategy: 'auto', inputs: items });
    expect(dataOf(many.facts, 'strategy.chosen')).toMatchObject([{ strategy: 'map-reduce', by: 'rules', why: expect.stringContaining('2 items') }]);
    expect(dataOf(many.facts, 'task.created')).toMatchObject([{ name: 'the first' }, { name: 'the second' }, { role: 'reduce' }]);
    const none = await run({ goal: 'choose parts' });
    expect(dataOf(none.facts, 'strategy.chosen')).toMatchObject([{ strategy: 'single', by: 'rules', why: 'there is nothing to split' }]);
    expect(none.goal.usage.modelCalls).toBe(1);
  });
});

describe('a consensus on a node', () => {
  test('one voter is a majority of one', async () => {
    const { goal, facts } = await run({ goal: 'differ', agents: 1, strategy: 'consensus' });
    expect(goal).toMatchObject({ status: 'completed', result: 'the proposal of p1' });
    expect(dataOf(facts, 'round.decided')).toMatchObject([{ votes: 1, needed: 1, of: 1, by: 'quorum' }]);
  });

  test('a proposer that fails every time is missed, and the others decide; where they cannot, the goal has no quorum', async () => {
    const { goal, facts } = await run({ goal: 'agree, p1 breaks', agents: 3, strategy: 'consensus' });
    expect(goal).toMatchObject({ status: 'completed', result: 'the proposal of p3', tasks: { failed: 1 } });
    expect(dataOf(facts, 'vote.cast')).toMatchObject([{ voter: 'p2' }, { voter: 'p3' }]);
    const hopeless = await run({ goal: 'agree, p1 breaks', agents: 3, strategy: { type: 'consensus', quorum: 'unanimous', noQuorum: 'fail' } });
    expect(hopeless.goal).toMatchObject({ status: 'failed', error: { code: 'no_quorum', message: expect.stringContaining('only 2 of 3 proposers') } });
  });

  test('the proposal with a quorum is the result', async () => {
    const { goal, facts } = await run({ goal: 'agree on one', agents: 3, strategy: 'consensus' });
    expect(goal).toMatchObject({ status: 'completed', result: 'the proposal of p2' });
    expect(dataOf(facts, 'round.decided')).toMatchObject([{ round: 1, choice: 'B', votes: 2, needed: 2, by: 'quorum', proposer: 'p2' }]);
  });

  test('without a quorum a leader is elected and decides', async () => {
    const { goal, facts } = await run({ goal: 'differ', agents: 3, strategy: { type: 'consensus', rounds: 2 } });
    expect(goal).toMatchObject({ status: 'completed', result: 'the proposal of p3' });
    expect(dataOf(facts, 'vote.cast').length).toBe(6);
    expect(dataOf(facts, 'leader.elected')).toMatchObject([{ term: 1, leader: 'p1', needed: 2 }]);
    expect(dataOf(facts, 'round.decided')).toMatchObject([{ by: 'p1', choice: 'C', proposer: 'p3' }]);
  });

  test('without a quorum it fails where it is asked to', async () => {
    const { goal } = await run({ goal: 'differ', agents: 3, strategy: { type: 'consensus', rounds: 1, noQuorum: 'fail' } });
    expect(goal).toMatchObject({ status: 'failed', error: { code: 'no_quorum' } });
  });

  test.each([
    [{ type: 'consensus', quorum: { weights: { p1: 0 } } }, 'strategy_invalid'],
    [{ type: 'consensus', quorum: { weights: { p7: 1 } } }, 'strategy_invalid'],
    ['pipeline', 'invalid_request'],
    ['plan', 'invalid_request'],
    [{ type: 'pipeline', stages: [] }, 'invalid_request'],
    [{ type: 'plan', tasks: [] }, 'strategy_invalid'],
    [{ type: 'plan', tasks: [{ name: 'a', prompt: 'b', after: ['a'] }] }, 'strategy_invalid'],
    [{ type: 'plan', tasks: [{ name: 'a', prompt: 'b', after: ['z'] }] }, 'strategy_invalid'],
    [{ type: 'plan', tasks: ['b', 'c'].map((prompt) => ({ name: 'a', prompt })) }, 'strategy_invalid'],
    [{ type: 'plan', tasks: [{ name: 'a', prompt: 'b', profile: 'nobody' }] }, 'profile_unknown'],
    [{ type: 'pipeline', stages: [{ name: 'a', prompt: 'b', profile: 'nobody' }] }, 'profile_unknown'],
  ] as const)('%j is refused as %s', async (strategy, code) => {
    const failure = await node
      .client()
      .submit({ goal: 'x', agents: 3, strategy: strategy as GoalSubmission['strategy'] })
      .then(() => undefined, failureOf);
    expect(failure).toMatchObject({ code, retryable: false });
  });
});

describe('the swarm coordinator', () => {
  const each: readonly (readonly [SwarmCoordinatorOptions['strategy'], Partial<SwarmCoordinatorOptions>, string])[] = [
    ['SINGLE', {}, 'single done'],
    ['MAP_REDUCE', { inputs: [{ kind: 'items', items: ['a', 'b'] }] }, 'reduce done'],
    ['PIPELINE', { stages: [{ name: 'only', prompt: 'go' }] }, 'stage done'],
    ['CONSENSUS', {}, 'the proposal of p2'],
    ['PLAN', { tasks: [{ name: 'only', prompt: 'go' }] }, 'step with 0 results'],
    ['AUTO', {}, 'single done'],
    [undefined, {}, 'single done'],
  ];
  test.each(each)('%s', async (strategy, more, result) => {
    const outcome = await new SwarmCoordinator(node, { agents: 3, goal: 'agree', ...(strategy === undefined ? {} : { strategy }), ...more }).execute();
    expect(outcome).toMatchObject({ status: 'completed', result, usage: { modelCalls: expect.any(Number) } });
    expect(outcome.usage.modelCalls).toBeGreaterThan(0);
  });

  test('executing twice is one goal', async () => {
    const coordinator = new SwarmCoordinator(node, { goal: 'once', strategy: 'SINGLE' });
    const [first, second] = await Promise.all([coordinator.execute(), coordinator.execute()]);
    expect(second.id).toBe(first.id);
  });

  test('a goal that fails is an outcome', async () => {
    const outcome = await new SwarmCoordinator(node, { agents: 3, goal: 'differ', strategy: { type: 'consensus', rounds: 1, noQuorum: 'fail' } }).execute();
    expect(outcome).toMatchObject({ status: 'failed', result: '', error: { code: 'no_quorum' } });
  });

  test('an aborted signal cancels the goal', async () => {
    const outcome = await new SwarmCoordinator(node, { goal: 'never', strategy: 'SINGLE' }).execute({ signal: AbortSignal.abort() });
    expect(['cancelled', 'completed']).toContain(outcome.status);
  });

  test('a pipeline without stages and an unknown name are refused at once', () => {
    expect(() => new SwarmCoordinator(node, { goal: 'x', strategy: 'PIPELINE' })).toThrow('needs its stages');
    expect(() => new SwarmCoordinator(node, { goal: 'x', strategy: 'PLAN' })).toThrow('needs its tasks');
    expect(() => new SwarmCoordinator(node, { goal: 'x', strategy: 'CHAOS' as never })).toThrow("no strategy 'CHAOS'");
  });
});
