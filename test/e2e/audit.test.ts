import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { goalIn, jsonLines, processMaxMs, until, useStage } from './stage.ts';

const stage = useStage();

test('an export is a signed chain that tells every call and decision; one changed byte is found, without a node', { timeout: 3 * processMaxMs }, async () => {
  await stage().write('flockwork.toml', '[profiles.careful]\napprove = ["fs.list"]\n');
  const { privateKey, publicKey } = generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  await stage().write('audit.pem', privateKey);
  await stage().write('audit.pub', publicKey);
  const { env } = await stage().model({
    models: ['mock'],
    script: [{ when: { toolResults: 0 }, reply: { toolCalls: [{ name: 'fs.list', input: {} }] } }, { reply: { text: 'done' } }],
  });
  const node = await stage().node([], { env });
  const tail = stage().start(['audit', 'tail', '--json', '--connect', node.ws]);
  const watcher = stage().start(['submit', 'look around', '--strategy', 'single', '--profile', 'careful', '--watch']);
  await until('the agent asks', async () => (await stage().cli('approvals', '--json')).out !== '');
  const goal = goalIn(watcher.err());
  const early = await stage().cli('audit', 'export', goal);
  expect([early.code, early.err]).toEqual([1, expect.stringContaining('(goal_not_ended)')]);
  const [approval] = jsonLines((await stage().cli('approvals', '--json')).out);
  expect((await stage().cli('approve', String(approval?.['id']), '--reason', 'it only looks')).code).toBe(0);
  expect((await watcher.ended).code).toBe(0);

  const made = await stage().cli('audit', 'export', '--key', 'audit.pem');
  expect([made.code, made.err]).toEqual([0, expect.stringMatching(/^1 goal, \d+ facts, signed\n$/)]);
  const lines = jsonLines(made.out);
  expect(lines.map(({ type }) => type).filter((type) => type !== 'fact')).toEqual(['export', 'goal', 'head']);
  expect(lines.find(({ event }) => event === 'tool.approved')).toMatchObject({
    goalId: goal,
    actor: 'agent-t0-1',
    data: { name: 'fs.list', reason: 'it only looks' },
    by: expect.any(String),
  });
  expect(lines.map(({ event }) => event)).toEqual(expect.arrayContaining(['goal.accepted', 'tool.requested', 'tool.completed', 'goal.completed']));

  await until('the tail has told the end', () => tail.out().includes('goal.completed'));
  tail.child.kill('SIGINT');
  const followed = await tail.ended;
  expect(followed.code).toBe(130);
  const seen = (list: Record<string, unknown>[]) => list.filter(({ type }) => type === 'fact').map(({ actor, seq }) => `${String(actor)} ${String(seq)}`);
  expect(seen(jsonLines(followed.out))).toEqual(seen(lines));

  node.child.kill('SIGTERM');
  await node.ended;
  await stage().write('audit.jsonl', made.out);
  const intact = await stage().cli('audit', 'verify', '--file', 'audit.jsonl', '--public-key', 'audit.pub');
  expect([intact.code, intact.out]).toEqual([0, expect.stringMatching(/^audit\.jsonl {2}intact {2}\d+ lines, 1 goal, signature valid\n$/)]);
  await stage().write('changed.jsonl', made.out.replace('it only looks', 'it only looked'));
  const broken = await stage().cli('audit', 'verify', '--file', 'changed.jsonl', '--json');
  expect([broken.code, JSON.parse(broken.out)]).toEqual([
    1,
    expect.objectContaining({ ok: false, problem: expect.stringMatching(/^line \d+ does not follow/) }),
  ]);
});
