/** @needs nats-server */
import { describe, expect, test } from 'vitest';
import { findNatsServer } from '../../../scripts/services/nats.ts';
import { runFailover } from './failover-run.ts';

const goals = 300;
const leaseMs = 2_000;
/** What may pass beyond the lease before the first goal of the dead node goes on. Milliseconds. */
const beyondLeaseMs = 2_000;
/** Agents at work in one node: what one kill catches in the middle. */
const inFlightMax = 16;

describe.skipIf(findNatsServer() === undefined)('the owner of a third of the shards is killed', () => {
  test(`${goals} goals in flight complete, the first goes on within the lease and ${beyondLeaseMs} ms, no answered call is asked again`, async () => {
    const run = await runFailover({ goals, leaseMs, waitMs: 90_000 });
    expect(run).toMatchObject({ completed: goals, broken: [], answersAskedAgain: 0, answeredTwice: 0 });
    expect(run.orphans).toBeGreaterThan(0);
    expect(run.firstResumedMs).toBeLessThanOrEqual(leaseMs + beyondLeaseMs);
    expect(run.repeatedCalls).toBeLessThanOrEqual(inFlightMax);
  }, 180_000);
});
