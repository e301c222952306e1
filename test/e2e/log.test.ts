import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { goalIn, jsonLines, processMaxMs, until, useStage } from './stage.ts';

const stage = useStage();

/** What a node has logged so far, after its first line. */
const logOf = (err: string): Record<string, unknown>[] => jsonLines(err.slice(err.indexOf('\n') + 1).replace(/[^\n]*$/, ''));

test('a node logs JSON lines after its first line, each with goal and trace; SIGHUP changes the levels', { timeout: 2 * processMaxMs }, async () => {
  await stage().write('flockwork.toml', '[log]\nlevel = "info"\n');
  const node = await stage().node();
  const submit = async (): Promise<string> => {
    const done = await stage().cli('submit', 'say hello', '--strategy', 'single', '--watch', '--connect', node.http);
    expect(done.code).toBe(0);
    return goalIn(done.err);
  };
  const first = await submit();
  await until('the end of the goal is logged', () => node.err().includes('goal.completed'));
  expect(node.err().split('\n')[0]).toMatch(/^flockwork: model offline\//);
  const told = logOf(node.err()).filter(({ goal }) => goal === first);
  expect(told.map(({ event, level }) => [event, level])).toEqual([
    ['goal.started', 'info'],
    ['goal.completed', 'info'],
  ]);
  expect(new Set(told.map(({ trace_id }) => trace_id)).size).toBe(1);
  expect(told[0]).toMatchObject({ agent: 'coordinator', tenant: 'default', trace_id: expect.stringMatching(/^[0-9a-f]{32}$/) });

  await stage().write('flockwork.toml', '[log]\nlevel = "warn"\nareas = ["agent=debug"]\n');
  node.child.kill('SIGHUP');
  const second = await (async () => {
    // The line about SIGHUP itself is too quiet for the new level: what tells is an agent.
    for (;;) {
      const id = await submit();
      if (node.err().includes('task.started')) return id;
    }
  })();
  await until('the agent is logged', () => logOf(node.err()).some(({ goal, event }) => goal === second && event === 'agent.answered'));
  const later = logOf(node.err()).filter(({ goal }) => goal === second);
  expect(later.map(({ event }) => event)).toEqual(['task.started', 'agent.answered']);
  expect(later[0]).toMatchObject({ task: 't0', attempt: 1, agent: 'agent-t0-1' });

  node.child.kill('SIGTERM');
  expect((await node.ended).code).toBe(0);
});

test('with log.format json nothing else is on stderr, and a log file is written until the end', { timeout: 2 * processMaxMs }, async () => {
  const node = await stage().node([], { env: { FLOCKWORK_LOG_FORMAT: 'json' } });
  node.child.kill('SIGTERM');
  const { err, code } = await node.ended;
  expect(code).toBe(0);
  expect(jsonLines(err).map(({ msg }) => msg)).toEqual([expect.stringMatching(/^flockwork: model offline\//), expect.stringMatching(/^SIGTERM: draining/)]);

  const second = await stage().node([], { env: { FLOCKWORK_LOG_FILE: stage().path('node.log') } });
  second.child.kill('SIGTERM');
  await second.ended;
  expect(second.err().split('\n')).toEqual([expect.stringMatching(/^flockwork: model offline\//), '']);
  expect(jsonLines(await readFile(stage().path('node.log'), 'utf8')).at(-1)).toMatchObject({ area: 'node', msg: expect.stringMatching(/^SIGTERM: draining/) });
});

test('a level that there is not is refused by name', async () => {
  const refused = await stage().start(['start', '--http-port', '0'], { env: { FLOCKWORK_LOG_AREAS: 'modle=debug' } }).ended;
  expect([refused.code, refused.err]).toEqual([2, expect.stringMatching(/log\.areas.*area=level.*node, goal, agent/)]);
});
