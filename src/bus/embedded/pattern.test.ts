import { describe, expect, test } from 'vitest';
import { accessPath, matcherOf } from './pattern.ts';

describe('accessPath', () => {
  test('a subject is one stream', () => {
    expect(accessPath('flock.acme.journal.7.goal-1.agent')).toEqual({ type: 'stream', name: 'flock.acme.journal.7.goal-1.agent' });
  });

  test('wildcards behind the root are served by the root', () => {
    for (const end of ['>', '*', '*.>'])
      expect(accessPath(`flock.acme.journal.7.goal-1.${end}`)).toEqual({ type: 'root', subject: 'flock.acme.journal.7.goal-1' });
  });

  test('a named shard is served by the shard', () => {
    for (const pattern of ['flock.*.journal.7.>', 'flock.acme.journal.7.*.agent', 'flock.*.journal.7.goal-1.agent'])
      expect(accessPath(pattern)).toEqual({ type: 'shard', shard: 7 });
  });

  test('everything else is read whole', () => {
    for (const pattern of ['flock.*.journal.>', '>', 'flock.acme.journal.*.goal-1.>', 'flock.>']) expect(accessPath(pattern)).toEqual({ type: 'all' });
  });
});

test('a matcher answers as the pattern does, also when it has forgotten', () => {
  const matches = matcherOf('flock.*.journal.7.>', 2);
  for (let round = 0; round < 2; round++) {
    for (const subject of ['flock.a.journal.7.b.c', 'flock.a.journal.8.b.c', 'flock.b.journal.7.b.c']) expect(matches(subject)).toBe(subject.includes('.7.'));
  }
});
