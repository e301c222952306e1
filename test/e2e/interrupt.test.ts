import { describe, expect, test } from 'vitest';
import { goalIn, jsonLines, processMaxMs, until, useStage } from './stage.ts';

const stage = useStage();
const single = ['--strategy', 'single'];

describe('Ctrl-C', () => {
  test('once cancels the goal, reaches the model call in flight and leaves with 130', async () => {
    const { model, env } = await stage().model();
    const running = stage().start(['run', 'wait', '--model', 'openai/hang', ...single], { env });
    await until('the model is asked', () => model.calls.length === 1);
    running.child.kill('SIGINT');
    const { code, err } = await running.ended;
    expect([code, err]).toEqual([130, expect.stringContaining('goal.cancelled: interrupted by the user')]);
    await until('the model sees that its client has left', () => model.calls[0]?.clientLeft === true);
    expect(jsonLines((await stage().cli('goals', '--json')).out)).toMatchObject([{ id: goalIn(err), status: 'cancelled', error: { code: 'cancelled' } }]);
  });

  test('twice ends at once, even when nobody answers any more', async () => {
    const { model, env } = await stage().model();
    const node = await stage().node(['--model', 'openai/hang'], { env });
    const running = stage().start(['run', 'wait', ...single]);
    await until('the model is asked', () => model.calls.length === 1);
    node.child.kill('SIGSTOP');
    running.child.kill('SIGINT');
    await until('it says that once more leaves', () => running.err().includes('press Ctrl-C again'));
    running.child.kill('SIGINT');
    expect(await running.ended).toMatchObject({ code: 130, out: '' });
  });

  test('leaves a watched goal alone and says how to come back', { timeout: 2 * processMaxMs }, async () => {
    let answer = (): void => undefined;
    const asked = new Promise<void>((resolve) => (answer = resolve));
    const { model, env } = await stage().model({ script: () => asked.then(() => ({ text: 'said back' })) });
    await stage().node(['--model', 'openai/any'], { env });
    const watcher = stage().start(['submit', 'wait', '--watch']);
    await until('the model is asked', () => model.calls.length === 1);
    await until('the watch is there', () => watcher.err().includes('task.started'));
    watcher.child.kill('SIGINT');
    const left = await watcher.ended;
    const [, id = '', cursor = ''] = /flockwork watch (\S+) --after (\S+)/.exec(left.err) ?? [];
    expect([left.code, id]).toEqual([130, goalIn(left.err)]);
    answer();
    const rest = await stage().cli('watch', id, '--after', cursor, '--json');
    expect([rest.code, jsonLines(rest.out).at(-1)]).toEqual([0, expect.objectContaining({ status: 'completed', result: 'said back' })]);
    expect(jsonLines(rest.out).map(({ type }) => type)).not.toContain('goal.accepted');
  });
});

describe('a run that died', () => {
  /** A model that answers two rounds of tools at once and then only when it is allowed to. */
  async function slowModel(): Promise<{ env: Readonly<Record<string, string>>; allow: () => void; calls: () => number }> {
    let allow = (): void => undefined;
    const allowed = new Promise<void>((resolve) => (allow = resolve));
    const { model, env } = await stage().model({
      script: async ({ toolRounds }) => {
        if (toolRounds < 2) return { toolCalls: [{ name: 'fs.read', input: { path: 'notes.txt' } }] };
        await allowed;
        return { text: `read ${toolRounds} times` };
      },
    });
    return { env, allow, calls: () => model.calls.length };
  }

  test('by kill -9 is named by the next run, and resume finishes it without asking again what was answered', { timeout: 3 * processMaxMs }, async () => {
    const { env, allow, calls } = await slowModel();
    await stage().write('notes.txt', 'first line\n');
    const running = stage().start(['run', 'read the notes', '--input', 'notes.txt', '--model', 'openai/any', ...single], { env });
    await until('the third call is out', () => calls() === 3);
    const id = goalIn(running.err());
    running.child.kill('SIGKILL');
    expect(await running.ended).toMatchObject({ code: null, signal: 'SIGKILL', out: '' });

    const next = await stage().start(['run', 'something else', '--model', 'offline'], { env }).ended;
    expect([next.code, next.err]).toEqual([
      0,
      expect.stringMatching(/a goal in this folder has not ended; go on with:\n {2}running {2}read the notes · flockwork resume g-/),
    ]);
    // The other goal's run did not touch it.
    expect([next.err.includes(`flockwork resume ${id}`), calls()]).toEqual([true, 3]);
    allow();
    const resumed = await stage().start(['resume', id], { env }).ended;
    expect([resumed.code, resumed.out]).toEqual([0, 'read 2 times\n']);
    expect(calls()).toBe(4);
    const facts = jsonLines((await stage().cli('watch', id, '--json')).out);
    expect(facts.filter(({ type }) => type === 'tool.completed')).toHaveLength(2);
    expect(facts.filter(({ type }) => type === 'cell.opened').length).toBeGreaterThan(1);
    expect(await stage().cli('replay', id)).toMatchObject({ code: 0 });
    expect(await stage().cli('audit', 'verify')).toMatchObject({ code: 0 });
    const again = await stage().cli('resume', id);
    expect([again.code, again.err]).toEqual([1, expect.stringContaining('(goal_ended)')]);
  });

  test('by SIGTERM says how to go on, and resume without a name finishes all that were left', { timeout: 3 * processMaxMs }, async () => {
    const { env, allow, calls } = await slowModel();
    await stage().write('notes.txt', 'first line\n');
    for (const text of ['read them', 'read them too']) {
      const before = calls();
      const running = stage().start(['run', text, '--input', 'notes.txt', '--model', 'openai/any', ...single], { env });
      await until('its third call is out', () => calls() === before + 3);
      running.child.kill('SIGTERM');
      const { code, err } = await running.ended;
      expect([code, err]).toEqual([130, expect.stringContaining(`stopped; go on with: flockwork resume ${goalIn(err)}`)]);
    }
    allow();
    const resumed = await stage().start(['resume'], { env }).ended;
    expect([resumed.code, resumed.out]).toEqual([0, 'read 2 times\nread 2 times\n']);
    expect(await stage().cli('resume')).toMatchObject({ code: 0, out: '', err: expect.stringContaining('no goal waits') });
  });
});

