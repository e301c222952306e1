import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { codeOf, type OpenBus, openerFor } from '../harness.ts';
import { idsOf, presentWaitMs, pullAll, pullOne, type QueueUnderTest } from './queues.ts';

/** Timers of a bus may be this much early against the clock of the test, in milliseconds. */
const clockSlackMs = 20;

export function claimConformance(name: string, open: OpenBus, under: QueueUnderTest): void {
  const [topic] = under.topics;

  describe(`queue claims, ${name}`, () => {
    const opened = openerFor(open);

    test('a claimed message is given to nobody else', async () => {
      const queue = under.of((await opened()).bus);
      await queue.push(under.message('m1'));
      await pullOne(queue, topic);
      expect(await queue.pull({ topic, max: 1, waitMs: 0 })).toEqual([]);
    });

    test('several pullers never get the same message', async () => {
      const queue = under.of((await opened()).bus);
      const ids = Array.from({ length: 100 }, (_, at) => `m${at}`);
      await Promise.all(ids.map((id) => queue.push(under.message(id))));
      const taken: string[] = [];
      const puller = async (): Promise<void> => {
        while (taken.length < ids.length) {
          const deliveries = await queue.pull({ topic, max: 3, waitMs: 50 });
          taken.push(...idsOf(deliveries));
          for (const delivery of deliveries) await delivery.ack();
        }
      };
      await Promise.all([puller(), puller(), puller(), puller()]);
      expect([...taken].sort()).toEqual([...ids].sort());
    });

    test('what is given back comes again with one more delivery', async () => {
      const queue = under.of((await opened()).bus);
      await queue.push(under.message('m1'));
      await (await pullOne(queue, topic)).nak();
      const second = await pullOne(queue, topic);
      expect(second).toMatchObject({ id: 'm1', deliveries: 2 });
      await second.ack();
      expect(await queue.depth(topic)).toEqual({ waiting: 0, claimed: 0 });
    });

    test('what is given back with a delay does not come before it', async () => {
      const queue = under.of((await opened()).bus);
      const delayMs = 300;
      await queue.push(under.message('m1'));
      const delivery = await pullOne(queue, topic);
      const start = performance.now();
      await delivery.nak(delayMs);
      const again = await pullOne(queue, topic);
      expect(performance.now() - start).toBeGreaterThanOrEqual(delayMs - clockSlackMs);
      expect(again).toMatchObject({ id: 'm1', deliveries: 2 });
    });

    test('a claim that expires is delivered again', async () => {
      const queue = under.of((await opened()).bus);
      await queue.push(under.message('m1'));
      const start = performance.now();
      expect((await pullOne(queue, topic)).deliveries).toBe(1);
      const second = await pullOne(queue, topic);
      expect(performance.now() - start).toBeGreaterThanOrEqual(queue.ackWaitMs - clockSlackMs);
      expect(second).toMatchObject({ id: 'm1', deliveries: 2 });
    });

    test('working() keeps the claim', async () => {
      const queue = under.of((await opened()).bus);
      await queue.push(under.message('m1'));
      const delivery = await pullOne(queue, topic);
      const waiting = queue.pull({ topic, max: 1, waitMs: 2 * queue.ackWaitMs });
      for (let beat = 0; beat < 8; beat++) {
        await pause(queue.ackWaitMs / 4);
        await delivery.working();
      }
      expect(await waiting).toEqual([]);
      await delivery.ack();
      expect(await queue.depth(topic)).toEqual({ waiting: 0, claimed: 0 });
    });

    test('a holder whose claim went to another learns it, and cannot settle the message', async () => {
      const queue = under.of((await opened()).bus);
      await queue.push(under.message('m1'));
      const stale = await pullOne(queue, topic);
      const holder = await pullOne(queue, topic);
      expect(await codeOf(stale.working())).toBe('closed');
      expect(await codeOf(stale.ack())).toBe('closed');
      expect(await codeOf(stale.nak())).toBe('closed');
      expect(await codeOf(stale.bury('stale'))).toBe('closed');
      await holder.working();
      expect(await queue.depth(topic)).toEqual({ waiting: 0, claimed: 1 });
      expect(await queue.dead()).toEqual([]);
      await holder.ack();
      expect(await queue.depth(topic)).toEqual({ waiting: 0, claimed: 0 });
    });

    test('what nobody acknowledged comes again after a reopening, with one more delivery', async () => {
      const { bus, reopen } = await opened();
      await under.of(bus).push(under.message('m1'));
      await pullOne(under.of(bus), topic);
      const queue = under.of(await reopen());
      const [again] = await pullAll(queue, topic, 1);
      expect(again).toMatchObject({ id: 'm1', deliveries: 2 });
    });

    test('an acknowledgement is durable once it resolved', async () => {
      const { bus, reopen } = await opened();
      const queue = under.of(bus);
      for (const id of ['m1', 'm2']) await queue.push(under.message(id));
      for (const delivery of await pullAll(queue, topic, 2)) await delivery.ack();
      const again = under.of(await reopen());
      await again.push(under.message('m3'));
      expect(idsOf(await again.pull({ topic, max: 10, waitMs: presentWaitMs }))).toEqual(['m3']);
    });
  });
}
