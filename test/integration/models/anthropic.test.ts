import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/index.ts';
import { type FlockworkNode, startNode } from '../../../src/node/index.ts';
import { type MockModel, type MockScript, startMockModel } from '../../../src/testing/mock-model/index.ts';

const endMaxMs = 20_000;
const undo: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** A whole node in this process that finds Anthropic in its environment, beside a server that speaks its wire. */
async function start(script: MockScript): Promise<{ node: FlockworkNode; model: MockModel }> {
  const folder = mkdtempSync(join(tmpdir(), 'flockwork-anthropic-'));
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  const model = await startMockModel({ script, models: ['claude-scripted', 'another'] });
  undo.push(() => model.close());
  const config = await loadConfig({
    cwd: folder,
    env: { ANTHROPIC_BASE_URL: model.url, ANTHROPIC_API_KEY: 'sk-ant-scripted' },
    flags: [
      { flag: '--data-dir', path: 'data.dir', value: join(folder, 'data') },
      { flag: '--sync', path: 'journal.sync', value: 'off' },
    ],
  });
  const node = await startNode({ config, roles: ['gateway', 'coordinator', 'worker'], listen: false });
  undo.push(() => node.stop());
  return { node, model };
}

test('a map-reduce goal with tools runs over the Anthropic wire, and an overloaded stream is tried again', async () => {
  let overloaded = 0;
  const { node, model } = await start(({ role, toolResults, user }) => {
    if (role === 'reduce') return { text: 'Both files speak of bees.', usage: { prompt: 30, cached: 10, written: 5, completion: 6 } };
    if (toolResults.length === 0)
      return {
        text: 'I look.',
        toolCalls: [
          { name: 'fs.list', input: { path: '.' } },
          { name: 'fs.list', input: { path: 'absent' } },
        ],
      };
    if (overloaded === 0) {
      overloaded += 1;
      return { scene: 'miderr' };
    }
    return { text: `Saw ${toolResults.length} results for ${user.length > 0}.` };
  });
  expect(node.model).toMatchObject({ model: 'anthropic/claude-scripted', why: expect.stringContaining('ANTHROPIC_BASE_URL') });

  const client = node.client();
  const { id } = await client.submit({ goal: 'What do the notes speak of?', strategy: 'map-reduce', inputs: [{ kind: 'items', items: ['one', 'two'] }] });
  await expect.poll(async () => (await client.get(id)).endedAt, { timeout: endMaxMs }).toBeDefined();
  const goal = await client.get(id);
  await client.close();

  expect(goal).toMatchObject({ status: 'completed', result: 'Both files speak of bees.' });
  expect(overloaded).toBe(1);
  expect(new Set(model.calls.map((call) => call.wire))).toEqual(new Set(['anthropic']));
  expect(model.calls.filter((call) => call.toolResults === 2).length).toBeGreaterThanOrEqual(3);
  expect(model.calls.every((call) => call.status === 200)).toBe(true);
  // No price is known for this model, so there are tokens and no cost.
  expect(goal.usage).toMatchObject({ costUsd: null });
});
