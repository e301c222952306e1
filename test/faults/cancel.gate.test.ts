import { describe, expect, test } from 'vitest';
import type { MockScript } from '../../src/testing/mock-model/index.ts';
import { runUnderFault } from './fault-run.ts';

/** Reads once; the next call lasts until somebody ends it. */
const script: MockScript = ({ toolResults }) =>
  toolResults.length === 0 ? { toolCalls: [{ name: 'counter.read', input: { name: 'a' } }] } : { text: 'too late', latencyMs: 60_000 };

/** From the cancel of the goal to the end of its agent: the first message in the inbox is the goal's, the second the agent's. */
const points: readonly (readonly [string, number])[] = [
  ['append.before:goal.cancel', 1],
  ['append.after:goal.cancel', 1],
  ['inbox.push.before', 2],
  ['inbox.push.after', 2],
  ['append.before:agent.cancel', 1],
  ['append.after:agent.cancel', 1],
];

describe('a goal that is cancelled, killed with kill -9', () => {
  test.each(points)(
    'at %s, time %i, ends its agent too, and nothing is asked again for it',
    async (point, nth) => {
      const run = await runUnderFault({ submission: { goal: 'count', strategy: 'single' }, script, kill: { point, nth }, cancel: true });
      expect([run.goal.status, run.kills], run.stderr).toEqual(['cancelled', 1]);
      const agent = run.inputs.filter(({ stream }) => stream.endsWith('.agent-t0-1')).map(({ type }) => type);
      expect(agent.at(-1)).toBe('agent.cancel');
      expect(agent.filter((type) => type === 'agent.cancel').length).toBe(1);
      // Before the goal has ended, an opened agent goes on; after it, none does.
      const asked = Math.max(...run.callsByKey.values());
      expect(asked).toBe(point === 'append.before:goal.cancel' ? 2 : 1);
      expect([run.verify.ok, run.replay.ok], JSON.stringify(run.replay.problems)).toEqual([true, true]);
    },
    60_000,
  );
});
