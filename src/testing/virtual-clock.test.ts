import fc from 'fast-check';
import { expect, test } from 'vitest';
import { VirtualClock } from './virtual-clock.ts';

test('timers fire at their own time, in the order of due times, ties in the order of arming; disarmed ones never', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ delay: fc.integer({ min: 0, max: 20 }), disarmed: fc.boolean() }), { maxLength: 40 }), (timers) => {
      const clock = new VirtualClock(100);
      const fired: [number, number][] = [];
      const disarm = timers.map(({ delay }, index) => clock.timer(delay, () => fired.push([clock.now(), index])));
      for (const [index, { disarmed }] of timers.entries()) if (disarmed) disarm[index]?.();
      const expected = timers
        .flatMap(({ delay, disarmed }, index): [number, number][] => (disarmed ? [] : [[100 + delay, index]]))
        .sort(([a, i], [b, j]) => a - b || i - j);
      expect(clock.armed).toBe(expected.length);
      expect(clock.nextDue).toBe(expected[0]?.[0]);
      clock.advanceBy(20);
      expect(fired).toEqual(expected);
      expect(clock.now()).toBe(120);
      expect(clock.armed).toBe(0);
    }),
  );
});

test('what a timer arms on the way fires on the way too', () => {
  const clock = new VirtualClock();
  const fired: number[] = [];
  clock.timer(5, () => clock.timer(5, () => fired.push(clock.now())));
  clock.timer(20, () => fired.push(clock.now()));
  clock.advanceTo(12);
  expect(fired).toEqual([10]);
  expect(clock.advanceToNext()).toBe(true);
  expect(fired).toEqual([10, 20]);
  expect(clock.advanceToNext()).toBe(false);
});
