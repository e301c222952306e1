import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { quotaDefault } from '../../protocols/goals/goal.ts';
import {
  type Amounts,
  available,
  grantMore,
  type Ledger,
  newWarnings,
  openLedger,
  raiseLimits,
  reserveShare,
  type Spending,
  settleAttempt,
  settleUnknown,
} from './ledger.ts';

const names = ['tokens', 'toolCalls', 'costMicroUsd'] as const;
const quota = { ...quotaDefault, maxTokens: 1_000, maxToolCalls: 40, maxCostUsd: 0.001 };
const limits: Amounts = { tokens: 1_000, toolCalls: 40, costMicroUsd: 1_000 };
const spent = (more: Partial<Spending> = {}): Spending => ({
  tokens: 0,
  toolCalls: 0,
  costMicroUsd: 0,
  modelCalls: 1,
  costUnknown: false,
  estimated: false,
  ...more,
});
const need = (more: Partial<Amounts> = {}): Amounts => ({ tokens: 0, toolCalls: 0, costMicroUsd: 0, ...more });

/** What a ledger holds by its attempts, to be held against its own sum. */
function heldBy(ledger: Ledger): Amounts {
  const sum = need();
  for (const held of Object.values(ledger.reserved)) for (const name of names) sum[name] += held[name];
  return sum;
}

describe('a ledger', () => {
  test('shares evenly what is left among the tasks to come, and the last takes the rest', () => {
    const ledger = openLedger(quota);
    expect([3, 2, 1].map((left, index) => reserveShare(ledger, `t${index}-1`, left, 10).tokens)).toEqual([333, 333, 334]);
    expect(available(ledger)).toEqual(need());
  });

  test('what an attempt did not spend returns', () => {
    const ledger = openLedger(quota);
    reserveShare(ledger, 't0-1', 1, 10);
    settleAttempt(ledger, 't0-1', spent({ tokens: 100, toolCalls: 3, costMicroUsd: 7 }));
    expect(available(ledger)).toEqual({ tokens: 900, toolCalls: 37, costMicroUsd: 993 });
    expect(ledger.reserved).toEqual({});
  });

  test('of an attempt that never told what it used the whole reservation is spent, as estimated', () => {
    const ledger = openLedger(quota);
    reserveShare(ledger, 't0-1', 4, 10);
    settleUnknown(ledger, 't0-1');
    expect([ledger.spent, ledger.estimated]).toEqual([{ tokens: 250, toolCalls: 10, costMicroUsd: 250 }, true]);
  });

  test('grants twice what is needed where that is left, else what is left', () => {
    const ledger = openLedger(quota);
    expect(grantMore(ledger, 't0-1', need({ tokens: 300 }))).toMatchObject({ tokens: 600 });
    expect(grantMore(ledger, 't0-1', need({ tokens: 300 }))).toMatchObject({ tokens: 400 });
    expect(grantMore(ledger, 't0-1', need({ tokens: 1 }))).toEqual({ short: 'maxTokens' });
  });

  test.each([
    ['maxTokens', need({ tokens: 1_001 })],
    ['maxToolCalls', need({ toolCalls: 41 })],
    ['maxCostUsd', need({ costMicroUsd: 1_001 })],
  ])('a refusal names the quota that stands in the way: %s', (short, wanted) => expect(grantMore(openLedger(quota), 't0-1', wanted)).toEqual({ short }));

  test('money that is needed is granted even when it is the last', () => {
    const ledger = openLedger(quota);
    settleAttempt(ledger, 't0-1', spent({ costMicroUsd: 998 }));
    expect(grantMore(ledger, 't1-1', need({ costMicroUsd: 2 }))).toMatchObject({ costMicroUsd: 2 });
  });

  test('without money left, who needs none still gets tokens', () => {
    const ledger = openLedger(quota);
    settleAttempt(ledger, 't0-1', spent({ costMicroUsd: 1_000 }));
    expect(grantMore(ledger, 't1-1', need({ tokens: 5 }))).toMatchObject({ tokens: 10, costMicroUsd: 0 });
  });

  test('80 % of a limit is told once, and again after it was raised', () => {
    const ledger = openLedger(quota);
    settleAttempt(ledger, 'a', spent({ tokens: 799 }));
    expect(newWarnings(ledger)).toEqual([]);
    settleAttempt(ledger, 'b', spent({ tokens: 1 }));
    expect([newWarnings(ledger), newWarnings(ledger)]).toEqual([[{ quota: 'maxTokens', used: 800, limit: 1_000 }], []]);
    raiseLimits(ledger, { ...quota, maxTokens: 2_000 });
    expect(newWarnings(ledger)).toEqual([]);
    settleAttempt(ledger, 'c', spent({ tokens: 800 }));
    expect(newWarnings(ledger)).toEqual([{ quota: 'maxTokens', used: 1_600, limit: 2_000 }]);
  });

  const attempt = fc.integer({ min: 0, max: 5 }).map((index) => `t${index}-1`);
  const amounts = fc.record({ tokens: fc.nat(500), toolCalls: fc.nat(20), costMicroUsd: fc.nat(500) });
  const step = fc.oneof(
    fc.record({ op: fc.constant('share' as const), attempt, left: fc.integer({ min: 1, max: 6 }) }),
    fc.record({ op: fc.constant('grant' as const), attempt, need: amounts }),
    fc.record({ op: fc.constant('settle' as const), attempt, part: fc.double({ min: 0, max: 1, noNaN: true }) }),
    fc.record({ op: fc.constant('unknown' as const), attempt }),
  );

  test('whatever is reserved, granted and settled: spent and held never pass a limit, and no sum goes astray', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const ledger = openLedger(quota);
        const warned: string[] = [];
        for (const one of steps) {
          const before = available(ledger);
          if (one.op === 'share') {
            const { ticks, ...share } = reserveShare(ledger, one.attempt, one.left, 7);
            expect(ticks).toBe(7);
            for (const name of names) expect(share[name]).toBeLessThanOrEqual(before[name]);
          } else if (one.op === 'grant') {
            const granted = grantMore(ledger, one.attempt, one.need);
            if ('short' in granted) expect(available(ledger)).toEqual(before);
            else for (const name of names) expect(granted[name]).toBeGreaterThanOrEqual(one.need[name]);
          } else if (one.op === 'settle') {
            const held = ledger.reserved[one.attempt] ?? need();
            const part = (name: keyof Amounts): number => Math.floor(held[name] * one.part);
            settleAttempt(ledger, one.attempt, spent({ tokens: part('tokens'), toolCalls: part('toolCalls'), costMicroUsd: part('costMicroUsd') }));
          } else {
            settleUnknown(ledger, one.attempt);
          }
          warned.push(...newWarnings(ledger).map((warning) => warning.quota));
          expect(ledger.held).toEqual(heldBy(ledger));
          for (const name of names) {
            expect(ledger.spent[name] + ledger.held[name]).toBeLessThanOrEqual(limits[name]);
            expect(ledger.spent[name] + ledger.held[name] + available(ledger)[name]).toBe(limits[name]);
          }
        }
        expect(new Set(warned).size).toBe(warned.length);
      }),
      { numRuns: 300 },
    );
  });
});
