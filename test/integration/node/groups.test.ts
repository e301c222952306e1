import { afterEach, describe, expect, test } from 'vitest';
import { failureOf } from '../../../protocols/errors/error.ts';
import { startTestNode, type TestNode } from './test-node.ts';

let running: TestNode | undefined;
afterEach(async () => {
  await running?.close();
  running = undefined;
});

describe('a group of members on a node', () => {
  test('elects, decides and tells; its journals are verified and replayed like those of a goal, and outlive a restart', async () => {
    const node = await startTestNode({ script: () => ({ text: '' }) });
    running = node;
    const members = ['ann', 'bob', 'cid'];
    const heard: unknown[] = [];
    const join = (self: string) =>
      node.node().member({
        group: 'reviewers',
        self,
        members,
        onVote: ({ choices }) => ({ choice: choices[0] ?? null, rationale: 'the first' }),
        onMessage: (from, body) => heard.push([self, from, body]),
      });
    const [ann] = await Promise.all(members.map(join));
    if (ann === undefined) throw new Error('nobody joined');
    expect(await ann.requestVote()).toMatchObject({ elected: true, leader: 'ann' });
    const { term } = ann;
    expect(await ann.reachConsensus({ question: 'merge it?', choices: ['yes', 'no'], quorum: 'unanimous' })).toMatchObject({ choice: 'yes', votes: 3 });
    expect(await ann.broadcast({ merged: true })).toEqual({ reached: ['bob', 'cid'], missed: [] });
    expect(heard.toSorted()).toEqual([
      ['bob', 'ann', { merged: true }],
      ['cid', 'ann', { merged: true }],
    ]);
    await node.restart();
    const client = node.node().client();
    expect(await client.verify('reviewers')).toMatchObject({ ok: true, actors: 3 });
    const { ok, actors } = await client.replay('reviewers');
    expect([ok, actors.map(({ actor, machine }) => [actor, machine])]).toEqual([true, members.map((self) => [`member-${self}`, 'member@1'])]);
    expect(failureOf(await client.verify('nobody').catch((error: unknown) => error)).code).toBe('goal_unknown');
    await client.close();
    const again = await join('bob');
    expect([again.term, again.leader]).toEqual([term, null]);
  });
});
