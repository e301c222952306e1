import { describe, expect, test } from 'vitest';
import { createLineMatcher } from './line-matcher.ts';

/** Backtracks for ever on a line of many a that ends in b. */
const evil = '^(a+)+$';

describe('a regular expression', () => {
  test('that uses up its processor time is refused', () => {
    const matcher = createLineMatcher({ query: evil, regex: true, ignoreCase: false, regexMs: 20 });
    expect(() => matcher.scan([[`${'a'.repeat(60)}b`]])).toThrow(expect.objectContaining({ code: 'tool_input_invalid' }));
  });

  test('that only the machine held up goes on where it stood, and finds each line once', () => {
    // A clock on which no processor time passes: as if the process had been stopped whenever its time was over.
    let asked = 0;
    const cpuMs = (): number => {
      asked += 1;
      return 0;
    };
    const matcher = createLineMatcher({ query: '^b$|^x$|a$', regex: true, ignoreCase: false, regexMs: 1, cpuMs });
    const many = Array.from({ length: 400 }, () => Array.from({ length: 400 }, (_, line) => (line % 2 === 0 ? 'b' : 'c'.repeat(400))));
    expect(matcher.scan(many)).toEqual(many.map(() => Array.from({ length: 200 }, (_, at) => at * 2)));
    expect(asked).toBeGreaterThan(2);
  });

  test('that never comes to an end is given up all the same', () => {
    const matcher = createLineMatcher({ query: evil, regex: true, ignoreCase: false, regexMs: 2, cpuMs: () => 0 });
    expect(() => matcher.scan([[`${'a'.repeat(60)}b`]])).toThrow(expect.objectContaining({ code: 'tool_input_invalid' }));
  });
});
