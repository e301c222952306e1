import { connect } from '@nats-io/transport-node';
import { afterEach, describe, expect, test } from 'vitest';
import { findNatsServer, NatsServer } from '../../../scripts/services/nats.ts';
import { openNatsBus } from './index.ts';

const projector = { name: 'nothing', version: 1, project: () => [] };
const large = (value: number): Uint8Array => new Uint8Array(1_200_000).fill(value);
const name = 'snapshots/acme/agent';

describe.skipIf(findNatsServer() === undefined)('named blobs of several pieces on NATS', () => {
  const ends: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  const serve = async () => {
    const server = await NatsServer.start();
    const faults: unknown[] = [];
    const bus = await openNatsBus({ servers: [server.url], projector, onFault: (error) => faults.push(error) });
    const connection = await connect({ servers: server.url });
    ends.push(
      () => server.stop(),
      () => bus.close(),
      () => connection.close(),
    );
    return { bus, connection, faults };
  };

  test('are replaced as a whole under readers, and take no more room each time', async () => {
    const { bus, connection } = await serve();
    await bus.blobs.putNamed(name, large(0));
    const written = new AbortController();
    const seen = new Set<number>();
    const reading = (async () => {
      while (!written.signal.aborted) {
        const bytes = await bus.blobs.getNamed(name);
        // Undefined for one that was replaced faster than it could be read.
        if (bytes === undefined) continue;
        expect(bytes.every((byte) => byte === bytes[0])).toBe(true);
        seen.add(bytes[0] ?? -1);
      }
    })();
    for (let round = 1; round <= 12; round++) await bus.blobs.putNamed(name, large(round));
    await bus.blobs.putNamed(name, new Uint8Array(10).fill(13));
    await bus.blobs.putNamed(name, large(14));
    written.abort();
    await reading;
    expect((await bus.blobs.getNamed(name))?.[1_199_999]).toBe(14);
    expect(seen.size).toBeGreaterThan(0);
    const { state } = (await connection.request('$JS.API.STREAM.INFO.FLOCK_BLOBS')).json<{ state: { messages: number } }>();
    // The first piece, and two more in each of two places.
    expect(state.messages).toBe(5);
  });

  test('of which a piece was lost count as absent, and that is told', async () => {
    const { bus, connection, faults } = await serve();
    await bus.blobs.putNamed(name, large(1));
    await connection.request('$JS.API.STREAM.PURGE.FLOCK_BLOBS', JSON.stringify({ filter: 'blobs.named.3.snapshots.acme.agent.rest.*.2' }));
    expect(await bus.blobs.getNamed(name)).toBeUndefined();
    expect(faults).toMatchObject([{ code: 'journal_corrupt' }]);
    await bus.blobs.putNamed(name, large(2));
    expect((await bus.blobs.getNamed(name))?.[1_199_999]).toBe(2);
  });
});
