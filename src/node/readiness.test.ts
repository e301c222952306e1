import { expect, test } from 'vitest';
import { createReadiness } from './readiness.ts';

const readiness = (health: { connected: boolean; clockOffsetMs: number } | undefined, draining = false) =>
  createReadiness({ health, clockOffsetMaxMs: 30_000, draining: () => draining });

test('a bus in the own process is always there', () => {
  expect(readiness(undefined).reasons()).toEqual([]);
  expect(readiness(undefined).told()).toEqual({ notReady: [] });
  expect(readiness(undefined, true).reasons()).toEqual(['draining']);
});

test('cut off, and a clock beyond the bound in either direction, are told apart', () => {
  expect(readiness({ connected: false, clockOffsetMs: 3 }).reasons()).toEqual(['bus']);
  expect(readiness({ connected: true, clockOffsetMs: 30_000 }).reasons()).toEqual([]);
  for (const clockOffsetMs of [30_001, -30_001]) {
    expect(readiness({ connected: true, clockOffsetMs }).reasons()).toEqual(['clock']);
    expect(readiness({ connected: true, clockOffsetMs }).clockFits()).toBe(false);
  }
  expect(readiness({ connected: false, clockOffsetMs: 99_999.4 }, true).reasons()).toEqual(['draining', 'bus', 'clock']);
  expect(readiness({ connected: true, clockOffsetMs: 12.4 }).told()).toEqual({ notReady: [], clockOffsetMs: 12 });
});
