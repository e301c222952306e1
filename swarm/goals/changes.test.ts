import { describe, expect, test } from 'vitest';
import type { Artifact, Manifest } from '../../protocols/goals/goal.ts';
import { changesOf, overlay } from './changes.ts';

const hash = (letter: string): string => letter.repeat(64);
const file = (path: string, letter: string) => ({ path, sha256: hash(letter), size: 1 });
const change = (path: string, kind: Artifact['change'], task: string, letter = 'z'): Artifact =>
  kind === 'deleted' ? { path, change: kind, task } : { path, change: kind, sha256: hash(letter), size: 1, task };
const base: Manifest = { files: [{ ...file('a', 'a'), executable: true }, file('b', 'b')] };

describe('changes laid over a manifest', () => {
  test('the last change of a path counts, deletions take files away, and the right to run stays', () => {
    const merged = overlay(base, [
      [change('a', 'modified', 't0', 'c'), change('n', 'added', 't0', 'd')],
      [change('b', 'deleted', 't1'), change('n', 'modified', 't1', 'e')],
    ]);
    expect(merged).toEqual({ files: [{ ...file('a', 'c'), executable: true }, file('n', 'e')] });
  });

  test('a change whose bytes were too large to travel leaves the file as it was', () => {
    expect(overlay(base, [[{ path: 'b', change: 'modified', size: 9e9, task: 't0' }]])).toEqual(base);
  });
});

describe('the changes of a goal', () => {
  test('of tasks that go on with each other only the outcome counts, told against the beginning', () => {
    const tasks = [
      { task: 0, follows: null, artifacts: [change('n', 'added', 't0', 'c'), change('gone', 'added', 't0', 'd'), change('b', 'modified', 't0', 'x')] },
      { task: 1, follows: 0, artifacts: [change('n', 'modified', 't1', 'e'), change('gone', 'deleted', 't1'), change('b', 'modified', 't1', 'b')] },
      { task: 2, follows: 1, artifacts: [change('a', 'deleted', 't2')] },
    ];
    expect(changesOf(base, tasks)).toEqual([change('a', 'deleted', 't2'), { ...change('n', 'added', 't1', 'e') }]);
  });

  test('tasks that worked apart each keep their changes, equal ones once', () => {
    const tasks = [
      { task: 0, follows: null, artifacts: [change('a', 'modified', 't0', 'c'), change('b', 'deleted', 't0')] },
      { task: 1, follows: null, artifacts: [change('a', 'modified', 't1', 'd'), change('b', 'deleted', 't1')] },
      { task: 2, follows: null, artifacts: [change('a', 'modified', 't2', 'c')] },
    ];
    expect(changesOf(base, tasks)).toEqual([change('a', 'modified', 't0', 'c'), change('a', 'modified', 't1', 'd'), change('b', 'deleted', 't0')]);
  });
});
