import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Delivery } from '../../actors/ports/queue.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { Claim } from './claim.ts';

const ackWaitMs = 3_000;

function stage(working: (asked: number) => Promise<void> = async () => undefined) {
  const clock = new VirtualClock();
  let asked = 0;
  let lost = 0;
  const delivery = { working: () => working((asked += 1)) } as unknown as Delivery;
  const claim = new Claim(delivery, ackWaitMs, clock);
  claim.onLost(() => (lost += 1));
  const pass = async (ms: number): Promise<void> => {
    clock.advanceBy(ms);
    await turn();
  };
  return { claim, clock, pass, asked: () => asked, lost: () => lost };
}

describe('the claim on a delivery', () => {
  test('is extended every third of ackWaitMs, and held as long as that is confirmed', async () => {
    const { claim, pass, asked } = stage();
    for (let third = 1; third <= 9; third++) {
      await pass(1_000);
      expect([claim.held, asked()]).toEqual([true, third]);
    }
    claim.release();
  });

  test('is held only until 0.8 of ackWaitMs after the last confirmation, and its loss is told once', async () => {
    const { claim, pass, lost } = stage((asked) => (asked === 1 ? Promise.resolve() : Promise.reject(new Error('away'))));
    await pass(1_000);
    await pass(2_399);
    expect(claim.held).toBe(true);
    await pass(1);
    expect(claim.held).toBe(false);
    for (let more = 0; more < 5; more++) await pass(1_000);
    expect(lost()).toBe(1);
  });

  test('counts from before the question: an answer that comes late extends nothing', async () => {
    let answer = (): void => undefined;
    const { claim, pass } = stage((asked) => (asked === 1 ? new Promise((resolve) => (answer = resolve)) : new Promise(() => undefined)));
    await pass(1_000);
    await pass(1_300);
    answer();
    await turn();
    await pass(1_099);
    expect(claim.held).toBe(true);
    await pass(1);
    expect(claim.held).toBe(false);
  });

  test('one failure in between is forgiven when the next question is answered in time', async () => {
    const { claim, pass, lost } = stage((asked) => (asked === 1 ? Promise.reject(new Error('away')) : Promise.resolve()));
    for (let third = 0; third < 6; third++) await pass(1_000);
    expect([claim.held, lost()]).toEqual([true, 0]);
    claim.release();
  });

  test('a released claim is not held, asks no more and is not lost', async () => {
    const { claim, clock, pass, asked, lost } = stage();
    claim.release();
    await pass(60_000);
    expect([claim.held, clock.armed, asked(), lost()]).toEqual([false, 0, 0, 0]);
  });
});
