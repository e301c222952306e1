import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../checks/run.ts';
import { mutants } from './mutants.ts';

test.each(mutants.map((mutant) => [mutant.name, mutant] as const))('can be planted: %s', (_name, { file, find, replace }) => {
  expect(readFileSync(join(root, file), 'utf8').split(find)).toHaveLength(2);
  expect(replace).not.toBe(find);
});
