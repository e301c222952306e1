import { describe, expect, test } from 'vitest';
import type { Observation } from '../../../actors/ports/observer.ts';
import type { FactType, JsonObject } from '../../../protocols/journal/facts.ts';
import { usageBounds } from '../bounds.ts';
import { bucketOf, quantileOf } from './latency.ts';
import { hourMs, type OpenCall, Usage } from './usage.ts';
import { usageTold, usageView } from './usage-view.ts';

const begin = 500_000 * hourMs;

/** Takes what an actor did; calls under way stay with the actor. */
function taker(usage: Usage): (observation: Observation) => void {
  const open = new Map<string, OpenCall[]>();
  return ({ actor: { actor }, facts, at }) => {
    const calls = open.get(actor) ?? [];
    open.set(actor, calls);
    usage.take(calls, facts, at);
  };
}

const seen = (at: number, actor: string, ...facts: readonly (readonly [FactType, JsonObject])[]): Observation => ({
  actor: { tenant: 'default', root: 'g-1', actor },
  machine: 'agent',
  seq: 1,
  at: begin + at,
  facts: facts.map(([type, data], index) => ({ seq: index + 1, type, data })),
  event: 'x',
  state: 'acting',
  context: {},
  mailboxDepth: 0,
  restarts: 0,
});

describe('what tools and models did', () => {
  test('calls, failures, latency and cost, by name and hour', () => {
    const usage = new Usage(usageBounds);
    const take = taker(usage);
    for (let call = 0; call < 100; call++) {
      take(seen(call * 10, 'a', ['tool.requested', { call: `c${call}`, name: 'fs.read' }]));
      const took = call < 90 ? 8 : 1_000;
      take(seen(call * 10 + took, 'a', ['tool.completed', { call: `c${call}`, name: 'fs.read', ok: call % 10 !== 0, code: 'tool_failed' }]));
    }
    take(seen(0, 'b', ['model.called', { call: 'm1', model: 'x/y' }]));
    take(seen(2 * hourMs, 'b', ['model.replied', { call: 'm1', tokens: 100, costMicroUsd: 2_000_000 }]));
    const view = usageView([usageTold(usage)], 24, begin + 2 * hourMs);
    expect(view.tools).toMatchObject([{ name: 'fs.read', calls: 100, failed: 10, inFlight: 0, p50: 8 }]);
    expect(view.tools[0]?.p99).toBeGreaterThan(800);
    expect(view.tools[0]?.hours.slice(-3)).toEqual([100, 0, 0]);
    expect(view.models).toMatchObject([{ name: 'x/y', calls: 1, failed: 0, tokens: 100, costUsd: 2 }]);
    expect(view.models[0]?.costHours.slice(-3)).toEqual([0, 0, 2]);
  });

  test('an approval is not the time of the tool; what is under way is counted', () => {
    const usage = new Usage(usageBounds);
    const take = taker(usage);
    take(seen(0, 'a', ['tool.requested', { call: 'c1', name: 'mail.send', asks: true }]));
    expect(usageView([usageTold(usage)], 24, begin).tools).toMatchObject([{ inFlight: 1, calls: 0, p50: null }]);
    take(seen(60_000, 'a', ['tool.approved', { call: 'c1' }]));
    take(seen(60_016, 'a', ['tool.completed', { call: 'c1', name: 'mail.send', ok: true }]));
    expect(usageView([usageTold(usage)], 24, begin).tools).toMatchObject([{ inFlight: 0, calls: 1, p50: 16 }]);
  });

  test('the last failure stands until a call succeeds; a call without a price is no call for nothing', () => {
    const usage = new Usage(usageBounds);
    const take = taker(usage);
    take(seen(0, 'a', ['model.called', { call: 'm1', model: 'x/y' }]));
    take(seen(5, 'a', ['model.discarded', { call: 'm1', code: 'model_overloaded' }], ['model.called', { call: 'm2', model: 'x/y' }]));
    expect(usageView([usageTold(usage)], 24, begin).models).toMatchObject([{ failed: 1, inFlight: 1, failure: { code: 'model_overloaded' } }]);
    take(seen(9, 'a', ['model.replied', { call: 'm2', tokens: 5, costMicroUsd: null }]));
    const [row] = usageView([usageTold(usage)], 24, begin).models;
    expect(row).toMatchObject({ calls: 2, costUsd: null });
    expect(row?.failure).toBeUndefined();
  });

  test('bounded in names, hours and calls under way', () => {
    const usage = new Usage({ hours: 3, namesMax: 2, openCallsMax: 4 });
    const take = taker(usage);
    for (let at = 0; at < 10; at++) take(seen(at * hourMs, 'a', ['tool.completed', { call: `${at}`, name: `tool-${at % 5}`, ok: true }]));
    expect([...usage.tools.keys()]).toEqual(['tool-0', 'tool-1', 'other']);
    expect(usage.tools.get('other')?.hours.size).toBeLessThanOrEqual(3);
    for (let at = 0; at < 10; at++) take(seen(0, 'a', ['model.called', { call: `${at}`, model: 'x/y' }]));
    expect(usage.models.get('x/y')?.inFlight).toBe(4);
  });

  test('several nodes are put together', () => {
    const nodes = [new Usage(usageBounds), new Usage(usageBounds)];
    for (const take of nodes.map(taker)) {
      take(seen(0, 'a', ['tool.requested', { call: 'c', name: 'fs.read' }]));
      take(seen(32, 'a', ['tool.completed', { call: 'c', name: 'fs.read', ok: true }]));
    }
    const told = nodes.map((usage) => JSON.parse(JSON.stringify(usageTold(usage))));
    expect(usageView(told, 24, begin).tools).toMatchObject([{ calls: 2, p50: 32, p99: 32 }]);
  });

  test('a quantile is right within a third', () => {
    for (const ms of [1, 3, 10, 77, 420, 3_000, 60_000, 900_000]) {
      const counts: number[] = [];
      counts[bucketOf(ms)] = 1;
      const told =
        quantileOf(
          Array.from(counts, (count) => count ?? 0),
          0.95,
        ) ?? 0;
      expect(Math.abs(told - ms) / ms).toBeLessThanOrEqual(0.34);
      expect(Math.abs(Math.log2(told / ms))).toBeLessThanOrEqual(0.42);
    }
    expect(quantileOf([], 0.5)).toBeUndefined();
  });
});
