import { describe, expect, test } from 'vitest';
import { type Seat, Seats } from './seats.ts';

/** Takes seats and keeps who was evicted, in order. */
function party(max: number) {
  const seats = new Seats(max);
  const evicted: string[] = [];
  const come = (name: string): Seat | undefined => seats.take(() => evicted.push(name));
  return { seats, evicted, come };
}

describe('Seats', () => {
  test('at the bound the oldest that said nothing makes room', () => {
    const { seats, evicted, come } = party(2);
    come('a');
    come('b');
    expect(evicted).toEqual([]);
    expect(come('c')).toBeDefined();
    expect(come('d')).toBeDefined();
    expect(evicted).toEqual(['a', 'b']);
    expect(seats.hasRoom).toBe(true);
  });

  test('who has settled stays; with nobody else there a newcomer is refused until one leaves', () => {
    const { seats, evicted, come } = party(2);
    const [a, b] = [come('a'), come('b')];
    a?.settle();
    expect(come('c')).toBeDefined();
    expect(evicted).toEqual(['b']);
    b?.settle();
    b?.rest();
    expect(come('d')).toBeDefined();
    expect(evicted).toEqual(['b', 'c']);
    const { seats: full, come: enter } = party(1);
    const only = enter('only');
    only?.settle();
    expect([full.hasRoom, enter('late'), full.evictOldest()]).toEqual([false, undefined, false]);
    only?.leave();
    only?.leave();
    expect(enter('late')).toBeDefined();
    expect(seats.hasRoom).toBe(true);
  });

  test('who rests counts as idle from then on, and not while a second piece of work is under way', () => {
    const { evicted, come } = party(2);
    const worker = come('worker');
    worker?.settle();
    worker?.settle();
    worker?.rest();
    come('silent');
    expect(come('x')).toBeDefined();
    expect(evicted).toEqual(['silent']);
    worker?.rest();
    expect(come('y')).toBeDefined();
    expect(evicted).toEqual(['silent', 'x']);
    expect(come('z')).toBeDefined();
    expect(evicted).toEqual(['silent', 'x', 'worker']);
    worker?.rest();
    worker?.leave();
    expect(come('last')).toBeDefined();
    expect(evicted).toEqual(['silent', 'x', 'worker', 'y']);
  });

  test('who has another way to go is sent it', () => {
    const { seats, evicted, come } = party(1);
    come('a')?.evictBy(() => evicted.push('a, told why'));
    expect(seats.evictOldest()).toBe(true);
    expect(evicted).toEqual(['a, told why']);
    expect(seats.evictOldest()).toBe(false);
  });
});