describe('a quota that is used up', () => {
  const pausedBy = (lines: readonly Record<string, unknown>[], quota: string): void => {
    const types = lines.map(({ type }) => type);
    expect(types.indexOf('quota.exceeded')).toBeGreaterThan(0);
    expect(types.indexOf('quota.exceeded')).toBeLessThan(types.indexOf('goal.paused'));
    expect(lines.find(({ type, actor }) => type === 'quota.exceeded' && actor === 'coordinator')).toMatchObject({
      data: { quota, used: expect.any(Number), limit: expect.any(Number) },
    });
    expect(lines.at(-1)).toMatchObject({ type: 'result', status: 'paused', result: null, error: { code: 'quota_exceeded' } });
  };

  test.each([
    ['maxToolCalls', '1', '50'],
    ['maxTokens', '5000', '1000000'],
  ])('%s pauses the goal, exit 1 says how to go on, a larger one completes it', { timeout: 3 * processMaxMs }, async (quota, small, large) => {
    const { env } = await stage().model({ steps: { tool: 'fs.read', input: { path: 'notes.txt' }, text: 'read all' } });
    await stage().write('notes.txt', 'a line of the notes\n'.repeat(300));
    const goal = ['--input', 'notes.txt', '--model', 'openai/steps-6', ...single];
    const first = await stage().start(['run', 'work', ...goal, '--quota', `${quota}=${small}`, '--json'], { env }).ended;
    const id = goalIn(first.err);
    expect([first.code, first.err]).toEqual([1, expect.any(String)]);
    pausedBy(jsonLines(first.out), quota);
    const told = await stage().start(['run', 'work', ...goal, '--quota', `${quota}=${small}`], { env }).ended;
    expect([told.code, told.out, told.err]).toEqual([
      1,
      '',
      expect.stringContaining(`${quota} is used up; go on with: flockwork resume ${goalIn(told.err)} --quota ${quota}=<larger>`),
    ]);

    const same = await stage().start(['resume', id], { env }).ended;
    expect([same.code, same.err]).toEqual([1, expect.stringContaining('the goal is paused')]);
    const resumed = await stage().start(['resume', id, '--quota', `${quota}=${large}`], { env }).ended;
    expect([resumed.code, resumed.out]).toEqual([0, 'read all\n']);
  });

  test('maxSeconds ends the model call in flight', { timeout: 3 * processMaxMs }, async () => {
    let mayAnswer = false;
    const { model, env } = await stage().model({ script: () => (mayAnswer ? { text: 'at last' } : { scene: 'hang' }) });
    const first = await stage().start(['run', 'wait', '--model', 'openai/any', ...single, '--quota', 'maxSeconds=1', '--json'], { env }).ended;
    expect(first.code).toBe(1);
    pausedBy(jsonLines(first.out), 'maxSeconds');
    expect(model.calls).toMatchObject([{ answered: false, clientLeft: true }]);
    mayAnswer = true;
    const resumed = await stage().start(['resume', goalIn(first.err), '--quota', 'maxSeconds=60'], { env }).ended;
    expect([resumed.code, resumed.out]).toEqual([0, 'at last\n']);
  });

  test('a live node keeps a paused goal, which is resumed from another process', { timeout: 3 * processMaxMs }, async () => {
    const { env } = await stage().model({ steps: { tool: 'fs.list', text: 'listed' } });
    await stage().node(['--model', 'openai/steps-3'], { env });
    const submitted = await stage().cli('submit', 'list', '--quota', 'maxToolCalls=1', '--watch');
    expect([submitted.code, submitted.err]).toEqual([1, expect.stringContaining('quota.exceeded')]);
    const id = goalIn(submitted.err);
    expect(jsonLines((await stage().cli('goals', '--status', 'paused', '--json')).out)).toMatchObject([
      { id, status: 'paused', error: { code: 'quota_exceeded' } },
    ]);
    expect(await stage().cli('resume', id, '--quota', 'maxToolCalls=20')).toMatchObject({ code: 0, out: 'listed\n' });
  });
});
