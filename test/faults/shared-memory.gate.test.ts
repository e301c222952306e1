import { describe, expect, test } from 'vitest';
import { additions, counterKey, counterScript } from './counter-script.ts';
import { type FaultRun, runUnderFault } from './fault-run.ts';
import { expectPromisesKept } from './promises.ts';

const agents = 3;
const submission = {
  goal: 'count together',
  strategy: 'map-reduce' as const,
  profile: 'sharing',
  agents,
  inputs: [{ kind: 'items' as const, items: Array.from({ length: agents }, (_, index) => `item ${index}`) }],
  quota: { maxTicks: 60 },
};

/** Every place where a process can die between an agent's call and the coordinator's answer, early and late. */
const points: Readonly<Record<string, readonly number[]>> = {
  'append.before:memory.ask': [1, 10],
  'append.after:memory.ask': [2, 18],
  'append.before:tool.settled': [1, 9, 17],
  'append.after:tool.settled': [2, 16],
  'append.before:message.stored': [1, 25],
  'append.after:message.stored': [15],
  'append.before:agent.tell': [3],
  'append.after:agent.tell': [1],
  'inbox.push.before': [1, 31],
  'inbox.push.after': [2, 13],
  'inbox.claim': [3, 23],
  'inbox.ack.before': [4, 29],
  'inbox.ack.after': [5, 16],
};
const kills = Object.entries(points).flatMap(([point, times]) => times.map((nth) => ({ point, nth })));

/** Each call is one write that stands in the journal, in a row without a gap; each agent has told the others once. */
function expectEveryCallOnce({ events, goal }: FaultRun): void {
  const written = events.filter(({ type }) => type === 'memory.written').map(({ data }) => data);
  const sum = agents * additions;
  expect(written.map(({ version }) => version)).toEqual(Array.from({ length: agents + sum }, (_, at) => at + 1));
  expect(
    written.flatMap(({ key, value }) => (key === counterKey ? [value] : [])),
    goal.result,
  ).toEqual(Array.from({ length: sum }, (_, at) => at + 1));
  const told = events.filter(({ type }) => type === 'agent.told').map(({ data }) => data['from']);
  expect(told.toSorted()).toEqual(Array.from({ length: agents }, (_, index) => `agent-t${index}-1`));
}

describe('three agents count on one key, killed with kill -9', () => {
  test.concurrent.each(kills)(
    'at $point, time $nth',
    async (kill) => {
      const run = await runUnderFault({ submission, script: counterScript, kill });
      expect(run.kills, 'the fault point was crossed').toBe(1);
      expectPromisesKept(run, agents);
      expectEveryCallOnce(run);
    },
    60_000,
  );
});
