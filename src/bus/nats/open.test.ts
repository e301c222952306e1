import { jetstream } from '@nats-io/jetstream';
import { connect, headers } from '@nats-io/transport-node';
import { afterEach, describe, expect, test } from 'vitest';
import type { Bus } from '../../../actors/ports/bus.ts';
import { nothingBefore } from '../../../actors/ports/journal.ts';
import type { Projector } from '../../../actors/ports/projection.ts';
import { journalPattern, taskSubject } from '../../../protocols/subjects.ts';
import { findNatsServer, NatsServer, type NatsServerOptions } from '../../../scripts/services/nats.ts';
import { openNatsBus } from './index.ts';
import type { NatsBusOptions } from './options.ts';

const projector: Projector = { name: 'nothing', version: 1, project: () => [] };
const stream = 'flock.acme.journal.1.goal-1.coordinator';
const mayRun = findNatsServer() !== undefined || process.env['CI'] !== undefined;

describe.skipIf(!mayRun)('opening the NATS bus on a real server (nats-server must be on PATH)', () => {
  const ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  const serve = async (options?: NatsServerOptions): Promise<NatsServer> => {
    const server = await NatsServer.start(options);
    ends.push(() => server.stop());
    return server;
  };
  const open = async (server: { url: string }, options: Partial<NatsBusOptions> = {}): Promise<Bus> => {
    const bus = await openNatsBus({ servers: [server.url], projector, ...options });
    ends.push(() => bus.close());
    return bus;
  };

  test('no server: bus_unreachable, quickly, without the credentials', async () => {
    const server = await serve();
    await server.end();
    const opening = openNatsBus({ servers: [server.url.replace('//', '//alice:sesame@')], projector });
    const error: unknown = await opening.catch((failure: unknown) => failure);
    expect(error).toMatchObject({ code: 'bus_unreachable', retryable: true, message: expect.stringContaining(server.url) });
    expect(JSON.stringify(error) + String(error)).not.toContain('sesame');
  });

  test('wrong credentials: bus_unreachable, not to be tried again; right ones in the address open it', async () => {
    const server = await serve({ configuration: 'authorization { user: alice, password: sesame }' });
    await expect(open(server, { credentials: { type: 'password', user: 'alice', password: 'wrong' } })).rejects.toMatchObject({
      code: 'bus_unreachable',
      retryable: false,
    });
    const bus = await open({ url: server.url.replace('//', '//alice:sesame@') });
    expect(await bus.journal.head()).toBe(0);
  });

  test('JetStream off: bus_misconfigured', async () => {
    await expect(open(await serve({ jetstream: false }))).rejects.toMatchObject({ code: 'bus_misconfigured', details: { field: 'jetstream' } });
  });

  test('a stream made otherwise: bus_misconfigured names the field', async () => {
    const server = await serve();
    await open(server, { dedupeMs: 60_000 });
    await expect(open(server)).rejects.toMatchObject({ code: 'bus_misconfigured', details: { field: 'duplicate_window' } });
  });

  test('a consumer made otherwise: bus_misconfigured names the field', async () => {
    const server = await serve();
    await (await open(server, { ackWaitMs: 1_000 })).tasks.depth('default');
    await expect((await open(server, { ackWaitMs: 2_000 })).tasks.depth('default')).rejects.toMatchObject({
      code: 'bus_misconfigured',
      details: { field: 'ack_wait' },
    });
  });

  test('three replicas without a cluster: too old before 2.10, misconfigured from then on', async () => {
    const server = await serve();
    await expect(open(server, { replicas: 3 })).rejects.toMatchObject({
      code: expect.stringMatching(/^bus_(server_too_old|misconfigured)$/),
      retryable: false,
    });
  });

  test('a full store: store_full, nothing written, and room again when the bound is raised', async () => {
    const server = await serve();
    const bus = await open(server, { queueMessagesMax: 3 });
    const push = (id: string) =>
      bus.tasks.push({ subject: taskSubject({ tenant: 'acme', pool: 'default', priority: 5, root: 'g', task: id }), id, body: '{}' });
    for (const id of ['a', 'b', 'c']) await push(id);
    await expect(push('d')).rejects.toMatchObject({ code: 'store_full', retryable: true });
    const [first] = await bus.tasks.pull({ topic: 'default', max: 1, waitMs: 2_000 });
    await first?.ack();
    expect(await push('d')).toEqual({ duplicate: false });
  });

  test('a journal without room: store_full, and the position stays', async () => {
    const bus = await open(await serve({ storeBytesMax: 2_000_000 }));
    const record = 'x'.repeat(400_000);
    let position = nothingBefore;
    const fill = async (): Promise<void> => {
      for (let at = 0; at < 10; at++) position = await bus.journal.append(stream, position, [`${at}${record}`]);
    };
    await expect(fill()).rejects.toMatchObject({ code: 'store_full' });
    expect(String(await bus.journal.head())).toBe(position);
  });

  test("a batch above the server's max_payload is refused before it is sent", async () => {
    const { journal } = await open(await serve());
    const record = 'x'.repeat(500_000);
    await expect(journal.append(stream, nothingBefore, [record, record, record])).rejects.toMatchObject({ code: 'record_too_large' });
    expect(await journal.head()).toBe(0);
  });

  test('reads what is larger than one batch of a reader', async () => {
    const { journal } = await open(await serve());
    let position = nothingBefore;
    for (let at = 0; at < 30; at++) position = await journal.append(stream, position, [`${at} ${'x'.repeat(500_000)}`]);
    const seen: string[] = [];
    for await (const entry of journal.read(journalPattern)) seen.push(entry.records[0]?.split(' ')[0] ?? '');
    expect(seen).toEqual(Array.from({ length: 30 }, (_, at) => `${at}`));
  });

  test('the store keeps its identity over openings, and gets another one when its key is removed, as after a restore', async () => {
    const server = await serve();
    const first = await open(server);
    await first.journal.append(stream, nothingBefore, ['a record']);
    const same = await open(server, { keepsIdentity: false });
    expect(same.journal.store).toBe(first.journal.store);
    const connection = await connect({ servers: server.url });
    const own = headers();
    own.set('KV-Operation', 'DEL');
    await jetstream(connection).publish('$KV.FLOCK_META.store', '', { headers: own });
    await connection.close();
    const restored = await open(server);
    expect(restored.journal.store).not.toBe(first.journal.store);
    expect((await open(server)).journal.store).toBe(restored.journal.store);
  });

  test('after closing, every port says closed', async () => {
    const bus = await open(await serve());
    await bus.close();
    await expect(bus.journal.append(stream, nothingBefore, ['a'])).rejects.toMatchObject({ code: 'closed' });
    await expect(bus.tasks.depth('default')).rejects.toMatchObject({ code: 'closed' });
    await expect(bus.registry.get('a')).rejects.toMatchObject({ code: 'closed' });
    expect(() => bus.pubsub.publish('flock.node.a', 'a')).toThrow(expect.objectContaining({ code: 'closed' }));
  });
});
