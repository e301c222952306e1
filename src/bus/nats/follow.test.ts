import { connect, headers } from '@nats-io/transport-node';
import { afterEach, describe, expect, test } from 'vitest';
import { nothingBefore } from '../../../actors/ports/journal.ts';
import { journalPattern } from '../../../protocols/subjects.ts';
import { findNatsServer, NatsServer } from '../../../scripts/services/nats.ts';
import { openNatsBus } from './index.ts';
import { tailPrefix } from './names.ts';

const stream = (actor: string): string => `flock.acme.journal.1.goal-1.${actor}`;

describe.skipIf(findNatsServer() === undefined)('following every journal', () => {
  const ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  test('an entry that the server repeats before the one it stored first is neither given first nor makes that one lost', async () => {
    const server = await NatsServer.start();
    ends.push(() => server.stop());
    // Nothing but the order of what is repeated may tell: no look at the newest entry within the test.
    const options = { servers: [server.url], projector: { name: 'nothing', version: 1, project: () => [] }, followCheckMs: 600_000 };
    const bus = await openNatsBus(options);
    ends.push(() => bus.close());
    const given: string[] = [];
    await bus.journal.follow(journalPattern, ({ sequence, records }) => given.push(`${sequence} ${records.join()}`));
    const raw = await connect({ servers: server.url });
    ends.push(() => raw.close());
    const early = headers();
    early.set('Nats-Sequence', '2');
    early.set('Nats-Last-Sequence', '0');
    raw.publish(`${tailPrefix}${stream('two')}`, 'second', { headers: early });
    await raw.flush();
    await bus.journal.append(stream('one'), nothingBefore, ['first']);
    await bus.journal.append(stream('two'), nothingBefore, ['second']);
    await expect.poll(() => given, { timeout: 10_000 }).toEqual(['1 first', '2 second']);
  });
});
