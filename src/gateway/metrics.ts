import type { Counters } from './counters.ts';

/** Everything /metrics shows, in the text format of Prometheus 0.0.4. Names that end in `_total` are counters, the others gauges. */
export function metricsText(gauges: Readonly<Record<string, number>>, counters: Counters): string {
  const figures: [string, number][] = Object.entries(gauges).filter(([name]) => /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name));
  figures.push(
    ['flockwork_gateway_connections', counters.connections],
    ['flockwork_gateway_watches', counters.watches],
    ['flockwork_gateway_requests_in_flight', counters.requestsInFlight],
    ['flockwork_gateway_requests_total', counters.requestsTotal],
    ['flockwork_gateway_events_delivered_total', counters.eventsDeliveredTotal],
    ['flockwork_gateway_deltas_delivered_total', counters.deltasDeliveredTotal],
    ['flockwork_gateway_deltas_dropped_total', counters.deltasDroppedTotal],
    ['flockwork_gateway_live_ignored_total', counters.liveIgnoredTotal],
    ['flockwork_gateway_catch_up_pages_total', counters.catchUpPagesTotal],
    ['flockwork_gateway_readers_lagged_total', counters.readersLaggedTotal],
  );
  const lines = figures.map(([name, value]) => `# TYPE ${name} ${name.endsWith('_total') ? 'counter' : 'gauge'}\n${name} ${value}\n`);
  lines.push('# TYPE flockwork_gateway_refused_total counter\n');
  for (const [code, count] of counters.refusedTotal) lines.push(`flockwork_gateway_refused_total{code="${code}"} ${count}\n`);
  return lines.join('');
}
