import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { impurities } from '../../scripts/checks/purity.ts';
import { root } from '../../scripts/checks/run.ts';

describe('the check sees', () => {
  test.each([
    ['const at = Date.now();', '1: calls Date.now'],
    ['const at = new Date();', '1: reads the clock by new Date()'],
    ['const at = Math.random();', '1: calls Math.random'],
    ['setTimeout(() => undefined, 1);', '1: uses setTimeout'],
    ['const wait = setImmediate;', '1: uses setImmediate'],
    ["void fetch('http://x');", '1: uses fetch'],
    ['const home = process.env;', '1: uses process'],
    ['const id = crypto.randomUUID();', '1: uses crypto'],
    ['const signal = AbortSignal.timeout(5);', '1: calls AbortSignal.timeout'],
    ["import { readFileSync } from 'node:fs';", '1: imports node:fs'],
    ["import { createHash, randomBytes } from 'node:crypto';", '1: imports randomBytes of node:crypto'],
    ["import * as everything from 'node:crypto';", '1: imports * of node:crypto'],
    ["\nconst late = import('node:net');", '2: imports at run time'],
    ['globalThis.setTimeout(() => undefined, 1);', '1: uses globalThis'],
  ])('%s', (source, problem) => {
    expect(impurities(source)).toContain(problem);
  });

  test.each([
    ["import { createHash } from 'node:crypto';"],
    ["// Date.now and setTimeout are not for us\nconst text = 'Math.random()';"],
    ['const when = new Date(at).toISOString();'],
    ['export function run(process: () => void): void { process(); }'],
    ['const timer = clock.setTimeout; const options = { fetch: 1 };'],
  ])('no fault in %s', (source) => {
    expect(impurities(source)).toEqual([]);
  });
});

describe.each(['actors', 'swarm'])('%s/', (layer) => {
  const files = globSync(`${layer}/**/*.ts`, { cwd: root }).filter((path) => !path.endsWith('.test.ts') && !path.endsWith('.examples.ts'));

  test('has files to check', () => {
    expect(files.length).toBeGreaterThan(0);
  });

  test('reads no clock, no random source, no file, no socket', () => {
    const found = files.flatMap((path) => impurities(readFileSync(join(root, path), 'utf8'), path).map((problem) => `${path}:${problem}`));
    expect(found).toEqual([]);
  });
});
