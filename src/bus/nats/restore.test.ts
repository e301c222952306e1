/** @needs nats-server */
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterEach, describe, expect, test } from 'vitest';
import { nothingBefore, type Position } from '../../../actors/ports/journal.ts';
import { findNatsServer, NatsServer } from '../../../scripts/services/nats.ts';
import { openNatsBus } from './index.ts';

const projector = { name: 'goals', version: 1, project: () => [] };
const stream = 'flock.acme.journal.1.goal-1.coordinator';
const task = { subject: 'flock.acme.task.default.5.goal-1.t1', id: 't1', body: '{}' };

interface Answer {
  readonly error?: unknown;
  readonly streams?: readonly string[];
  readonly config?: unknown;
  readonly state?: unknown;
  readonly deliver_subject?: string;
}

async function ask(connection: NatsConnection, api: string, body: unknown = {}): Promise<Answer> {
  const answer = (await connection.request(`$JS.API.STREAM.${api}`, JSON.stringify(body), { timeout: 10_000 })).json<Answer>();
  if (answer.error !== undefined) throw new Error(`${api}: ${JSON.stringify(answer.error)}`);
  return answer;
}

/** What `nats account backup` and `restore` do: each stream with its consumers, as the server writes it out, into another server. */
async function copyStreams(from: NatsConnection, to: NatsConnection): Promise<void> {
  for (const name of (await ask(from, 'NAMES')).streams ?? []) {
    const pieces: Uint8Array[] = [];
    const { promise: whole, resolve } = Promise.withResolvers<void>();
    const receiving = from.subscribe(`backup.${name}`, {
      callback: (_, message) => {
        if (message.data.length === 0) return resolve();
        pieces.push(message.data.slice());
        message.respond('');
      },
    });
    const { config, state } = await ask(from, `SNAPSHOT.${name}`, { deliver_subject: `backup.${name}`, chunk_size: 65_536 });
    await whole;
    receiving.unsubscribe();
    const { deliver_subject: into = '' } = await ask(to, `RESTORE.${name}`, { config, state });
    for (const piece of pieces) await to.request(into, piece, { timeout: 10_000 });
    expect((await to.request(into, '', { timeout: 10_000 })).json<Answer>().error).toBeUndefined();
  }
}

describe.skipIf(findNatsServer() === undefined)('a backup of all streams', () => {
  const ends: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  const serve = async () => {
    const server = await NatsServer.start();
    ends.push(() => server.stop());
    const connection = await connect({ servers: server.url });
    ends.push(() => connection.close());
    const open = async () => {
      const bus = await openNatsBus({ servers: [server.url], projector });
      ends.push(() => bus.close());
      return bus;
    };
    return { connection, open };
  };

  test('restored on an empty server: everything goes on where it was, under an identity of its own once the key is removed', async () => {
    const [old, fresh] = [await serve(), await serve()];
    const before = await old.open();
    let position: Position = nothingBefore;
    for (let at = 0; at < 20; at++) position = await before.journal.append(stream, position, [`${at}`]);
    await before.tasks.push(task);
    await before.tasks.depth('default');
    await before.index.put({ key: 'row', value: 'of the index' });
    const sha256 = await before.blobs.put('acme', new Uint8Array(700_000).fill(7));

    await copyStreams(old.connection, fresh.connection);
    // What was written after the backup is not there; a cursor behind it must not be taken for one of the restored store.
    await before.journal.append(stream, position, ['after the backup']);
    await fresh.connection.request('$KV.FLOCK_META.store', '');
    const restored = await fresh.open();
    expect(restored.journal.store).not.toBe(before.journal.store);
    expect(String(await restored.journal.head())).toBe(position);
    expect(await restored.index.get('row')).toBe('of the index');
    expect((await restored.blobs.get('acme', sha256)).length).toBe(700_000);
    const [delivery] = await restored.tasks.pull({ topic: 'default', max: 1, waitMs: 5_000 });
    expect(delivery).toMatchObject(task);
    await delivery?.ack();
    await restored.journal.append(stream, position, ['another way on']);
    await expect(restored.journal.append(stream, position, ['by an owner of before'])).rejects.toMatchObject({ code: 'journal_conflict' });
  });
});
