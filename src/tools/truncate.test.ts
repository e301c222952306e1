import { expect, test } from 'vitest';
import { cutAt, cutLine, truncateMiddle, truncateText } from './truncate.ts';

test('what fits stays as it is', () => {
  expect(truncateText('short', 100)).toEqual({ text: 'short' });
  expect(truncateMiddle('short', 100, 'x')).toEqual({ text: 'short' });
});

test('the beginning up to a line end, and a last line that says what is missing', () => {
  const { text, truncated } = truncateText(Array.from({ length: 100 }, (_, n) => `line ${n}`).join('\n'), 300);
  expect(truncated).toBe(true);
  expect(text.length).toBeLessThanOrEqual(300);
  expect(text.split('\n').at(-1)).toMatch(/^\[cut: the first \d+ of 789 characters/);
  expect(text.split('\n').at(-2)).toMatch(/^line \d+$/);
});

test('beginning and end, with the middle counted', () => {
  const { text } = truncateMiddle(`first ${'x'.repeat(5_000)} last`, 1_000, 'look elsewhere');
  expect(text.length).toBeLessThanOrEqual(1_000);
  expect(text).toMatch(/^first x/);
  expect(text).toMatch(/x last\n\[cut: 1000 of 5011 characters are shown; look elsewhere\]$/);
  expect(text).toMatch(/\n\[… \d+ characters left out …\]\n/);
});

test('no character is split in two, no secret either', () => {
  expect(cutAt('ab😀', 3)).toBe('ab');
  expect(truncateText('😀'.repeat(500), 301).text.isWellFormed()).toBe(true);
  expect(truncateMiddle('😀'.repeat(500), 301, 'x').text.isWellFormed()).toBe(true);
  expect(cutLine('abcdef', 4, (line) => line)).toBe('abcd […2 more characters]');
  expect(cutLine('abSECRET', 4, (line) => line.replace('SECRET', '*'))).toBe('ab*');
});
