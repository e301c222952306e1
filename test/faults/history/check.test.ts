import { describe, expect, test } from 'vitest';
import { violationsOf } from './check.ts';
import type { Answered, Asked, History, Line, Operation, StoredLine } from './operations.ts';

const stream = 'flock.acme.journal.1.lane-a.lane';
const text = (line: Line): string => JSON.stringify(line);
const opened = (n: number, epoch: number, by: string): Line => ({ kind: 'opened', n, epoch, by });
const decided = (n: number, epoch: number, by: string, decision: number): Line => ({ kind: 'decided', n, epoch, by, decision });

/** Operations take one millisecond each, one after the other, unless times are named. */
function did(at: number, peer: string, asked: Asked, answered: Answered = {}, more: Partial<Operation> = {}): Operation {
  return { peer, begin: at, end: at + 1, outcome: 'ok', asked, answered, ...more };
}

function historyOf(parts: { operations?: readonly Operation[]; lines?: readonly Line[] } & Partial<Omit<History, 'operations' | 'stored'>>): History {
  const stored = (parts.lines ?? []).map((line, at): StoredLine => ({ sequence: at + 1, position: String(at + 1), line: text(line) }));
  return { seen: [], survivors: [], serverDied: false, ...parts, operations: parts.operations ?? [], stored: new Map([[stream, stored]]) };
}

const promises = (history: History): string[] => [...new Set(violationsOf(history).map(({ promise }) => promise))];

