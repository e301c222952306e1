/** @needs nats-server */
import { describe, expect, test } from 'vitest';
import { findNatsServer } from '../../../scripts/services/nats.ts';
import { gates } from './network.ts';
import { runSeed } from './run-seed.ts';
import { faultKinds } from './schedule.ts';

/** One for each kind of fault at the front, and a few more; `npm run faults` runs hundreds. */
const seeds = Array.from({ length: Number(process.env['FLOCKWORK_TEST_SEEDS'] ?? faultKinds.length + 3) }, (_, at) => at + 1);

describe.skipIf(findNatsServer() === undefined)('histories of processes that are killed, paused, cut off and restarted', () => {
  test.each(seeds)(
    'seed %i keeps what the bus and the owners promise',
    async (seed) => {
      const { violations, story, figures } = await runSeed(seed, gates);
      expect(violations, story.join('\n')).toEqual([]);
      // It was not quiet because nothing happened.
      expect(figures.operations).toBeGreaterThan(100);
      expect(figures.openings).toBeGreaterThan(0);
    },
    90_000,
  );
});
