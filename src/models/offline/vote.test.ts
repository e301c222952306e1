import { expect, test } from 'vitest';
import type { ModelMessage } from '../../../actors/ports/models.ts';
import { briefOf } from './brief.ts';
import { voteOf } from './vote.ts';

const messages = (role: string, ...proposals: readonly string[]): ModelMessage[] => [
  { role: 'system', text: `You are an agent.\nRole: ${role}` },
  {
    role: 'user',
    text: [
      'Choose a cache with eviction',
      'You are the voter p1 in round 1 of 3. Say VOTE.',
      ...proposals.map((text, index) => `## proposal ${'ABC'[index]}\n${text}`),
    ].join('\n\n'),
  },
];

test('the vote goes to the proposal that holds most of the goal, and cites most places', () => {
  expect(voteOf(briefOf(messages('vote', 'A list.', 'A cache.', 'A cache with eviction, see `src/cache.ts:3` — evict()')))).toMatch(
    /^VOTE: C\n\nProposal C holds 2 of the 3 terms of the goal and cites 1 place\./,
  );
});

test('of equals the first is chosen, and the answer says so', () => {
  expect(voteOf(briefOf(messages('vote', 'a cache', 'a cache')))).toMatch(/^VOTE: A\n[\s\S]*Others hold as much/);
});

test('a leader decides, and without proposals there is an abstention', () => {
  expect(voteOf(briefOf(messages('decide', 'x', 'a cache')))).toMatch(/^DECISION: B\n/);
  expect(voteOf(briefOf(messages('vote')))).toMatch(/^VOTE: abstain\n/);
});
