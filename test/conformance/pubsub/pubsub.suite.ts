import { describe, expect, test } from 'vitest';
import { FlockworkError } from '../../../protocols/errors/error.ts';
import { livePattern, liveSubject, nodeSubject } from '../../../protocols/subjects.ts';
import { codeOf, type OpenBus, openerFor, until } from '../harness.ts';

const subject = liveSubject({ tenant: 'acme', root: 'goal-1', actor: 'agent' });
const other = liveSubject({ tenant: 'acme', root: 'goal-2', actor: 'agent' });

/** Much longer than any answer takes, in milliseconds. */
const longWaitMs = 10_000;

/** What every pubsub keeps, whoever implements it. */
export function pubsubConformance(name: string, open: OpenBus): void {
  describe(`publish and subscribe: ${name}`, () => {
    const opened = openerFor(open);

    test('each subscriber gets each message, in order', async () => {
      const { pubsub } = (await opened()).bus;
      const one: string[] = [];
      const two: string[] = [];
      await pubsub.subscribe(subject, (message) => one.push(message.body));
      await pubsub.subscribe(subject, (message) => two.push(message.body));
      const bodies = Array.from({ length: 100 }, (_, at) => `${at}`);
      for (const body of bodies) pubsub.publish(subject, body);
      await until('all messages arrived at both', () => one.length === 100 && two.length === 100);
      expect(one).toEqual(bodies);
      expect(two).toEqual(bodies);
    });

    test('patterns stand for one token, or for the rest', async () => {
      const { pubsub } = (await opened()).bus;
      const seen: Record<string, string[]> = {};
      for (const pattern of [
        livePattern('acme', 'goal-1'),
        'flock.acme.live.*.agent',
        'flock.*.live.>',
        'flock.acme.live.*',
        'flock.acme.live.goal-1.agent.>',
      ]) {
        const bodies: string[] = [];
        seen[pattern] = bodies;
        await pubsub.subscribe(pattern, (message) => bodies.push(`${message.subject} ${message.body}`));
      }
      pubsub.publish(subject, 'a');
      pubsub.publish(other, 'b');
      pubsub.publish('flock.zeta.live.goal-1.agent', 'c');
      await until('the widest pattern had all', () => seen['flock.*.live.>']?.length === 3);
      expect(seen).toEqual({
        'flock.acme.live.goal-1.>': [`${subject} a`],
        'flock.acme.live.*.agent': [`${subject} a`, `${other} b`],
        'flock.*.live.>': [`${subject} a`, `${other} b`, 'flock.zeta.live.goal-1.agent c'],
        'flock.acme.live.*': [],
        'flock.acme.live.goal-1.agent.>': [],
      });
    });

    test('never runs a subscriber in the stack of the publisher', async () => {
      const { pubsub } = (await opened()).bus;
      let inside = false;
      const seen: boolean[] = [];
      await pubsub.subscribe(subject, () => seen.push(inside));
      inside = true;
      pubsub.publish(subject, 'a');
      inside = false;
      await until('the message arrived', () => seen.length === 1);
      expect(seen).toEqual([false]);
    });

    test('a handler that throws hurts nobody else', async () => {
      const { pubsub } = (await opened()).bus;
      const seen: string[] = [];
      let thrown = 0;
      await pubsub.subscribe(subject, () => {
        thrown++;
        throw new Error('this handler always throws');
      });
      await pubsub.subscribe(subject, (message) => seen.push(message.body));
      pubsub.publish(subject, 'a');
      pubsub.publish(subject, 'b');
      await until('both messages arrived at both', () => seen.length === 2 && thrown === 2);
    });

    test('delivers nothing after it was stopped', async () => {
      const { pubsub } = (await opened()).bus;
      const stopped: string[] = [];
      const going: string[] = [];
      const subscription = await pubsub.subscribe(subject, (message) => stopped.push(message.body));
      await pubsub.subscribe(subject, (message) => going.push(message.body));
      pubsub.publish(subject, 'a');
      await until('the first message arrived at both', () => stopped.length === 1 && going.length === 1);
      await subscription.stop();
      pubsub.publish(subject, 'b');
      await until('the second message arrived', () => going.length === 2);
      expect(stopped).toEqual(['a']);
    });

    test('refuses what is no subject', async () => {
      const { pubsub } = (await opened()).bus;
      for (const wrong of ['', 'a..b', 'a b', 'a.*', 'a.>'])
        expect(() => pubsub.publish(wrong, 'a')).toThrow(expect.objectContaining({ code: 'subject_invalid' }));
      for (const wrong of ['', 'a..b', 'a b', 'a.>.b', 'a*']) expect(await codeOf(pubsub.subscribe(wrong, () => expect.unreachable()))).toBe('subject_invalid');
    });
  });

  describe(`request and serve: ${name}`, () => {
    const opened = openerFor(open);
    const node = nodeSubject('node-1');

    test('answers what was asked', async () => {
      const { pubsub } = (await opened()).bus;
      await pubsub.serve(node, async (body) => `answer to ${body}`);
      expect(await Promise.all(['a', 'b', 'c'].map((body) => pubsub.request(node, body, { timeoutMs: longWaitMs })))).toEqual([
        'answer to a',
        'answer to b',
        'answer to c',
      ]);
    });

    test('fails at once when nobody serves the subject', async () => {
      const { pubsub } = (await opened()).bus;
      await pubsub.serve(nodeSubject('node-2'), async () => 'wrong');
      expect(await codeOf(pubsub.request(node, 'a', { timeoutMs: longWaitMs }))).toBe('no_responder');
      const serving = await pubsub.serve(node, async () => 'b');
      await serving.stop();
      expect(await codeOf(pubsub.request(node, 'a', { timeoutMs: longWaitMs }))).toBe('no_responder');
    });

    test('fails when no answer comes in time', async () => {
      const { pubsub } = (await opened()).bus;
      await pubsub.serve(node, () => Promise.withResolvers<string>().promise);
      expect(await codeOf(pubsub.request(node, 'a', { timeoutMs: 50 }))).toBe('request_timeout');
    });

    test('a failure of the server reaches the asker with its code', async () => {
      const { pubsub } = (await opened()).bus;
      await pubsub.serve(node, async () => {
        throw new FlockworkError('goal_unknown', 'there is no goal x', { details: { goal: 'x' } });
      });
      await expect(pubsub.request(node, 'a', { timeoutMs: longWaitMs })).rejects.toMatchObject({
        code: 'goal_unknown',
        message: 'there is no goal x',
        retryable: false,
        details: { goal: 'x' },
      });
      const broken = nodeSubject('node-2');
      await pubsub.serve(broken, () => {
        throw new Error('broken');
      });
      expect(await codeOf(pubsub.request(broken, 'a', { timeoutMs: longWaitMs }))).toBe('internal');
    });

    test('one server of several answers', async () => {
      const { pubsub } = (await opened()).bus;
      let answered = 0;
      for (const server of ['one', 'two']) {
        await pubsub.serve(node, async () => {
          answered++;
          return server;
        });
      }
      for (let at = 0; at < 10; at++) expect(['one', 'two']).toContain(await pubsub.request(node, 'a', { timeoutMs: longWaitMs }));
      expect(answered).toBe(10);
    });
  });
}
