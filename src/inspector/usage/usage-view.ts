import type { UsageRow, UsageView } from '../protocol.ts';
import { latencyBuckets, quantileOf } from './latency.ts';
import { hourMs, type NamedUsage, type Usage } from './usage.ts';

/** The usage of one node as it travels to another: `[name, inFlight, failure code, failed at, [hour, calls, failed, tokens, cost, unpriced, latency…][]]`. */
export type UsageEntry = readonly [name: string, inFlight: number, code: string, failedAt: number, hours: readonly (readonly number[])[]];
export interface UsageTold {
  readonly tools: readonly UsageEntry[];
  readonly models: readonly UsageEntry[];
}

const hourFields = 6;

/** All that a node knows, as plain numbers. */
export function usageTold({ tools, models }: Usage): UsageTold {
  const entries = (all: ReadonlyMap<string, NamedUsage>): UsageEntry[] =>
    [...all].map(([name, { hours, inFlight, failure }]) => [
      name,
      inFlight,
      failure?.code ?? '',
      failure?.at ?? 0,
      [...hours].map(([hour, { calls, failed, tokens, costMicroUsd, unpriced, latency }]) => [hour, calls, failed, tokens, costMicroUsd, unpriced, ...latency]),
    ]);
  return { tools: entries(tools), models: entries(models) };
}

/** What several nodes know, put together for a page: the last `hours` hours, the present one last. */
export function usageView(told: readonly UsageTold[], hours: number, now: number): UsageView {
  const lastHour = Math.floor(now / hourMs);
  const rows = (kind: keyof UsageTold): UsageRow[] => {
    const names = new Map<string, UsageEntry[]>();
    for (const one of told) for (const entry of one[kind]) names.set(entry[0], [...(names.get(entry[0]) ?? []), entry]);
    return [...names].map(([name, entries]) => rowOf(name, entries, hours, lastHour)).sort((a, b) => b.calls - a.calls || (a.name < b.name ? -1 : 1));
  };
  return { begin: (lastHour - hours + 1) * hourMs, tools: rows('tools'), models: rows('models') };
}

function rowOf(name: string, entries: readonly UsageEntry[], hours: number, lastHour: number): UsageRow {
  const zeros = (length: number): number[] => new Array<number>(length).fill(0);
  const byHour = { calls: zeros(hours), failed: zeros(hours), cost: zeros(hours) };
  const latency = zeros(latencyBuckets);
  const sums = zeros(hourFields);
  let inFlight = 0;
  let failure = { code: '', at: 0 };
  for (const [, flying, code, failedAt, counted] of entries) {
    inFlight += flying;
    if (failedAt > failure.at) failure = { code, at: failedAt };
    for (const numbers of counted) {
      const place = (numbers[0] ?? 0) - lastHour + hours - 1;
      if (place < 0 || place >= hours) continue;
      byHour.calls[place] = (byHour.calls[place] ?? 0) + (numbers[1] ?? 0);
      byHour.failed[place] = (byHour.failed[place] ?? 0) + (numbers[2] ?? 0);
      byHour.cost[place] = (byHour.cost[place] ?? 0) + (numbers[4] ?? 0) / 1_000_000;
      for (let at = 1; at < hourFields; at++) sums[at] = (sums[at] ?? 0) + (numbers[at] ?? 0);
      for (let at = 0; at < latencyBuckets; at++) latency[at] = (latency[at] ?? 0) + (numbers[hourFields + at] ?? 0);
    }
  }
  const [, calls = 0, failed = 0, tokens = 0, costMicroUsd = 0, unpriced = 0] = sums;
  return {
    name,
    calls,
    failed,
    inFlight,
    tokens,
    costUsd: calls > failed && unpriced === calls - failed ? null : costMicroUsd / 1_000_000,
    unpriced,
    p50: quantileOf(latency, 0.5) ?? null,
    p95: quantileOf(latency, 0.95) ?? null,
    p99: quantileOf(latency, 0.99) ?? null,
    hours: byHour.calls,
    failedHours: byHour.failed,
    costHours: byHour.cost,
    ...(failure.at === 0 ? {} : { failure }),
  };
}
