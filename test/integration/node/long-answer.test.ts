import { afterEach, expect, test } from 'vitest';
import { startTestNode, type TestNode, until } from './test-node.ts';

let running: TestNode | undefined;
afterEach(() => running?.close());

test.each([
  ['single', 'single' as const, undefined],
  ['map-reduce', 'map-reduce' as const, [{ kind: 'items' as const, items: ['a', 'b', 'c'] }]],
])('an answer of control characters, six bytes each in a record, ends a %s goal as any other', async (_name, strategy, inputs) => {
  const answer = '\u0001'.repeat(15_000);
  running = await startTestNode({ script: () => ({ text: `begin ${answer} end` }) });
  const client = running.node().client();
  const { id } = await client.submit({ goal: 'say it', strategy, ...(inputs === undefined ? {} : { inputs }) });
  const goal = await until(async () => {
    const view = await client.get(id);
    return view.endedAt === undefined ? undefined : view;
  });
  expect(goal).toMatchObject({ status: 'completed', result: `begin ${answer} end` });
});
