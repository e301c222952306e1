import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { failureOf } from '../../../protocols/errors/error.ts';
import type { GoalSubmission, GoalView } from '../../../protocols/goals/goal.ts';
import type { GoalEvent } from '../../../protocols/wire/methods.ts';
import type { MockScript } from '../../../src/testing/mock-model/index.ts';
import { defineTool } from '../../../src/tools/index.ts';
import { additions, counterKey, counterScript } from '../../faults/counter-script.ts';
import { startTestNode, type TestNode } from './test-node.ts';

const swarmTools = ['memory.get', 'memory.list', 'memory.set', 'memory.delete', 'agent.tell'];
const items = (count: number): GoalSubmission['inputs'] => [{ kind: 'items', items: Array.from({ length: count }, (_, index) => `item ${index}`) }];

let running: TestNode | undefined;
afterEach(async () => {
  await running?.close();
  running = undefined;
});

async function start(script: MockScript): Promise<TestNode> {
  running = await startTestNode({ script, settings: { 'profiles.sharing': { tools: swarmTools } } });
  return running;
}

interface Seen {
  readonly goal: GoalView;
  readonly events: readonly GoalEvent[];
}

async function run(node: TestNode, submission: Partial<GoalSubmission>): Promise<Seen> {
  const client = node.node().client();
  const { id } = await client.submit({ goal: 'count together', profile: 'sharing', ...submission });
  const events: GoalEvent[] = [];
  for await (const item of client.watch(id)) if (item.kind === 'event') events.push(item.event);
  const goal = await client.get(id);
  await client.close();
  return { goal, events };
}

const factsOf = ({ events }: Seen, type: string): GoalEvent['data'][] => events.filter((event) => event.type === type).map(({ data }) => data);

describe('agents that share a memory', () => {
  test('add to one counter by compare-and-set, and none of them is lost', async () => {
    const node = await start(counterScript);
    const seen = await run(node, { strategy: 'map-reduce', agents: 3, inputs: items(3), quota: { maxTicks: 60 } });
    expect(seen.goal).toMatchObject({ status: 'completed' });
    const client = node.node().client();
    const sum = 3 * additions;
    const writes = sum + 3;
    expect(await client.memoryValue(seen.goal.id, counterKey)).toMatchObject({ key: counterKey, value: sum, bytes: 1 });
    expect(await client.memory(seen.goal.id)).toMatchObject({ items: ['begun/1', 'begun/2', 'begun/3', counterKey].map((key) => ({ key })), next: null });
    expect(await client.memory(seen.goal.id, { limit: 2, after: 'begun/1' })).toMatchObject({
      items: [{ key: 'begun/2' }, { key: 'begun/3' }],
      next: 'begun/3',
    });
    const written = factsOf(seen, 'memory.written');
    expect(written.map(({ version }) => version)).toEqual(Array.from({ length: writes }, (_, at) => at + 1));
    expect(written.flatMap(({ key, value }) => (key === counterKey ? [value] : []))).toEqual(Array.from({ length: sum }, (_, at) => at + 1));
    expect((await client.replay(seen.goal.id)).problems).toEqual([]);
    expect(await client.verify(seen.goal.id)).toMatchObject({ ok: true });
    // Each call counts, and stands in the journal like that of any other tool.
    expect(factsOf(seen, 'tool.completed').length).toBe(factsOf(seen, 'tool.requested').length);
    expect(seen.goal.usage.toolCalls).toBe(factsOf(seen, 'tool.completed').length);
    await client.close();
  });

  test('the quota bounds the keys, and a profile that does not name the tools has none of them', async () => {
    const script: MockScript = ({ toolResults }) =>
      toolResults.length < 2 ? { toolCalls: [{ name: 'memory.set', input: { key: `k${toolResults.length}`, value: [1] } }] } : { text: toolResults.join('\n') };
    const node = await start(script);
    const bounded = await run(node, { strategy: 'single', quota: { maxMemoryKeys: 1 } });
    expect(bounded.goal.result).toMatch(/^\{"key":"k0","version":1\}\n.*error quota_exceeded: the goal has its 1 memory keys/);
    expect(factsOf(bounded, 'memory.refused')).toEqual([{ key: 'k1', by: 'agent-t0-1', code: 'quota_exceeded', quota: 'maxMemoryKeys', limit: 1 }]);
    const without = await run(node, { strategy: 'single', profile: 'default' });
    expect(without.goal.result).toMatch(/error tool_unknown: .*\n.*error tool_unknown: /);
    expect(factsOf(without, 'memory.written')).toEqual([]);
    const client = node.node().client();
    expect(await client.memory(without.goal.id)).toEqual({ items: [], next: null });
    expect(failureOf(await client.memoryValue(without.goal.id, 'k0').catch((error: unknown) => error))).toMatchObject({ code: 'memory_key_unknown' });
    await client.close();
  });
});

test("a tool of one's own cannot take the name of one of the swarm", async () => {
  const taken = defineTool({ name: 'memory.get', description: 'Another memory.', input: z.strictObject({}), run: async () => 'nothing' });
  const failure = failureOf(await startTestNode({ script: () => undefined, tools: [taken] }).catch((error: unknown) => error));
  expect(failure).toMatchObject({ code: 'config_invalid', details: { tool: 'memory.get' } });
});

describe('agents that tell each other', () => {
  test('reach those at work by role, and are told when nobody is', async () => {
    // The second part waits for a word of the first: its model is asked again as long as none has come.
    const script: MockScript = ({ role, user, toolResults, before }) => {
      if (role !== 'map') return { text: 'merged' };
      if (user.includes('Message from')) return { text: user };
      if (/item 0/.test(user) || toolResults.length > 0) {
        if (toolResults.some((one) => one.includes('"delivered":1'))) return { text: toolResults.join('\n') };
        if (toolResults.length === 0) return { toolCalls: [{ name: 'agent.tell', input: { to: 'nobody', text: 'hello?' } }] };
      }
      return { toolCalls: [{ name: 'agent.tell', input: { to: 'map', text: `the answer is ${before}` } }], latencyMs: 20 };
    };
    const node = await start(script);
    const seen = await run(node, { strategy: 'map-reduce', agents: 2, inputs: items(2), quota: { maxTicks: 40 } });
    expect(seen.goal.status).toBe('completed');
    const told = factsOf(seen, 'agent.told');
    expect(told).toContainEqual({ from: 'agent-t0-1', to: 'nobody', text: 'hello?', delivered: 0, agents: [] });
    expect(told.some(({ delivered }) => delivered === 1)).toBe(true);
    const answers = factsOf(seen, 'tool.completed');
    expect(answers.some(({ text }) => String(text).startsWith("error agent_not_at_work: nobody else called 'nobody'"))).toBe(true);
    const client = node.node().client();
    expect((await client.replay(seen.goal.id)).problems).toEqual([]);
    await client.close();
  });
});
