import { type MetricFamily, single } from '../telemetry/index.ts';
import type { Counters } from './counters.ts';

/** What the gateway counts about itself, for /metrics. */
export function gatewayFamilies(counters: Counters): readonly MetricFamily[] {
  const gauge = (name: string, help: string, value: number): MetricFamily => single('gauge', `flockwork.gateway.${name}`, help, value);
  const counter = (name: string, help: string, value: number): MetricFamily => single('counter', `flockwork.gateway.${name}`, help, value);
  return [
    gauge('connections', 'Open connections of all transports.', counters.connections),
    gauge('watches', 'Open watches, server-sent events among them.', counters.watches),
    gauge('requests.in.flight', 'Requests not yet answered.', counters.requestsInFlight),
    counter('requests', 'Requests that were taken.', counters.requestsTotal),
    counter('events.delivered', 'Facts that were sent to watchers.', counters.eventsDeliveredTotal),
    counter('deltas.delivered', 'Pieces of running text that were sent to watchers.', counters.deltasDeliveredTotal),
    counter('deltas.dropped', 'Pieces of running text that a slow watcher missed.', counters.deltasDroppedTotal),
    counter('live.ignored', 'Live messages that were no pieces of text.', counters.liveIgnoredTotal),
    counter('catch.up.pages', 'Pages of the journal that were read for watchers who were behind.', counters.catchUpPagesTotal),
    counter('catch.up.pages.shared', 'Pages that a watcher had from those that were read for another.', counters.catchUpPagesSharedTotal),
    counter('readers.lagged', 'Watchers that fell behind and went back to the journal.', counters.readersLaggedTotal),
    {
      kind: 'counter',
      name: 'flockwork.gateway.refused',
      help: 'Peers that were refused or closed, by code.',
      unit: '',
      samples: [...counters.refusedTotal].map(([code, value]) => ({ labels: { code }, value })),
    },
  ];
}
