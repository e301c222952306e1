import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { chainStart } from '../../actors/cell/chain.ts';
import { openRecord } from '../../actors/cell/records.ts';
import { root } from '../../scripts/checks/run.ts';
import { mutants } from '../../scripts/mutants/mutants.ts';
import { builtinToolSpecs } from '../../src/tools/builtin.ts';

const pages = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...globSync('docs/*.md', { cwd: root })];
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** A page without its fences: what is code there is no link and no path. */
function proseOf(page: string): string {
  return page.replaceAll(/^ *```[\s\S]*?^ *```/gm, '');
}

/** What a heading is called in a link: lower case, without marks, blanks as dashes. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');
}

function anchorsOf(path: string): readonly string[] {
  return [...proseOf(read(path)).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));
}

/** Links of a page to other files of the checkout that lead nowhere. */
function deadLinks(path: string, page: string): readonly string[] {
  return [...proseOf(page).matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)].flatMap(([, target = '']) => {
    const [file = '', anchor] = target.split('#');
    const to = file === '' ? path : normalize(join(dirname(path), file));
    if (!existsSync(join(root, to))) return [`${path} → ${target}`];
    return anchor === undefined || anchorsOf(to).includes(anchor) ? [] : [`${path} → ${target}`];
  });
}

const folders = '(?:protocols|actors|swarm|src|scripts|test|examples|docs|etc|bin)';

/** Paths of the checkout that a page names and that are not there. `*` stands for any name. */
function missingPaths(page: string): readonly string[] {
  const named = [...proseOf(page).matchAll(new RegExp(`\`(${folders}/[\\w./*-]+)\``, 'g'))].map(([, path = '']) => path);
  return named.filter((path) => (path.includes('*') ? globSync(path, { cwd: root }).length === 0 : !existsSync(join(root, path))));
}

describe('the check sees', () => {
  test('a dead link, a dead anchor and a path that is not there', () => {
    expect(deadLinks('docs/a.md', '[a](nowhere.md) [b](errors.md#nothing-of-this) [c](errors.md) [d](https://example.org/x)')).toEqual([
      'docs/a.md → nowhere.md',
      'docs/a.md → errors.md#nothing-of-this',
    ]);
    expect(missingPaths('`src/nowhere.ts` and `src/index.ts`, `src/cli/commands/` and `etc/*.nothing`')).toEqual(['src/nowhere.ts', 'etc/*.nothing']);
  });
});

test.each(pages)('%s leads somewhere with each link', (path) => {
  expect(deadLinks(path, read(path))).toEqual([]);
});

// CONTRIBUTING.md speaks of what a rule allows, whether it is there or not.
test.each(pages.filter((path) => path !== 'CONTRIBUTING.md'))('%s names only paths that are there', (path) => {
  expect(missingPaths(read(path))).toEqual([]);
});

test('README.md leads to every page', () => {
  const readme = read('README.md');
  expect(pages.filter((path) => path.startsWith('docs/') && !readme.includes(`(${path})`))).toEqual([]);
});

describe('docs/journal.md', () => {
  const page = read('docs/journal.md');
  const rules = [...page.matchAll(/^(\d+)\. /gm)].map(([, number]) => Number(number));

  test('has its rules in order, and those that mutants take out', () => {
    expect(rules).toEqual(rules.map((_, index) => index + 1));
    expect(mutants.filter(({ rule }) => !rules.includes(rule))).toEqual([]);
  });

  test('shows records that follow each other', () => {
    const block = /stream `([^`]+)`:\n\n```text records\n([\s\S]*?)```/.exec(page);
    const stream = block?.[1] ?? '';
    let hash = chainStart(stream);
    const lines = (block?.[2] ?? '').trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(1);
    lines.forEach((line, index) => {
      ({ hash } = openRecord(stream, hash, index + 1, line));
    });
  });
});

test('docs/tools.md says of each built-in tool what it declares', () => {
  const told = [...read('docs/tools.md').matchAll(/^\| `([a-z]+\.[a-z]+)` \| .* \| (yes|no) \| (yes|no) \| (yes|no) \|$/gm)].map((match) => match.slice(1, 5));
  const yes = (value: boolean): string => (value ? 'yes' : 'no');
  expect(told).toEqual(builtinToolSpecs().map(({ name, repeatable, parallel, writes }) => [name, yes(repeatable), yes(parallel), yes(writes)]));
});
