import { expect, test } from 'vitest';
import { QueueDepths } from './queue-depths.ts';

const never = (): Promise<never> => new Promise(() => undefined);

function depths(depth: (topic: string) => Promise<{ waiting: number; claimed: number }>, more: { now?: () => number } = {}) {
  const notes: string[] = [];
  const asked: string[] = [];
  const counted = (topic: string) => {
    asked.push(topic);
    return depth(topic);
  };
  const queues = { tasks: { depth: counted }, inbox: { depth: counted }, pools: ['default'], shards: () => ['1', '2'], now: () => 0, depthMaxMs: 5 };
  return { notes, asked, depths: new QueueDepths({ ...queues, ...more, onNote: (line) => void notes.push(line) }) };
}

test('counts each pool, and the inboxes of the shards as one', async () => {
  const { depths: seen } = depths(async (topic) => ({ waiting: topic === 'default' ? 5 : 1, claimed: 2 }));
  const [family] = await seen.families();
  expect(family?.samples).toEqual([
    { labels: { queue: 'tasks', topic: 'default', state: 'waiting' }, value: 5 },
    { labels: { queue: 'tasks', topic: 'default', state: 'claimed' }, value: 2 },
    { labels: { queue: 'inbox', topic: 'owned', state: 'waiting' }, value: 2 },
    { labels: { queue: 'inbox', topic: 'owned', state: 'claimed' }, value: 4 },
  ]);
});

test('asks the bus once for many scrapes, and again when the figures are old', async () => {
  let now = 0;
  const { asked, depths: seen } = depths(async () => ({ waiting: 0, claimed: 0 }), { now: () => now });
  await Promise.all([seen.families(), seen.families()]);
  await seen.families();
  expect(asked).toHaveLength(3);
  now = 5_000;
  await seen.families();
  expect(asked).toHaveLength(6);
});

test('a bus that does not answer leaves the depths out and holds nobody up', async () => {
  const { depths: seen } = depths(never);
  expect(await seen.families()).toEqual([]);
});

test('a bus that fails is told of, and old figures are not shown', async () => {
  let now = 0;
  const { notes, depths: seen } = depths(
    async () => {
      if (now > 0) throw new Error('away');
      return { waiting: 1, claimed: 0 };
    },
    { now: () => now },
  );
  expect(await seen.families()).toHaveLength(1);
  now = 10_000;
  expect(await seen.families()).toEqual([]);
  expect(notes).toEqual(['the depths of the queues could not be read: away']);
});