describe('the checker', () => {
  test('finds nothing in what is right', () => {
    const lines = [opened(1, 1, 'a'), decided(2, 1, 'a', 1), opened(3, 2, 'b'), decided(4, 2, 'b', 2)];
    const operations = lines.map((line, at) => did(at, 'a', { op: 'append', stream, after: String(at), line: text(line) }, { position: String(at + 1) }));
    const seen = lines.map((line, at) => ({ peer: 'a', sequence: at + 1, stream, line: text(line) }));
    expect(violationsOf(historyOf({ lines, operations, seen, survivors: ['a'] }))).toEqual([]);
  });

  test.each<[string, string[], History]>([
    [
      'an acknowledged append that is not stored',
      ['no acknowledgement lost'],
      historyOf({ operations: [did(0, 'a', { op: 'append', stream, after: '0', line: text(opened(1, 1, 'a')) }, { position: '1' })] }),
    ],
    [
      'a refused append that is stored',
      ['refused is not stored'],
      historyOf({
        lines: [opened(1, 1, 'a')],
        operations: [did(0, 'a', { op: 'append', stream, after: '0', line: text(opened(1, 1, 'a')) }, {}, { outcome: 'refused' })],
      }),
    ],
    ['a record of an owner of before', ['one owner at a time'], historyOf({ lines: [opened(1, 1, 'a'), opened(2, 2, 'b'), decided(3, 1, 'a', 1)] })],
    ['an epoch that comes twice', ['one owner at a time'], historyOf({ lines: [opened(1, 1, 'a'), opened(2, 1, 'b')] })],
    ['a decision taken twice', ['no decision twice'], historyOf({ lines: [opened(1, 1, 'a'), decided(2, 1, 'a', 1), decided(3, 1, 'a', 1)] })],
    ['a record at another place', ['records in a row'], historyOf({ lines: [opened(1, 1, 'a'), decided(3, 1, 'a', 1)] })],
    [
      'an acknowledged push of which nothing came',
      ['no acknowledgement lost'],
      historyOf({ operations: [did(0, 'a', { op: 'push', queue: 'tasks', lane: 'default', id: 'x' })] }),
    ],
    [
      'a message that was journaled twice',
      ['no decision twice'],
      historyOf({
        lines: [opened(1, 1, 'a'), { kind: 'message', n: 2, epoch: 1, by: 'a', id: 'x' }, { kind: 'message', n: 3, epoch: 1, by: 'a', id: 'x' }],
        operations: [did(0, 'a', { op: 'push', queue: 'inbox', lane: 'lane-a', id: 'x' })],
      }),
    ],
    [
      'a delivery after the acknowledgement',
      ['acknowledged is gone'],
      historyOf({
        operations: [
          did(0, 'a', { op: 'ack', queue: 'tasks', id: 'x' }),
          did(9, 'b', { op: 'claim', queue: 'tasks', topic: 'default' }, { claimed: [{ id: 'x', deliveries: 2 }] }),
        ],
      }),
    ],
    [
      'two holders of a lease',
      ['one holder of a lease'],
      historyOf({
        operations: [
          did(0, 'a', { op: 'take', key: 'lease.a', ttlMs: 100 }, { revision: 1 }),
          did(60, 'b', { op: 'take', key: 'lease.a', ttlMs: 100 }, { revision: 2 }),
        ],
      }),
    ],
    [
      'two winners over one revision',
      ['one winner'],
      historyOf({
        operations: [
          did(0, 'a', { op: 'put', key: 'k', value: 'x', over: 0 }, { revision: 1 }),
          did(0, 'b', { op: 'put', key: 'k', value: 'y', over: 0 }, { revision: 2 }),
        ],
      }),
    ],
    [
      'a read behind an acknowledged write',
      ['no acknowledgement lost'],
      historyOf({
        operations: [did(0, 'a', { op: 'put', key: 'k', value: 'x', over: 0 }, { revision: 1 }), did(5, 'b', { op: 'read', key: 'k' })],
      }),
    ],
    ['a value that nobody wrote', ['reads see writes'], historyOf({ operations: [did(5, 'b', { op: 'read', key: 'k' }, { revision: 1, value: 'x' })] })],
    [
      'a gap before a follower',
      ['order kept for followers'],
      historyOf({
        lines: [opened(1, 1, 'a'), decided(2, 1, 'a', 1), decided(3, 1, 'a', 2)],
        seen: [
          { peer: 'a', sequence: 1, stream, line: text(opened(1, 1, 'a')) },
          { peer: 'a', sequence: 3, stream, line: text(decided(3, 1, 'a', 2)) },
        ],
      }),
    ],
    [
      'a lane out of order',
      ['order kept in a lane'],
      historyOf({
        lines: [opened(1, 1, 'b'), { kind: 'message', n: 2, epoch: 1, by: 'b', id: 'y' }, { kind: 'message', n: 3, epoch: 1, by: 'b', id: 'x' }],
        operations: [
          did(0, 'a', { op: 'push', queue: 'inbox', lane: 'lane-a', id: 'x' }),
          did(2, 'a', { op: 'push', queue: 'inbox', lane: 'lane-a', id: 'y' }),
          did(
            4,
            'b',
            { op: 'claim', queue: 'inbox', topic: '1' },
            {
              claimed: [
                { id: 'y', deliveries: 1 },
                { id: 'x', deliveries: 1 },
              ],
            },
          ),
        ],
      }),
    ],
  ])('finds %s', (_what, found, history) => expect(promises(history)).toEqual(found));

  test('lets a holder that gave its lease away be followed at once, and an answer that never came be either', () => {
    const operations = [
      did(0, 'a', { op: 'take', key: 'lease.a', ttlMs: 100 }, { revision: 1 }),
      did(10, 'a', { op: 'resign', key: 'lease.a', ttlMs: 100 }, { revision: 2 }),
      did(20, 'b', { op: 'take', key: 'lease.a', ttlMs: 100 }, { revision: 3 }),
      did(30, 'b', { op: 'push', queue: 'tasks', lane: 'default', id: 'x' }, {}, { outcome: 'unknown' }),
      did(40, 'b', { op: 'append', stream, after: '0', line: text(opened(1, 1, 'b')) }, {}, { outcome: 'unknown' }),
    ];
    expect(violationsOf(historyOf({ operations }))).toEqual([]);
  });
});
