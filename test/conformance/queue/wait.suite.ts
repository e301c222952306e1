import { describe, expect, test } from 'vitest';
import { type OpenBus, openerFor, until } from '../harness.ts';
import { idsOf, pullOne, type QueueUnderTest } from './queues.ts';

/** A pull that is not woken would take this long and fail the test, in milliseconds. */
const longWaitMs = 30_000;

export function waitConformance(name: string, open: OpenBus, under: QueueUnderTest): void {
  const [topic, other] = under.topics;

  describe(`queue waiting, ${name}`, () => {
    const opened = openerFor(open);

    test('a pull without a message resolves with none after its wait', async () => {
      const queue = under.of((await opened()).bus);
      const start = performance.now();
      expect(await queue.pull({ topic, max: 1, waitMs: 100 })).toEqual([]);
      expect(performance.now() - start).toBeGreaterThanOrEqual(90);
    });

    test('a waiting pull wakes when a message is pushed', async () => {
      const queue = under.of((await opened()).bus);
      const waiting = queue.pull({ topic, max: 1, waitMs: longWaitMs });
      await queue.push(under.message('elsewhere', other));
      await queue.push(under.message('m1'));
      expect(idsOf(await waiting)).toEqual(['m1']);
    });

    test('a waiting pull wakes when a message is given back', async () => {
      const queue = under.of((await opened()).bus);
      await queue.push(under.message('m1'));
      const holder = await pullOne(queue, topic);
      const waiting = queue.pull({ topic, max: 1, waitMs: longWaitMs });
      // By the time that this is stored the pull has looked and found nothing.
      await queue.push(under.message('elsewhere', other));
      await holder.nak();
      expect(idsOf(await waiting)).toEqual(['m1']);
    });

    test('a waiting pull wakes when a claim expires', async () => {
      const queue = under.of((await opened()).bus);
      await queue.push(under.message('m1'));
      await pullOne(queue, topic);
      const [again] = await queue.pull({ topic, max: 1, waitMs: longWaitMs });
      expect(again).toMatchObject({ id: 'm1', deliveries: 2 });
    });

    test('one message wakes one of many waiting pulls, the next another', async () => {
      const queue = under.of((await opened()).bus);
      const leave = new AbortController();
      const waiting = Array.from({ length: 6 }, () => queue.pull({ topic, max: 1, waitMs: longWaitMs, signal: leave.signal }));
      const arrived: string[] = [];
      const counting = waiting.map(async (pull) => arrived.push(...idsOf(await pull)));
      await queue.push(under.message('m1'));
      await until('one pull had the first message', () => arrived.length === 1);
      await queue.push(under.message('m2'));
      await until('another had the second', () => arrived.length === 2);
      leave.abort();
      await Promise.all(counting);
      expect(arrived).toEqual(['m1', 'm2']);
    });

    test('a pull ends with none when its signal is aborted', async () => {
      const queue = under.of((await opened()).bus);
      const leave = new AbortController();
      const waiting = queue.pull({ topic, max: 1, waitMs: longWaitMs, signal: leave.signal });
      leave.abort();
      expect(await waiting).toEqual([]);
      expect(await queue.pull({ topic, max: 1, waitMs: longWaitMs, signal: AbortSignal.abort() })).toEqual([]);
    });

    test('an aborted pull takes no message with it', async () => {
      const queue = under.of((await opened()).bus);
      const leave = new AbortController();
      const waiting = queue.pull({ topic, max: 1, waitMs: longWaitMs, signal: leave.signal });
      leave.abort();
      await waiting;
      await queue.push(under.message('m1'));
      expect((await pullOne(queue, topic)).deliveries).toBe(1);
    });
  });
}
