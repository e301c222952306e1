import { afterEach, expect, test } from 'vitest';
import type { MockScript } from '../../../src/testing/mock-model/index.ts';
import { startTestNode, type TestNode, until } from './test-node.ts';

/** Thinks before each of two rounds with tools; refuses, as the provider does, a call that does not bring the thinking back. */
const script: MockScript = ({ toolRounds }) =>
  toolRounds < 2
    ? { thinking: `What is there, round ${toolRounds}?`, text: `Round ${toolRounds}.`, toolCalls: [{ name: 'fs.list', input: { path: '.' } }] }
    : { thinking: 'Enough.', text: 'nothing is there' };

let running: TestNode | undefined;
afterEach(() => running?.close());

test('an agent brings the thinking of its model back, also over a restart of the node', async () => {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const node = await startTestNode({
    settings: { 'model.name': 'anthropic/scripted' },
    script: async (request) => {
      if (request.toolRounds === 1 && request.before === 1) await held;
      return script(request);
    },
  });
  running = node;
  const { id } = await node.node().client().submit({ goal: 'look around', strategy: 'single' });
  await until(async () => (node.model.calls.length === 2 ? true : undefined));
  await node.restart();
  release();
  const goal = await until(async () => {
    const view = await node.node().client().get(id);
    return view.endedAt === undefined ? undefined : view;
  });
  expect(goal).toMatchObject({ status: 'completed', result: 'nothing is there' });
  expect(await node.node().client().replay(id)).toMatchObject({ ok: true });
});
