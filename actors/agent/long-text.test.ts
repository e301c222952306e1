import { describe, expect, test } from 'vitest';
import { factBytesMax } from '../../protocols/journal/record.ts';
import { resultInlineCharsMax } from './bounds.ts';
import { isLongText, jsonBytes } from './long-text.ts';

describe('a text that stands in a fact', () => {
  test('has so many characters at most', () => {
    expect(isLongText('a'.repeat(resultInlineCharsMax))).toBe(false);
    expect(isLongText('a'.repeat(resultInlineCharsMax + 1))).toBe(true);
  });

  test.each([
    ['letters', 'a'],
    ['quotes', '"'],
    ['Chinese', '\u6c49'],
    ['control characters', '\u0001'],
    ['halves of a pair', '\ud800'],
  ])('fits it whatever JSON makes of %s', (_name, letter) => {
    const lengths = Array.from({ length: resultInlineCharsMax }, (_, at) => at + 1);
    const longest = letter.repeat(lengths.findLast((length) => !isLongText(letter.repeat(length))) ?? 0);
    expect(longest.length).toBeGreaterThan(8_000);
    expect(jsonBytes({ seq: 1, type: 'agent.answered', data: { result: longest } })).toBeLessThan(factBytesMax - 12_000);
  });
});
