import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Projector } from '../../../actors/ports/projection.ts';
import { openEmbeddedBus } from '../../../src/bus/embedded/index.ts';
import type { OpenBus } from '../harness.ts';
import { failuresConformance } from './failures.suite.ts';
import { inputsConformance } from './inputs.suite.ts';
import { orderConformance } from './order.suite.ts';
import { recoveryConformance } from './recovery.suite.ts';
import { snapshotConformance } from './snapshot.suite.ts';

const nothing: Projector = { name: 'nothing', version: 1, project: () => [] };

const open: OpenBus = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'flockwork-cell-'));
  const openOn = () => openEmbeddedBus({ folder, projector: nothing, sync: 'off' });
  let current = await openOn();
  return {
    bus: current,
    reopen: async () => {
      await current.close();
      current = await openOn();
      return current;
    },
    close: async () => {
      await current.close();
      await rm(folder, { recursive: true });
    },
  };
};

orderConformance('embedded', open);
inputsConformance('embedded', open);
failuresConformance('embedded', open);
recoveryConformance('embedded', open);
snapshotConformance('embedded', open);
