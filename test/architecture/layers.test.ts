import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { checkLayers, doorGaps } from '../../scripts/checks/layers.ts';
import { root } from '../../scripts/checks/run.ts';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** A small tree with our rules and our packages, and the files given. */
function tree(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'flockwork-layers-'));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of ['.dependency-cruiser.cjs', 'package.json', 'tsconfig.json', 'scripts/checks/doors.json'])
    cpSync(join(root, name), join(folder, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

const leaf = 'export const leaf = 1;\n';
const targets = {
  'protocols/leaf.ts': leaf,
  'actors/leaf.ts': leaf,
  'swarm/leaf.ts': leaf,
  'src/node/leaf.ts': leaf,
  'src/cli/leaf.ts': leaf,
  'src/config/leaf.ts': leaf,
  'src/models/leaf.ts': leaf,
  'src/client/leaf.ts': leaf,
  'scripts/leaf.ts': leaf,
};

/** One forbidden import each, and the rule that must name it. */
const forbidden: readonly (readonly [file: string, imported: string, rule: string])[] = [
  ['protocols/bad.ts', '../actors/leaf.ts', 'protocols-is-the-ground'],
  ['protocols/bad.ts', 'node:fs', 'protocols-is-the-ground'],
  ['protocols/bad.ts', 'xstate', 'protocols-is-the-ground'],
  ['actors/bad.ts', '../swarm/leaf.ts', 'actors-know-protocols'],
  ['actors/bad.ts', 'node:fs', 'actors-know-protocols'],
  ['actors/bad.ts', 'zod', 'actors-know-protocols'],
  ['swarm/bad.ts', '../src/config/leaf.ts', 'swarm-knows-actors-and-protocols'],
  ['swarm/bad.ts', 'node:net', 'swarm-knows-actors-and-protocols'],
  ['src/models/bad.ts', '../node/leaf.ts', 'src-modules-are-strangers'],
  ['src/models/bad.ts', '../../scripts/leaf.ts', 'src-looks-down'],
  ['src/models/bad.ts', 'xstate', 'one-door-xstate'],
  ['src/models/bad.ts', 'fastify', 'one-door-fastify'],
  ['src/gateway/bad.ts', 'openai', 'one-door-openai'],
  ['src/models/bad.ts', 'vitest', 'known-package'],
  ['src/node/bad.ts', '../cli/leaf.ts', 'node-composes'],
  ['src/cli/bad.ts', '../models/leaf.ts', 'cli-starts-things'],
  ['src/client/bad.ts', '../config/leaf.ts', 'client-knows-protocols'],
  ['src/client/bad.ts', '../../actors/leaf.ts', 'client-knows-protocols'],
  ['src/index.ts', './cli/leaf.ts', 'entry-is-not-the-cli'],
  ['src/models/bad.ts', './nowhere.ts', 'resolvable'],
];

describe('the walls can fail', () => {
  test('each forbidden import is named by its rule', () => {
    const files: Record<string, string> = { ...targets };
    forbidden.forEach(([file, imported], at) => {
      const own = file.endsWith('bad.ts') ? file.replace('bad.ts', `bad-${at}.ts`) : file;
      files[own] = `import '${imported}';\n`;
    });
    const { violations } = checkLayers(tree(files));
    const missed = forbidden.filter(([file, , rule], at) => {
      const own = file.endsWith('bad.ts') ? file.replace('bad.ts', `bad-${at}.ts`) : file;
      return !violations.some((violation) => violation.startsWith(`${rule}: ${own} →`));
    });
    expect(missed).toEqual([]);
  });

  test('a circle is found', () => {
    const { violations } = checkLayers(tree({ 'actors/one.ts': "import './two.ts';\n", 'actors/two.ts': "import './one.ts';\n" }));
    expect(violations.filter((violation) => violation.startsWith('no-circular'))).not.toEqual([]);
  });

  test('a circle of types alone is none', () => {
    const files = {
      'actors/one.ts': "import type { Two } from './two.ts';\nexport interface One { two: Two }\n",
      'actors/two.ts': "import type { One } from './one.ts';\nexport interface Two { one: One }\n",
    };
    expect(checkLayers(tree(files)).violations).toEqual([]);
  });

  test('what is allowed passes', () => {
    const files = {
      ...targets,
      'protocols/good.ts': "import 'zod';\nimport './leaf.ts';\n",
      'actors/good.ts': "import 'xstate';\nimport 'node:crypto';\nimport '../protocols/leaf.ts';\n",
      'actors/good.test.ts': "import 'vitest';\nimport 'node:fs';\n",
      'swarm/good.ts': "import '../actors/leaf.ts';\n",
      'src/models/good.ts': "import 'openai';\nimport '../config/leaf.ts';\nimport '../../actors/leaf.ts';\n",
      'src/node/good.ts': "import '../models/leaf.ts';\n",
      'src/cli/good.ts': "import 'commander';\nimport '../node/leaf.ts';\nimport '../client/leaf.ts';\n",
    };
    expect(checkLayers(tree(files)).violations).toEqual([]);
  });
});

describe('the tree', () => {
  test('keeps its walls, and every module was read', () => {
    const { cruised, present, violations } = checkLayers();
    expect(violations).toEqual([]);
    expect(cruised).toBeGreaterThan(0);
    expect(cruised).toBe(present);
  });

  test('every dependency has a door and every door a dependency', () => {
    expect(doorGaps()).toEqual([]);
  });
});
