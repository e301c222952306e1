import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FlockworkError } from '../../protocols/errors/error.ts';
import { exitCodeOf } from './exit.ts';
import { type GoalOptions, parseQuota, readSubmission } from './submission.ts';

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'flockwork-submission-'));
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

async function refusal(goal: string | undefined, options: GoalOptions): Promise<FlockworkError> {
  const error = await readSubmission(goal, options, cwd).catch((reason: unknown) => reason);
  if (!(error instanceof FlockworkError)) throw new Error('it was accepted');
  expect(exitCodeOf(error)).toBe(2);
  return error;
}

describe('a goal from the command line', () => {
  test('takes every flag', async () => {
    const options = {
      strategy: 'map-reduce',
      agents: '8',
      profile: 'reviewer',
      model: 'openai/m',
      quota: ['maxTokens=5,maxSeconds=1.5', 'maxTicks=2'],
      idempotencyKey: 'k',
    };
    expect(await readSubmission('do it', options, cwd)).toEqual({
      goal: 'do it',
      strategy: 'map-reduce',
      agents: 8,
      profile: 'reviewer',
      model: 'openai/m',
      quota: { maxTokens: 5, maxSeconds: 1.5, maxTicks: 2 },
      idempotencyKey: 'k',
    });
  });

  test('takes a file, flags over its fields, quotas key by key', async () => {
    await writeFile(
      join(cwd, 'goal.json'),
      JSON.stringify({ goal: 'from file', agents: 2, quota: { maxTokens: 1, maxTicks: 3 }, inputs: [{ kind: 'text', text: 'x' }] }),
    );
    expect(await readSubmission(undefined, { file: 'goal.json', agents: '4', quota: ['maxTokens=9'] }, cwd)).toEqual({
      goal: 'from file',
      agents: 4,
      quota: { maxTokens: 9, maxTicks: 3 },
      inputs: [{ kind: 'text', text: 'x' }],
    });
    expect((await readSubmission('typed', { file: 'goal.json' }, cwd)).goal).toBe('typed');
  });

  test('takes a strategy as JSON', async () => {
    expect((await readSubmission('g', { strategy: '{"type":"map-reduce","fanIn":4}' }, cwd)).strategy).toEqual({ type: 'map-reduce', fanIn: 4 });
  });
});

describe('a strategy that needs more than its name', () => {
  const tasks = [{ name: 'facts', prompt: 'find them' }];
  test.each([
    ['plan', 'tasks', /^--strategy plan: a plan needs its tasks, .* -f goal\.json: \{"goal": "…", "strategy": \{"type": "plan"/],
    ['pipeline', 'stages', /^--strategy pipeline: a pipeline needs its stages, .* -f goal\.json: \{"goal": "…", "strategy": \{"type": "pipeline"/],
  ])('%s is refused with an example of the file', async (strategy, _what, message) => {
    const error = await refusal('g', { strategy });
    expect(error).toMatchObject({ code: 'usage', message: expect.stringMatching(message) });
    // The example is one that would be taken.
    await writeFile(join(cwd, 'goal.json'), error.message.slice(error.message.indexOf('{')));
    expect((await readSubmission('g', { strategy, file: 'goal.json' }, cwd)).strategy).toMatchObject({ type: strategy });
  });

  test('the name beside a file that has the whole strategy is that strategy, and no other', async () => {
    await writeFile(join(cwd, 'goal.json'), JSON.stringify({ goal: 'g', strategy: { type: 'plan', tasks } }));
    expect((await readSubmission(undefined, { strategy: 'plan', file: 'goal.json' }, cwd)).strategy).toEqual({ type: 'plan', tasks });
    expect((await refusal(undefined, { strategy: 'pipeline', file: 'goal.json' })).code).toBe('usage');
    expect((await readSubmission(undefined, { strategy: 'single', file: 'goal.json' }, cwd)).strategy).toBe('single');
  });
});

describe('what is refused', () => {
  test.each<[string | undefined, GoalOptions, string, RegExp]>([
    [undefined, {}, 'usage', /say what to do/],
    ['  ', {}, 'invalid_request', /^the goal: must not be empty$/],
    ['x'.repeat(2_097_152), {}, 'invalid_request', /^the goal: too big: .*65536/],
    ['g', { agents: '0' }, 'invalid_request', /^--agents: too small: .*>=1$/],
    ['g', { agents: '10000' }, 'invalid_request', /^--agents: too big: .*<=64$/],
    ['g', { agents: 'many' }, 'invalid_request', /^--agents: /],
    ['g', { strategy: 'mapreduce' }, 'strategy_unknown', /did you mean map-reduce\?/],
    ['g', { strategy: '{oops' }, 'invalid_json', /^--strategy: /],
    ['g', { quota: ['maxToken=1'] }, 'usage', /--quota maxToken: unknown quota, did you mean maxTokens\?/],
    ['g', { quota: ['maxTokens=lots'] }, 'usage', /--quota maxTokens: must be a number/],
    ['g', { quota: ['maxTicks=0'] }, 'invalid_request', /^--quota maxTicks: too small/],
    ['g', { profile: 'a b' }, 'invalid_request', /^--profile: /],
    [undefined, { file: 'absent.json' }, 'input_missing', /absent\.json cannot be read \(ENOENT\)/],
  ])('%#', async (goal, options, code, message) => {
    const error = await refusal(goal, options);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });

  test.each([
    ['{"goal":', 'invalid_json', /^goal\.json: /],
    ['[]', 'invalid_request', /must be a JSON object/],
    ['{"goal":"g","agent":3}', 'invalid_request', /^goal\.json: unknown field agent, did you mean agents\?$/],
    ['{"goal":"g","strategy":{"type":"plan","tasks":[{"name":"a"}]}}', 'invalid_request', /^goal\.json: strategy\.tasks\.0\.prompt: invalid input/],
    ['{"goal":"g","strategy":{"type":"plan","tasks":[],"bogus":1}}', 'invalid_request', /^goal\.json: strategy: unknown field bogus$/],
    ['{"goal":"g","agents":65}', 'invalid_request', /^goal\.json: agents: too big/],
  ])('the file %s', async (text, code, message) => {
    await writeFile(join(cwd, 'goal.json'), text);
    const error = await refusal(undefined, { file: 'goal.json' });
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });
});

test('quotas are numbers by key', () => {
  expect(parseQuota(['maxCostUsd=0.25'])).toEqual({ maxCostUsd: 0.25 });
});
