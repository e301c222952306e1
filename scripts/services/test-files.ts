import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { services } from './services.ts';

/** Folders of the checkout that hold test files. */
const testRoots = ['protocols', 'actors', 'swarm', 'src', 'k8s', 'scripts', 'test', 'examples'];
const skippedFolders = new Set(['node_modules', 'dist', 'temp', 'sample-service']);

export interface TestFile {
  /** Relative to the checkout, with forward slashes. */
  readonly path: string;
  /** The folder that tells the kind: unit, conformance, integration, faults, e2e, architecture, examples. */
  readonly suite: string;
  /** Names of services that this file cannot run without. */
  readonly needs: readonly string[];
}

/**
 * What a test file needs: the names after `@needs` in a comment (`/** @needs nats-server, strace *\/`), and each service
 * whose launcher it imports (`scripts/services/nats.ts`).
 */
export function needsOf(source: string): readonly string[] {
  const needs = new Set<string>();
  for (const match of source.matchAll(/@needs[ \t]+([a-z0-9, \t-]+)/g)) {
    for (const name of (match[1] ?? '').split(/[,\s]+/)) if (name !== '') needs.add(name);
  }
  if (/from '[^']*services\/nats\.ts'/.test(source)) needs.add('nats-server');
  return [...needs];
}

function suiteOf(path: string): string {
  const [first, second] = path.split('/');
  if (first === 'test') return second ?? 'test';
  return first === 'examples' ? 'examples' : 'unit';
}

function* walk(root: string, folder: string): Generator<string> {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory() && !skippedFolders.has(entry.name)) yield* walk(root, path);
    else if (entry.isFile() && entry.name.endsWith('.test.ts')) yield path;
  }
}

/** Every test file of the checkout, found by walking it: what a run is held against. */
export function testFiles(root: string): readonly TestFile[] {
  const present = new Set(readdirSync(root));
  const known = new Set(services.map((service) => service.name));
  return testRoots
    .filter((folder) => present.has(folder))
    .flatMap((folder) => [...walk(root, folder)])
    .sort()
    .map((path) => {
      const needs = needsOf(readFileSync(join(root, path), 'utf8'));
      const unknown = needs.filter((name) => !known.has(name));
      if (unknown.length > 0)
        throw new Error(`${path} says @needs ${unknown.join(', ')}: name one of ${[...known].join(', ')}, or add it to scripts/services/services.ts`);
      return { path, suite: suiteOf(path), needs };
    });
}
