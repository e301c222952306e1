import { describe, expect, test } from 'vitest';
import { exposition, prometheusName } from './exposition.ts';
import { single } from './family.ts';
import { Counter, Histogram } from './instruments.ts';

describe('the text for Prometheus', () => {
  test('names carry unit and _total as Prometheus wants them', () => {
    expect(prometheusName({ name: 'flockwork.ticks', unit: '', kind: 'counter' })).toBe('flockwork_ticks_total');
    expect(prometheusName({ name: 'flockwork.tools.latency', unit: 's', kind: 'histogram' })).toBe('flockwork_tools_latency_seconds');
    expect(prometheusName({ name: 'flockwork.process.resident', unit: 'By', kind: 'gauge' })).toBe('flockwork_process_resident_bytes');
    expect(prometheusName({ name: 'flockwork.cost', unit: 'USD', kind: 'counter' })).toBe('flockwork_cost_usd_total');
  });

  test('a counter and a gauge have help, type and value', () => {
    expect(exposition([single('gauge', 'flockwork.cells.open', 'Actors\nin "memory".', 7)])).toBe(
      '# HELP flockwork_cells_open Actors\\nin "memory".\n# TYPE flockwork_cells_open gauge\nflockwork_cells_open 7\n',
    );
  });

  test('a label holds whatever there is, escaped', () => {
    const calls = new Counter({ name: 'flockwork.calls', help: 'Calls.', labels: ['tool'] });
    calls.add(2, 'a"b\\c\nd');
    expect(exposition([calls.family()])).toContain('flockwork_calls_total{tool="a\\"b\\\\c\\nd"} 2\n');
  });

  test('buckets of a histogram are cumulative, and a value on a bound is below it', () => {
    const times = new Histogram({ name: 'flockwork.times', help: 'Times.', unit: 's', labels: ['kind'], bounds: [0.1, 1] });
    for (const value of [0.05, 0.1, 0.5, 3]) times.observe(value, 'x');
    expect(exposition([times.family()]).split('\n').slice(2, -1)).toEqual([
      'flockwork_times_seconds_bucket{kind="x",le="0.1"} 2',
      'flockwork_times_seconds_bucket{kind="x",le="1"} 3',
      'flockwork_times_seconds_bucket{kind="x",le="+Inf"} 4',
      'flockwork_times_seconds_sum{kind="x"} 3.65',
      'flockwork_times_seconds_count{kind="x"} 4',
    ]);
  });
});

describe('label sets', () => {
  test('are bounded: what comes above the bound is counted under other, and nothing is lost', () => {
    const calls = new Counter({ name: 'flockwork.calls', help: 'Calls.', labels: ['tool', 'outcome'], labelSetsMax: 4 });
    for (let at = 0; at < 1_000; at++) calls.add(1, `tool-${at}`, 'ok');
    const { samples } = calls.family();
    expect(samples).toHaveLength(4);
    expect(samples.at(-1)).toEqual({ labels: { tool: 'other', outcome: 'other' }, value: 997 });
  });

  test('a value of a label is cut', () => {
    const calls = new Counter({ name: 'flockwork.calls', help: 'Calls.', labels: ['tool'] });
    calls.add(1, 'x'.repeat(10_000));
    expect(calls.family().samples[0]?.labels['tool']).toHaveLength(96);
  });

  test('a counter never falls', () => {
    const calls = new Counter({ name: 'flockwork.calls', help: 'Calls.' });
    calls.add(3);
    calls.add(-5);
    calls.add(Number.NaN);
    expect(calls.family().samples).toEqual([{ labels: {}, value: 3 }]);
  });
});
