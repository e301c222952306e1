import { describe, expect, test } from 'vitest';
import { checksOf, failedBy, joinedPatterns, withoutChecks } from './checks.ts';
import { termsOf } from './terms.ts';

const goal =
  'Find hard-coded secrets, disabled TLS checks, eval, paths built from input, signatures compared with ===, unbounded reads, unchecked casts, files overwritten in place, empty catch blocks, console.log and the type `any`';
const checks = checksOf(goal);
const named = (line: string): string[] => failedBy(line, checks).map(({ name }) => name);

test('a goal is checked for what it names, and for nothing else', () => {
  expect(checks).toHaveLength(11);
  expect(checksOf('Find empty catch blocks').map(({ name }) => name)).toEqual(['failure swallowed']);
  expect(checksOf('Find every TODO and FIXME and say which matter most, any of them')).toEqual([]);
  expect(withoutChecks('Find hard-coded secrets and FIXME', checksOf('Find hard-coded secrets'))).toBe('Find   and FIXME');
});

test('the words that ask for a check are not looked for as text', () => {
  expect(termsOf('Find hard-coded secrets, console.log and what is marked FIXME')).toMatchObject({ exact: ['FIXME'], words: [] });
});

describe('a line', () => {
  test.each([
    ["  tokenSecret: env.TOKEN_SECRET ?? 'change-me',", 'hard-coded secret'],
    ['const PASSWORD = "hunter22";', 'hard-coded secret'],
    ['https.request({ rejectUnauthorized: false })', 'TLS check turned off'],
    ['return eval(text);', 'text run as code'],
    ['return readFile(join(folder, `${id}.txt`));', 'path built from a value'],
    ['if (sign(payload, secret) !== signature) return;', 'secret compared byte by byte'],
    ['for await (const chunk of request) text += chunk;', 'body read without a bound'],
    ['const { cents } = request.body as { cents: number };', 'input taken for granted'],
    ['await writeFile(path, text);', 'file overwritten in place'],
    ['try { f(); } catch (error) {}', 'failure swallowed'],
    ['await f().catch(() => undefined);', 'failure swallowed'],
    ['  console.log(x);', 'debug output'],
    ['function f(x: any) {', 'type any'],
  ])('%s: %s', (line, name) => {
    expect(named(line)).toEqual([name]);
  });

  test.each([
    "const token = issueToken(claims, 'secret');",
    'if (signature === undefined) return;',
    'const body = request.body as unknown;',
    'catch (error) { log(error); }',
    '// console.log(x) was here',
    'const url = `${base}/orders`;',
    'tokenMinutes: number;',
    'const many = company;',
  ])('%s shows nothing', (line) => {
    expect(named(line)).toEqual([]);
  });
});

test('patterns are joined up to the bound of a search, and each still finds its lines', () => {
  const patterns = joinedPatterns(checks, 300);
  expect(patterns.length).toBeGreaterThan(1);
  expect(Math.max(...patterns.map((pattern) => pattern.length))).toBeLessThanOrEqual(300);
  expect(patterns.some((pattern) => new RegExp(pattern, 'i').test('console.log(1)'))).toBe(true);
});
