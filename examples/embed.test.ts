import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type MockModel, startMockModel } from '../src/testing/mock-model/index.ts';
import { ask } from './embed.examples.ts';

const sample = join(import.meta.dirname, 'sample-service');
const goal = 'Find every TODO and FIXME and say which matter most';

let dataDir = '';
let model: MockModel | undefined;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'flockwork-embed-test-'));
});
afterEach(async () => {
  await model?.close();
  model = undefined;
  rmSync(dataDir, { recursive: true, force: true });
});

/** The lines of the sample that the report cites, as `[path, line]`. */
function citations(report: string): readonly (readonly [path: string, line: number])[] {
  return [...report.matchAll(/`([\w./-]+):(\d+)`/g)].map(([, path = '', line = '']) => [path, Number(line)] as const);
}

describe('a node inside the process', () => {
  test('answers with lines that are there', async () => {
    const facts: string[] = [];
    const view = await ask({ goal, folder: sample, dataDir, model: 'offline', env: {}, onFact: (type) => facts.push(type) });
    expect(view.status).toBe('completed');
    expect(facts.at(0)).toBe('goal.accepted');
    expect(facts.at(-1)).toBe('goal.completed');
    const cited = citations(view.result ?? '');
    expect(cited.length).toBeGreaterThan(10);
    const wrong = cited.filter(([path, line]) => {
      const file = join(sample, path);
      return !existsSync(file) || !/TODO|FIXME/.test(readFileSync(file, 'utf8').split('\n')[line - 1] ?? '');
    });
    expect(wrong).toEqual([]);
    // The same goal on the same folder is what README.md begins with: each line that it shows must be one of this report.
    const shown = /^# Find every[\s\S]*?^Written by .*$/m.exec(readFileSync(join(import.meta.dirname, '../README.md'), 'utf8'))?.[0].split('\n') ?? [];
    expect(shown.length).toBeGreaterThan(10);
    const missing = shown.filter((line) => line !== '…' && !(view.result ?? '').split('\n').includes(line));
    expect(missing, view.result).toEqual([]);
  });

  test('gives its own tool to the agents', async () => {
    model = await startMockModel({
      script: ({ toolResults }) =>
        toolResults.length === 0
          ? { toolCalls: [{ name: 'team.owner', input: { path: 'src/payments/gateway.ts' } }] }
          : { text: `the owner is ${toolResults.join()}` },
    });
    const facts: string[] = [];
    const view = await ask({
      goal: 'Who owns the payments?',
      folder: join(sample, 'config'),
      dataDir,
      model: 'openai/scripted',
      env: { OPENAI_BASE_URL: model.baseUrl },
      onFact: (type) => facts.push(type),
    });
    expect(view).toMatchObject({ status: 'completed', result: 'the owner is payments' });
    expect(facts).toContain('tool.completed');
  });
});

test('node examples/embed.ts prints the report on stdout', async () => {
  const env = { PATH: process.env['PATH'], TMPDIR: dataDir, FLOCKWORK_MODEL_NAME: 'offline' };
  const child = spawn(process.execPath, [join(import.meta.dirname, 'embed.ts')], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const exit = once(child, 'exit');
  let [out, err] = ['', ''];
  child.stderr.on('data', (chunk) => (err += String(chunk)));
  for await (const chunk of child.stdout) out += String(chunk);
  expect(await exit, err).toEqual([0, null]);
  expect(citations(out).length).toBeGreaterThan(10);
  expect(err).toContain('goal.completed\n');
});
