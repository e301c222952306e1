import type { Bus } from '../../../actors/ports/bus.ts';
import { NatsBlobs } from './blobs.ts';
import * as bounds from './bounds.ts';
import { Health } from './health.ts';
import { storeIdentity } from './identity.ts';
import { NatsJournal } from './journal.ts';
import { type Link, openLink } from './link.ts';
import type { NatsBusOptions } from './options.ts';
import { inboxKind, taskKind } from './patterns.ts';
import { NatsProjection } from './projection.ts';
import { NatsPubsub } from './pubsub.ts';
import { NatsQueue } from './queue.ts';
import { NatsRegistry } from './registry.ts';
import { ensureStream, wantedStreams } from './streams.ts';

/**
 * Opens the bus on running servers, or fails loudly: `bus_unreachable` (the addresses without credentials),
 * `bus_misconfigured` (JetStream off, or the field in which a stream differs), `bus_server_too_old` (three replicas).
 */
export async function openNatsBus(options: NatsBusOptions): Promise<Bus> {
  const link = await openLink(options);
  try {
    return await openPorts(link, options);
  } catch (error) {
    await link.nc.close();
    throw link.error(error, 'open the bus');
  }
}

async function openPorts(link: Link, options: NatsBusOptions): Promise<Bus> {
  const { names } = link;
  const now = options.now ?? Date.now;
  const streams = new Map<string, { created: string; head: number }>();
  for (const wanted of wantedStreams(options, names)) streams.set(wanted.name, await ensureStream(link, wanted));
  const store = await storeIdentity(link, streams.get(names.journal) ?? { created: '', head: 0 }, options.keepsIdentity ?? true);
  const health = new Health(link, now);
  await health.start();
  const journal = new NatsJournal(link, { store, followCheckMs: options.followCheckMs ?? bounds.followCheckMs });
  const ackWaitMs = options.ackWaitMs ?? bounds.ackWaitMs;
  const index = new NatsProjection(link, journal, options.projector);
  await index.open();
  return {
    kind: 'nats',
    journal,
    tasks: new NatsQueue(link, { kind: taskKind(names), stream: names.tasks, ackWaitMs }),
    inbox: new NatsQueue(link, { kind: inboxKind(names), stream: names.inbox, ackWaitMs }),
    registry: new NatsRegistry(link, () => health.serverNow()),
    pubsub: new NatsPubsub(link),
    blobs: new NatsBlobs(link),
    index,
    health,
    close: async () => {
      health.stop();
      if (link.nc.isClosed()) return;
      await index.stop();
      await link.nc.close();
    },
  };
}
