import { describe, expect, test } from 'vitest';
import { quotaDefault } from '../../../protocols/goals/goal.ts';
import { bytes, count, counted, duration, quotaText, short, usageText, usd } from './figures.ts';
import { oneLine, printable, table } from './table.ts';

describe('figures', () => {
  test.each([
    [count(1_234_567), '1,234,567'],
    [count(999), '999'],
    [counted(1, 'task'), '1 task'],
    [counted(0, 'entry', 'entries'), '0 entries'],
    [short(9_999), '9999'],
    [short(12_345), '12.3k'],
    [short(4_000_000), '4.0M'],
    [duration(0.042), '0.04 s'],
    [duration(3.14), '3.1 s'],
    [duration(59.6), '1 min'],
    [duration(200), '3 min 20 s'],
    [duration(3_600), '1 h'],
    [duration(7_500), '2 h 5 min'],
    [bytes(512), '512 B'],
    [bytes(1_500_000), '1.5 MB'],
    [usd(0), '$0.00'],
    [usd(0.0012), '$0.0012'],
    [usd(null), 'cost unknown'],
  ])('%s', (text, expected) => {
    expect(text).toBe(expected);
  });

  test('the quota in force names every bound', () => {
    expect(quotaText(quotaDefault)).toBe('10 rounds per agent, 2,000 tool calls, 4,000,000 tokens, 1,000 memory keys, $5, 1 h');
  });

  test('usage says when it is partly estimated', () => {
    expect(usageText({ modelCalls: 1, toolCalls: 2, tokens: 3, costUsd: 0.5, estimated: true, seconds: 1 })).toBe(
      '1 model call, 2 tool calls, 3 tokens, $0.50 (partly estimated)',
    );
  });
});

describe('text', () => {
  test('cannot drive a terminal', () => {
    expect(printable('a\u001b[31mb\u009b2Jc\u0007\r\td\ne')).toBe('a\ufffd[31mb\ufffd2Jc\ufffd\ufffd\td\ne');
  });

  test('fits one line', () => {
    expect(oneLine('  a\n b\tc  ', 10)).toBe('a b c');
    expect(oneLine('abcdef', 4)).toBe('abc…');
    expect(oneLine('😀😀😀', 2)).toBe('😀…');
  });

  test('columns are as wide as their widest cell', () => {
    expect(
      table(
        ['A', 'LONG'],
        [
          ['x', '1'],
          ['yyy', ''],
        ],
      ),
    ).toEqual(['A    LONG', 'x    1', 'yyy']);
  });
});
