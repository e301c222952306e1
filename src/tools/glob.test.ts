import { expect, test } from 'vitest';
import { compileGlob } from './glob.ts';

test.each([
  ['*.ts', 'a.ts', true],
  ['*.ts', 'deep/er/a.ts', true],
  ['*.ts', 'a.tsx', false],
  ['src/*.ts', 'src/a.ts', true],
  ['src/*.ts', 'src/sub/a.ts', false],
  ['./src/**/*.ts', 'src/a.ts', true],
  ['src/**/*.ts', 'src/x/y/a.ts', true],
  ['src/**', 'src/x/y', true],
  ['**/test/*', 'a/test/b', true],
  ['*.{ts,tsx}', 'a.tsx', true],
  ['{src,lib}/**/*.{ts,js}', 'lib/x/a.js', true],
  ['{src,lib}/**/*.{ts,js}', 'bin/x/a.js', false],
  ['a?c', 'abc', true],
  ['a?c', 'ac', false],
  ['[a-c]x', 'bx', true],
  ['[!a-c]x', 'bx', false],
  ['[!a-c]x', 'dx', true],
  ['a.b', 'axb', false],
  ['*a*b*c', 'xxaxxbxxc', true],
  ['*a*b*c', 'xxaxxbxx', false],
  ['(a|b)+', '(a|b)+', true],
])('%s on %s: %s', (pattern, path, expected) => {
  expect(compileGlob(pattern)(path)).toBe(expected);
});

test('a pattern that would make a regular expression explode is quick', () => {
  const matches = compileGlob('*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b');
  const steps = performance.now();
  expect(matches('a'.repeat(250))).toBe(false);
  // Generous: the walk is quadratic, backtracking would take years.
  expect(performance.now() - steps).toBeLessThan(1_000);
});

test('braces are bounded', () => {
  expect(() => compileGlob('{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}')).toThrow(expect.objectContaining({ code: 'tool_input_invalid' }));
});
