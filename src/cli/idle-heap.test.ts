import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { giveBackWhenIdle, idleCheckMs, idleHeapBytesMin } from './idle-heap.ts';

let stop: (() => void) | undefined;
const heap = { busy: 0, used: 0, live: 0, collections: 0 };

beforeEach(() => {
  vi.useFakeTimers();
  Object.assign(heap, { busy: 0, used: 0, live: 0, collections: 0 });
  stop = giveBackWhenIdle({
    utilization: () => heap.busy,
    usedBytes: () => heap.used,
    collect() {
      heap.collections += 1;
      heap.used = heap.live;
    },
  });
});

afterEach(() => {
  stop?.();
  vi.useRealTimers();
});

const check = (): number => {
  vi.advanceTimersByTime(idleCheckMs);
  return heap.collections;
};

test('garbage of a burst goes once the process is idle, and not before', () => {
  Object.assign(heap, { busy: 0.8, used: 10 * idleHeapBytesMin, live: 2 * idleHeapBytesMin });
  expect(check()).toBe(0);
  heap.busy = 0.01;
  expect(check()).toBe(1);
});

test('what lives is not collected again and again', () => {
  Object.assign(heap, { used: 10 * idleHeapBytesMin, live: 8 * idleHeapBytesMin });
  expect([check(), check(), check()]).toEqual([1, 1, 1]);
  heap.used = 13 * idleHeapBytesMin;
  expect(check()).toBe(2);
});

test('a small heap is left alone', () => {
  heap.used = idleHeapBytesMin - 1;
  expect(check()).toBe(0);
});

test('after stopping nothing is looked at', () => {
  stop?.();
  heap.used = 10 * idleHeapBytesMin;
  expect(check()).toBe(0);
});
