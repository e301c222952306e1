import { describe, expect, test } from 'vitest';
import type { Projector } from '../../actors/ports/projection.ts';
import { findNatsServer, NatsServer } from '../../scripts/services/nats.ts';
import { openNatsBus } from '../../src/bus/nats/index.ts';
import { blobsConformance } from './blobs/blobs.suite.ts';
import type { OpenBus } from './harness.ts';
import { journalConformance } from './journal/journal.suite.ts';
import { projectionConformance } from './projection/projection.suite.ts';
import { pubsubConformance } from './pubsub/pubsub.suite.ts';
import { queueConformance } from './queue/queue.suite.ts';
import { registryConformance } from './registry/registry.suite.ts';

const ackWaitMs = 300;
/** The suites let handlers throw and look at the others. */
const ignoreThrows = (): void => undefined;
const nothing: Projector = { name: 'nothing', version: 1, project: () => [] };

/** Each store is a server of its own. */
const open: OpenBus = async (options = {}) => {
  const server = await NatsServer.start();
  const openOn = (projector: Projector = nothing) => openNatsBus({ servers: [server.url], projector, ackWaitMs, onFault: ignoreThrows });
  let current = await openOn(options.projector);
  return {
    bus: current,
    reopen: async (again = {}) => {
      await current.close();
      current = await openOn(again.projector ?? options.projector);
      return current;
    },
    close: async () => {
      await current.close();
      await server.stop();
    },
  };
};

if (findNatsServer() !== undefined) {
  journalConformance('nats', open);
  queueConformance('nats', open);
  registryConformance('nats', open);
  pubsubConformance('nats', open);
  blobsConformance('nats', open);
  projectionConformance('nats', open);
} else {
  describe('the NATS bus', () => {
    test.skipIf(process.env['CI'] === undefined)('conforms on a real nats-server: skipped, nats-server is not on PATH (npm run setup)', () => {
      expect.unreachable('nats-server is not on PATH; with CI set a missing service fails');
    });
  });
}
