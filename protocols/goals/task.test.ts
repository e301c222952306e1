import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { agentActor, parseAgentActor, taskMessage } from './task.ts';

const spec = { profile: 'default', model: 'offline/offline', system: '', prompt: 'Count', role: 'single', material: [], tools: [], outputTokensMax: 1 };
const message = {
  v: 1,
  tenant: 'local',
  root: 'g1',
  task: 't0',
  attempt: 1,
  pool: 'default',
  priority: 5,
  allotment: { ticks: 1, tokens: 0, toolCalls: 0, costMicroUsd: 0 },
  spec,
};

describe('task messages', () => {
  test('hold their spec, or name it as a blob', () => {
    expect(taskMessage.parse(message)).toEqual(message);
    expect(taskMessage.safeParse({ ...message, spec: { blob: 'a'.repeat(64) } }).success).toBe(true);
  });

  test.each([
    ['a version from tomorrow', { v: 2 }],
    ['attempt 0', { attempt: 0 }],
    ['priority 10', { priority: 10 }],
    ['no ticks', { allotment: { ...message.allotment, ticks: 0 } }],
    ['a fraction of a micro-dollar', { allotment: { ...message.allotment, costMicroUsd: 0.5 } }],
    ['an unknown field', { extra: 1 }],
    ['a spec with an unknown field', { spec: { ...spec, extra: 1 } }],
    ['a blob without a hash', { spec: { blob: 'x' } }],
  ])('%s is refused', (_, change) => expect(taskMessage.safeParse({ ...message, ...change }).success).toBe(false));
});

describe('the actor of an attempt', () => {
  test('reads back', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (index, attempt) => {
        expect(parseAgentActor(agentActor(`t${index}`, attempt))).toEqual({ task: `t${index}`, attempt });
      }),
    );
  });

  test.each(['coordinator', 'agent-', 'agent-t1', 'agent-t1-', 'agent-1-1', 'agent-t1-x', 'agent-t1-1-1', 'xagent-t1-1'])('%s is none', (actor) =>
    expect(parseAgentActor(actor)).toBeUndefined(),
  );
});
