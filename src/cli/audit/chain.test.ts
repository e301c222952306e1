import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { checkExport, ExportChain, readKey } from './chain.ts';

const pair = (): { privateKey: string; publicKey: string } =>
  generateKeyPairSync('ed25519', { privateKeyEncoding: { type: 'pkcs8', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } });
const keys = pair();
const privateKey = readKey(keys.privateKey, 'private', 'key');
const publicKey = readKey(keys.publicKey, 'public', 'key');

function exported(signed = true): string[] {
  const chain = new ExportChain();
  const lines = [{ type: 'export' }, { type: 'goal', goalId: 'g-1' }, { type: 'fact', data: { text: 'one ,"hash":"x"}' } }, { type: 'fact', data: {} }].map(
    (fields) => chain.line(fields),
  );
  return [...lines, chain.head(signed ? privateKey : undefined)];
}

const check = (lines: readonly string[], { key }: { key?: typeof publicKey } = { key: publicKey }) =>
  checkExport(
    (async function* () {
      yield* lines;
    })(),
    key,
  );

describe('an export', () => {
  test('that nobody touched is intact, with its signature or without', async () => {
    expect(await check(exported())).toEqual({ ok: true, lines: 4, goals: 1, signature: 'valid' });
    expect(await check(exported(), {})).toEqual({ ok: true, lines: 4, goals: 1, signature: 'unchecked' });
    expect(await check(exported(false), {})).toEqual({ ok: true, lines: 4, goals: 1, signature: 'absent' });
  });

  test.each<[string, (lines: string[]) => string[], RegExp]>([
    ['a changed word', (lines) => lines.map((line) => line.replace('g-1', 'g-2')), /line 2/],
    ['a line taken out', (lines) => lines.filter((_, at) => at !== 2), /line 3/],
    ['a line put in', (lines) => [...lines.slice(0, 2), lines[1] ?? '', ...lines.slice(2)], /line 3/],
    ['two lines that changed places', ([a = '', b = '', c = '', ...rest]) => [a, c, b, ...rest], /line 2/],
    ['the end cut off', (lines) => lines.slice(0, -1), /no head/],
    ['lines before the head cut off', (lines) => [...lines.slice(0, 2), lines.at(-1) ?? ''], /head is of 4 lines, and there are 2/],
    ['a line behind the head', (lines) => [...lines, '{}'], /after the head/],
    ['a line that is no JSON', (lines) => [...lines.slice(0, 1), 'x', ...lines.slice(1)], /line 2 is not/],
    ['a space that nobody would miss', (lines) => lines.map((line, at) => (at === 3 ? line.replace('{', '{ ') : line)), /line 4/],
  ])('with %s is broken, and the line is named', async (_, change, problem) => {
    expect(await check(change(exported()))).toMatchObject({ ok: false, problem: expect.stringMatching(problem) });
  });

  test('made anew by somebody without the key is broken', async () => {
    const other = readKey(pair().publicKey, 'public', 'key');
    expect(await check(exported(), { key: other })).toMatchObject({ ok: false, signature: 'invalid' });
    expect(await check(exported(false))).toMatchObject({ ok: false, problem: 'there is no signature' });
  });
});

test('a key that is none, or of another kind, is refused by name', () => {
  expect(() => readKey('nonsense', 'private', '--key k.pem')).toThrow(/--key k\.pem is not a private key in PEM form/);
  const rsa = generateKeyPairSync('rsa', {
    modulusLength: 1024,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  expect(() => readKey(rsa.privateKey, 'private', '--key k.pem')).toThrow(/not an Ed25519 key/);
});
