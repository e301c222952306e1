import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { MockScript } from '../../../src/testing/mock-model/index.ts';
import { defineTool } from '../../../src/tools/index.ts';
import { startTestNode, type TestNode, until } from './test-node.ts';

/** Asks for one destructive call, then says what came of it. */
const script: MockScript = ({ toolResults }) =>
  toolResults.length === 0 ? { toolCalls: [{ name: 'disk.erase', input: { disk: 'a' } }] } : { text: `came back: ${toolResults.at(-1)}` };

let running: TestNode | undefined;
let erased = 0;
afterEach(async () => {
  await running?.close();
  running = undefined;
  erased = 0;
});

async function start(settings: Record<string, unknown> = {}): Promise<TestNode> {
  const erase = defineTool({
    name: 'disk.erase',
    description: 'Erases a disk.',
    input: z.strictObject({ disk: z.string() }),
    asks: true,
    run: async ({ disk }) => {
      erased += 1;
      return `erased ${disk}`;
    },
  });
  running = await startTestNode({ script, tools: [erase], settings });
  return running;
}

async function submitAndAwaitApproval(node: TestNode): Promise<{ goalId: string; approvalId: string }> {
  const client = node.node().client();
  const { id } = await client.submit({ goal: 'tidy up', strategy: 'single' });
  const asked = await until(async () => (await client.approvals())[0]);
  expect(asked).toMatchObject({ goalId: id, tool: 'disk.erase', input: { disk: 'a' }, task: 't0', call: 'c1.0' });
  await client.close();
  return { goalId: id, approvalId: asked.id };
}

const endOf = (node: TestNode, goalId: string) =>
  until(async () => {
    const client = node.node().client();
    const goal = await client.get(goalId);
    await client.close();
    return goal.endedAt === undefined ? undefined : goal;
  });

describe('a tool that asks', () => {
  test('runs only after it was approved', async () => {
    const node = await start();
    const { goalId, approvalId } = await submitAndAwaitApproval(node);
    expect(erased).toBe(0);
    await node.node().client().decide(approvalId, 'approve', 'the disk is a copy');
    const goal = await endOf(node, goalId);
    expect(goal).toMatchObject({ status: 'completed', result: 'came back: erased a' });
    expect(erased).toBe(1);
    expect(await node.node().client().approvals()).toEqual([]);
  });

  test('does not run when it was denied; the agent is told why', async () => {
    const node = await start();
    const { goalId, approvalId } = await submitAndAwaitApproval(node);
    await node.node().client().decide(approvalId, 'deny', 'not this one');
    const goal = await endOf(node, goalId);
    expect(goal.result).toContain('tool_denied');
    expect(goal.result).toContain('not this one');
    expect(erased).toBe(0);
  });

  test('still waits after a restart, and the decision is journaled', async () => {
    const node = await start();
    const { goalId, approvalId } = await submitAndAwaitApproval(node);
    await node.restart();
    expect(erased).toBe(0);
    const client = node.node().client();
    expect((await client.approvals(goalId)).map(({ id }) => id)).toEqual([approvalId]);
    await client.decide(approvalId, 'approve');
    expect((await endOf(node, goalId)).status).toBe('completed');
    const types: string[] = [];
    for await (const item of client.watch(goalId)) if (item.kind === 'event') types.push(item.event.type);
    expect(types.filter((type) => type === 'tool.approved')).toHaveLength(1);
    expect((await client.replay(goalId)).ok).toBe(true);
    expect(erased).toBe(1);
  });

  test('is denied when nobody decides in time', async () => {
    const node = await start({ 'tools.approvalMs': 50 });
    const { id } = await node.node().client().submit({ goal: 'tidy up', strategy: 'single' });
    const goal = await endOf(node, id);
    expect(goal.result).toContain('timeout did not allow this call');
    expect(erased).toBe(0);
  });

  test('is decided once: a second decision, and one on nothing, is approval_unknown', async () => {
    const node = await start();
    const { goalId, approvalId } = await submitAndAwaitApproval(node);
    const client = node.node().client();
    await client.decide(approvalId, 'deny');
    await endOf(node, goalId);
    await expect(client.decide(approvalId, 'approve')).rejects.toMatchObject({ code: 'approval_unknown' });
    await expect(client.decide('nothing', 'approve')).rejects.toMatchObject({ code: 'approval_unknown' });
    expect(erased).toBe(0);
  });

  test('is asked for no longer once its goal is cancelled', async () => {
    const node = await start();
    const { goalId } = await submitAndAwaitApproval(node);
    const client = node.node().client();
    await client.cancel(goalId);
    expect((await endOf(node, goalId)).status).toBe('cancelled');
    await until(async () => ((await client.approvals()).length === 0 ? true : undefined));
    expect(erased).toBe(0);
  });
});
