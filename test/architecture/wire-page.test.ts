import { readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { encodeFrame, FrameDecoder, factTypes, methodParams } from '../../protocols/index.ts';
import { root } from '../../scripts/checks/run.ts';
import { loadConfig, startNode } from '../../src/index.ts';

const page = readFileSync(join(root, 'docs/wire.md'), 'utf8');
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** The text under a heading, up to the next one of the same rank. */
function section(heading: string): string {
  return page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
}

/** The first cell of each row of the tables in a section. */
function rows(heading: string): readonly string[] {
  return [...section(heading).matchAll(/^\| `([^`]+)` \|/gm)].map(([, name = '']) => name);
}

describe('docs/wire.md', () => {
  test('has every method, and no other', () => {
    expect([...rows('Methods')].sort()).toEqual(Object.keys(methodParams).sort());
  });

  test('names every parameter of a method, and no other', () => {
    for (const [method, schema] of Object.entries(methodParams)) {
      if (method === 'goal.submit') continue;
      const line =
        section('Methods')
          .split('\n')
          .find((text) => text.startsWith(`| \`${method}\` |`)) ?? '';
      const cell = (line.split(' | ')[1] ?? '').replaceAll(/\([^)]*\)/g, '');
      const named = [...cell.matchAll(/`(\w+\??)`/g)].map(([, name = '']) => name);
      const real = Object.entries(schema.shape).map(([name, field]) => `${name}${field.safeParse(undefined).success ? '?' : ''}`);
      expect(named.sort(), method).toEqual(real.sort());
    }
  });

  test('has every fact, and no other', () => {
    const listed = section('Notifications').split('The types, in the order')[1] ?? '';
    expect([...listed.matchAll(/`([a-z]+\.[a-z]+)`/g)].map(([, type]) => type).sort()).toEqual([...factTypes].sort());
  });

  test('has every route, and no other', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'flockwork-wire-page-'));
    folders.push(dataDir);
    const flags = [
      { flag: 'data', path: 'data.dir', value: dataDir },
      { flag: 'model', path: 'model.name', value: 'offline' },
      { flag: 'port', path: 'http.port', value: 0 },
    ];
    const node = await startNode({ config: await loadConfig({ cwd: dataDir, env: {}, flags }), roles: ['gateway'], listen: true });
    try {
      const address = node.endpoints.find(({ name }) => name === 'http')?.address ?? '';
      const { paths } = (await (await fetch(`${address}/openapi.json`)).json()) as { paths: Record<string, Record<string, unknown>> };
      const real = Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`));
      expect(real.length).toBeGreaterThan(10);
      expect([...rows('HTTP')].sort()).toEqual(real.sort());
    } finally {
      await node.stop();
    }
  });

  test('has test vectors that are what the codec makes, and reads', () => {
    const block = /```text vectors\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
    const vectors = [...block.matchAll(/^(\{.*\})\n((?: {2}[0-9a-f]+\n)+)/gm)].map(([, json = '', hex = '']) => ({ json, hex: hex.replaceAll(/\s/g, '') }));
    expect(vectors.length).toBeGreaterThan(4);
    for (const { json, hex } of vectors) {
      expect(Buffer.from(encodeFrame(JSON.parse(json))).toString('hex'), json).toBe(hex);
      const bodies = [...new FrameDecoder().push(Buffer.from(hex, 'hex'))].map((body) => new TextDecoder().decode(body));
      expect(bodies).toEqual([json]);
    }
  });
});
