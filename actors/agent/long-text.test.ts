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
    let [fits, isTooLong] = [0, resultInlineCharsMax + 1];
    while (isTooLong - fits > 1) {
      const middle = Math.floor((fits + isTooLong) / 2);
      if (isLongText(letter.repeat(middle))) isTooLong = middle;
      else fits = middle;
    }
    const longest = letter.repeat(fits);
    expect(longest.length).toBeGreaterThan(8_000);
    expect(jsonBytes({ seq: 1, type: 'agent.answered', data: { result: longest } })).toBeLessThan(factBytesMax - 12_000);
  });
});
