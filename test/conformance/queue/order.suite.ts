import { describe, expect, test } from 'vitest';
import { taskSubject } from '../../../protocols/subjects.ts';
import { codeOf, type OpenBus, openerFor } from '../harness.ts';
import { idsOf, pullAll, pullOne, type QueueUnderTest } from './queues.ts';

export function orderConformance(name: string, open: OpenBus, under: QueueUnderTest): void {
  const [topic, other] = under.topics;

  describe(`queue order and dedupe, ${name}`, () => {
    const opened = openerFor(open);

    test('gives a message as it was pushed, and takes it off when acknowledged', async () => {
      const queue = under.of((await opened()).bus);
      const message = under.message('m1');
      expect(await queue.push(message)).toEqual({ duplicate: false });
      const delivery = await pullOne(queue, topic);
      expect(delivery).toMatchObject({ ...message, deliveries: 1 });
      await delivery.ack();
      expect(await queue.depth(topic)).toEqual({ waiting: 0, claimed: 0 });
    });

    test('is first in, first out', async () => {
      const queue = under.of((await opened()).bus);
      const ids = Array.from({ length: 30 }, (_, at) => `m${at}`);
      for (const id of ids) await queue.push(under.message(id));
      expect(idsOf(await pullAll(queue, topic, 30))).toEqual(ids);
    });

    test('gives at most as many as asked', async () => {
      const queue = under.of((await opened()).bus);
      for (const id of ['m1', 'm2', 'm3']) await queue.push(under.message(id));
      expect((await queue.pull({ topic, max: 2, waitMs: 2_000 })).length).toBeLessThanOrEqual(2);
    });

    test('keeps topics apart', async () => {
      const queue = under.of((await opened()).bus);
      await queue.push(under.message('here', topic));
      await queue.push(under.message('there', other));
      expect((await pullOne(queue, other)).id).toBe('there');
      expect((await pullOne(queue, topic)).id).toBe('here');
    });

    test('stores the same id once, also after it was acknowledged', async () => {
      const queue = under.of((await opened()).bus);
      await queue.push(under.message('m1'));
      expect(await queue.push(under.message('m1'))).toEqual({ duplicate: true });
      await (await pullOne(queue, topic)).ack();
      expect(await queue.push(under.message('m1'))).toEqual({ duplicate: true });
      expect(await queue.depth(topic)).toEqual({ waiting: 0, claimed: 0 });
    });

    test('stores one of many equal ids pushed at once', async () => {
      const queue = under.of((await opened()).bus);
      const answers = await Promise.all(Array.from({ length: 10 }, () => queue.push(under.message('m1'))));
      expect(answers.filter((answer) => !answer.duplicate)).toHaveLength(1);
      expect(await queue.depth(topic)).toEqual({ waiting: 1, claimed: 0 });
    });

    test('counts waiting and claimed messages of a topic', async () => {
      const queue = under.of((await opened()).bus);
      for (const id of ['m1', 'm2', 'm3']) await queue.push(under.message(id));
      await queue.push(under.message('there', other));
      await pullOne(queue, topic);
      expect(await queue.depth(topic)).toEqual({ waiting: 2, claimed: 1 });
    });

    test('refuses a subject that is none of its own', async () => {
      const queue = under.of((await opened()).bus);
      for (const subject of [
        '',
        'flock.acme.live.goal-1.a',
        'flock.acme.journal.1.goal-1.a',
        `${under.message('m1').subject}.more`,
        under.message('m1').subject.replace('acme', '*'),
      ]) {
        expect(await codeOf(queue.push({ subject, id: 'm1', body: '{}' }))).toBe('subject_invalid');
      }
    });

    test('keeps what was pushed and forgets what was acknowledged over a reopening', async () => {
      const { bus, reopen } = await opened();
      const queue = under.of(bus);
      for (const id of ['m1', 'm2', 'm3']) await queue.push(under.message(id));
      await (await pullOne(queue, topic)).ack();
      const again = under.of(await reopen());
      expect(await again.push(under.message('m1'))).toEqual({ duplicate: true });
      expect(idsOf(await pullAll(again, topic, 2))).toEqual(['m2', 'm3']);
    });

    if (under.name === 'tasks') {
      test('gives a smaller priority digit first', async () => {
        const queue = under.of((await opened()).bus);
        const push = (id: string, priority: number) =>
          queue.push({ subject: taskSubject({ tenant: 'acme', pool: topic, priority, root: 'goal-1', task: id }), id, body: '{}' });
        await push('late-1', 9);
        await push('middle-1', 5);
        await push('first-1', 0);
        await push('middle-2', 5);
        await push('first-2', 0);
        expect(idsOf(await pullAll(queue, topic, 5))).toEqual(['first-1', 'first-2', 'middle-1', 'middle-2', 'late-1']);
      });
    }
  });
}
