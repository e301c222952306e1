import { describe, expect, test } from 'vitest';
import { type OpenBus, openerFor } from '../harness.ts';
import { pullOne, type QueueUnderTest } from './queues.ts';

export function deadConformance(name: string, open: OpenBus, under: QueueUnderTest): void {
  const [topic] = under.topics;

  describe(`dead letters, ${name}`, () => {
    const opened = openerFor(open);

    test('a buried message is listed with its reason and never comes again', async () => {
      const queue = under.of((await opened()).bus);
      const message = under.message('m1');
      await queue.push(message);
      await (await pullOne(queue, topic)).bury('the task has no goal');
      expect(await queue.dead()).toEqual([{ ...message, reason: 'the task has no goal', at: expect.any(Number) }]);
      expect(await queue.depth(topic)).toEqual({ waiting: 0, claimed: 0 });
    });

    test('a message that was never delivered can be buried directly', async () => {
      const queue = under.of((await opened()).bus);
      const message = under.message('m1');
      await queue.buryMessage(message, 'not a task');
      expect(await queue.dead()).toEqual([{ ...message, reason: 'not a task', at: expect.any(Number) }]);
      expect(await queue.depth(topic)).toEqual({ waiting: 0, claimed: 0 });
    });

    test('dead letters are listed up to a limit', async () => {
      const queue = under.of((await opened()).bus);
      for (const id of ['m1', 'm2', 'm3']) await queue.buryMessage(under.message(id), 'why not');
      expect(await queue.dead({ limit: 2 })).toHaveLength(2);
      expect((await queue.dead()).map((letter) => letter.id).sort()).toEqual(['m1', 'm2', 'm3']);
    });

    test('a requeued letter comes again as it was, at once, and is listed no more', async () => {
      const queue = under.of((await opened()).bus);
      const message = under.message('m1');
      await queue.push(message);
      await (await pullOne(queue, topic)).bury('broken');
      await queue.buryMessage(under.message('m2'), 'broken');
      expect(await queue.requeue(message)).toBe(1);
      expect((await queue.dead()).map((letter) => letter.id)).toEqual(['m2']);
      const again = await pullOne(queue, topic);
      expect({ subject: again.subject, id: again.id, body: again.body, deliveries: again.deliveries }).toEqual({ ...message, deliveries: 1 });
      await again.ack();
      expect(await queue.requeue(message)).toBe(0);
      expect(await queue.depth(topic)).toEqual({ waiting: 0, claimed: 0 });
    });

    test('a letter requeued by two at once comes once', async () => {
      const queue = under.of((await opened()).bus);
      const message = under.message('m1');
      await queue.buryMessage(message, 'broken');
      await Promise.all([queue.requeue(message), queue.requeue(message)]);
      await (await pullOne(queue, topic)).ack();
      expect(await queue.depth(topic)).toEqual({ waiting: 0, claimed: 0 });
      expect(await queue.dead()).toEqual([]);
    });

    test('dead letters survive a reopening', async () => {
      const { bus, reopen } = await opened();
      await under.of(bus).push(under.message('m1'));
      await (await pullOne(under.of(bus), topic)).bury('broken');
      const queue = under.of(await reopen());
      expect((await queue.dead()).map((letter) => [letter.id, letter.reason])).toEqual([['m1', 'broken']]);
    });
  });
}
