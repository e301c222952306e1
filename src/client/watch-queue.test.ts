import { describe, expect, test } from 'vitest';
import type { WatchItem } from './transport.ts';
import { WatchQueue } from './watch-queue.ts';

const event = (cursor: string, type = 'model.called', actor = 'agent-t0-1'): WatchItem => ({
  kind: 'event',
  event: { goalId: 'g', cursor, actor, seq: 1, at: 0, type, data: {} },
});
const delta: WatchItem = { kind: 'delta', delta: { goalId: 'g', actor: 'a', call: 'c', epoch: 1, offset: 0, text: '' } };

describe('WatchQueue', () => {
  test('hands on in order, remembers the cursor and ends with the goal', async () => {
    const queue = new WatchQueue('start', 10);
    expect(queue.cursor).toBe('start');
    const first = queue.next();
    queue.push(event('1'));
    queue.push(delta);
    queue.push(event('2', 'goal.completed', 'coordinator'));
    queue.push(event('3'));
    expect(await first).toEqual(event('1'));
    expect(await queue.next()).toEqual(delta);
    expect(await queue.next()).toEqual(event('2', 'goal.completed', 'coordinator'));
    expect(await queue.next()).toBeUndefined();
    expect(queue.cursor).toBe('2');
  });

  test('above its bound it drops what will come again, and says so when it is empty', async () => {
    const queue = new WatchQueue(undefined, 2);
    for (const cursor of ['1', '2', '3', '4']) queue.push(event(cursor));
    expect(queue.overflowed).toBe(true);
    expect(queue.cursor).toBe('2');
    expect([await queue.next(), await queue.next(), await queue.next()]).toEqual([event('1'), event('2'), 'empty']);
    queue.resume();
    queue.push(event('3'));
    expect(await queue.next()).toEqual(event('3'));
  });

  test('deltas give way before events do', () => {
    const queue = new WatchQueue(undefined, 4);
    for (let at = 0; at < 10; at++) queue.push(delta);
    expect(queue.size).toBe(2);
    expect(queue.overflowed).toBe(false);
  });

  test('a failure comes after what was taken in', async () => {
    const queue = new WatchQueue(undefined, 4);
    queue.push(event('1'));
    queue.fail(new Error('broke'));
    expect(await queue.next()).toEqual(event('1'));
    await expect(queue.next()).rejects.toThrow('broke');
  });
});
