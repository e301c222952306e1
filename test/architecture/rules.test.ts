import { describe, expect, test } from 'vitest';
import { isProduct, type Source, sources } from '../../scripts/checks/sources.ts';

/** Words of a suppression, put together here so that this file does not suppress anything itself. */
const at = '@';
const words = [
  `${at}ts-(?:ignore|expect-error|nocheck)`,
  '(?:eslint|oxlint)-disable[a-z-]*',
  ['biome', 'ignore[a-z-]*'].join('-'),
  '(?:v8|c8|istanbul) ignore',
];
const suppression = new RegExp(`(${words.join('|')})(.*)$`, 'gm');

/** A reason is at least three words after the rule: after `:` for biome, after `--` for the linters, after the word for the compiler. */
function unexplained(text: string): readonly string[] {
  return [...text.matchAll(suppression)].flatMap(([whole, word, rest = '']) => {
    const reason = word?.startsWith(`${at}ts`) ? rest : (/(?:--|:)\s*(.*)$/.exec(rest)?.[1] ?? '');
    return reason
      .replace('*/', '')
      .trim()
      .split(/\s+/)
      .filter((part) => /\w/.test(part)).length >= 3
      ? []
      : [whole.trim()];
  });
}

/** An `export let`, or a top-level `let`: state that lives as long as the module. */
function moduleState({ path, text }: Source): readonly string[] {
  return [...text.matchAll(/^(?:export )?(?:let|var) .*$/gm)].map(([line]) => `${path}: ${line}`);
}

const vagueNames = new Set(['utils', 'util', 'common', 'misc', 'helpers', 'helper', 'shared', 'lib']);

const all = sources();
const product = sources(['protocols', 'actors', 'swarm', 'src', 'k8s']).filter(isProduct);

describe('the checks see', () => {
  test.each([
    [`// ${at}ts-expect-error\n`, 1],
    [`// ${at}ts-expect-error the library forgets this field\n`, 0],
    [`// oxlint-${'disable'}-next-line no-var\n`, 1],
    [`// oxlint-${'disable'}-next-line no-var -- the old parser needs it\n`, 0],
    [`// biome-${'ignore'} lint/style/noEnum: x\n`, 1],
    [`// biome-${'ignore'} lint/style/noEnum: the peer sends one\n`, 0],
  ])('%s', (text, count) => {
    expect(unexplained(text)).toHaveLength(count);
  });

  test('state of a module', () => {
    expect(moduleState({ path: 'a.ts', text: 'let count = 0;\nfunction f() {\n  let inner = 1;\n}\n' })).toEqual(['a.ts: let count = 0;']);
  });
});

describe('house rules', () => {
  test('there is something to check', () => {
    expect(product.length).toBeGreaterThan(20);
  });

  test('no suppression without a reason', () => {
    expect(all.flatMap(({ path, text }) => unexplained(text).map((line) => `${path}: ${line}`))).toEqual([]);
  });

  test('no mutable state of a module', () => {
    expect(product.flatMap(moduleState)).toEqual([]);
  });

  test('no default export, no export *', () => {
    const found = product.filter(({ text }) => /^export default /m.test(text) || /^export \* /m.test(text));
    expect(found.map(({ path }) => path)).toEqual([]);
  });

  test('no vague names', () => {
    const found = all.filter(({ path }) => path.split('/').some((part) => vagueNames.has(part.replace(/\..*$/, ''))));
    expect(found.map(({ path }) => path)).toEqual([]);
  });

  test('no empty catch', () => {
    const found = product.filter(({ text }) => /catch\s*(?:\([^)]*\))?\s*\{\s*\}/.test(text) || /\.catch\(\(\w*\) => \{\s*\}\)/.test(text));
    expect(found.map(({ path }) => path)).toEqual([]);
  });

  test('no TODO: it is an issue, or it is gone', () => {
    const marker = new RegExp(`//.*\\b(?:${'TO'}DO|${'FIX'}ME|XXX)\\b`);
    expect(product.filter(({ text }) => marker.test(text)).map(({ path }) => path)).toEqual([]);
  });

  test('no decision by message text', () => {
    const byText = /\.message\s*(?:[!=]==(?!\s*(?:''|'string'|undefined|null))|\.(?:includes|startsWith|endsWith|match)\()|\.test\([\w.]*\.message\)/;
    expect(product.filter(({ text }) => byText.test(text)).map(({ path }) => path)).toEqual([]);
  });
});
