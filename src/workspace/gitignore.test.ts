import { expect, test } from 'vitest';
import { parseGitignore } from './gitignore.ts';

const ignore = parseGitignore(
  ['# comment', '', 'dist/', '*.log', '!keep.log', '/top.txt', 'docs/*.tmp', 'a/**/z', 'logs/**', 'file?.dat', 'x[0-9].bin', '\\#odd', '[z-a', 'trail   '].join(
    '\r\n',
  ),
);

test.each([
  ['dist', true, true],
  ['dist', false, false],
  ['src/dist', true, true],
  ['a.log', false, true],
  ['deep/er/a.log', false, true],
  ['keep.log', false, false],
  ['top.txt', false, true],
  ['sub/top.txt', false, false],
  ['docs/a.tmp', false, true],
  ['docs/sub/a.tmp', false, false],
  ['other/docs/a.tmp', false, false],
  ['a/z', false, true],
  ['a/b/c/z', false, true],
  ['logs/today/x', false, true],
  ['logs', true, false],
  ['file1.dat', false, true],
  ['file12.dat', false, false],
  ['x7.bin', false, true],
  ['#odd', false, true],
  ['trail', false, true],
  ['axlog', false, false],
])('%s (folder: %s) is ignored: %s', (path, isFolder, expected) => {
  expect(ignore(path, isFolder)).toBe(expected);
});
