import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Projector } from '../../actors/ports/projection.ts';
import { openEmbeddedBus } from '../../src/bus/embedded/index.ts';
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

const open: OpenBus = async (options = {}) => {
  const folder = await mkdtemp(join(tmpdir(), 'flockwork-bus-'));
  const openOn = (projector: Projector = nothing) => openEmbeddedBus({ folder, projector, ackWaitMs, onHandlerError: ignoreThrows });
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
      await rm(folder, { recursive: true });
    },
  };
};

journalConformance('embedded', open);
queueConformance('embedded', open);
registryConformance('embedded', open);
pubsubConformance('embedded', open);
blobsConformance('embedded', open);
projectionConformance('embedded', open);
