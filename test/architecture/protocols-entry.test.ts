import { describe, expect, test } from 'vitest';
import * as entry from '../../protocols/index.ts';
import { isProduct, sources } from '../../scripts/checks/sources.ts';

const files = sources(['protocols']).filter((source) => isProduct(source) && source.path !== 'protocols/index.ts');
const index = sources(['protocols']).find(({ path }) => path === 'protocols/index.ts')?.text ?? '';

/** What each file of protocols/ declares for others. */
const declared = files.flatMap(({ path, text }) =>
  [...text.matchAll(/^export (?:declare )?(?:async )?(?:const|function\*?|class|interface|type) (\w+)/gm)].map(([, name]) => ({ path, name: name ?? '' })),
);

describe('protocols/index.ts', () => {
  test('exports by name all that protocols/ declares: a client needs nothing but this', () => {
    expect(declared.length).toBeGreaterThan(50);
    const names = new Set(index.match(/\b\w+\b/g));
    expect(declared.filter(({ name }) => !names.has(name))).toEqual([]);
  });

  test('gives values, not only names', () => {
    expect(Object.values(entry).filter((value) => value === undefined)).toEqual([]);
    expect(Object.keys(entry).length).toBeGreaterThan(40);
  });
});
