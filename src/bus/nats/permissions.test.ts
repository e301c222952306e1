import { connect, type NatsConnection, nkeyAuthenticator } from '@nats-io/transport-node';
import { afterEach, describe, expect, test } from 'vitest';
import type { Bus } from '../../../actors/ports/bus.ts';
import { nothingBefore } from '../../../actors/ports/journal.ts';
import { failureOf } from '../../../protocols/errors/error.ts';
import { findNatsServer, NatsServer } from '../../../scripts/services/nats.ts';
import { makeUser, type NatsUser } from '../../../scripts/services/nats-users.ts';
import { isRefused } from './errors.ts';
import { openNatsBus } from './index.ts';
import { type NatsRole, permissionsOf, permissionsText } from './permissions.ts';

const projector = { name: 'goals', version: 1, project: () => [] };
const roles: readonly NatsRole[] = ['coordinator', 'gateway', 'worker'];
const journal = (actor: string): string => `flock.acme.journal.1.goal-1.${actor}`;
const task = { subject: 'flock.acme.task.default.5.goal-1.t1', id: 't1', body: '{}' };
const inbox = (sender: string): string => `flock.acme.inbox.1.goal-1.coordinator.${sender}`;
const mayRun = findNatsServer() !== undefined || process.env['CI'] !== undefined;

describe.skipIf(!mayRun)('the permissions of a role on a real server (nats-server must be on PATH)', () => {
  const ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  /** A server whose users are one node of each role, for the tenant acme or for all. */
  const serve = async (tenant?: string) => {
    const users = new Map<NatsRole, NatsUser>(roles.map((role) => [role, makeUser()]));
    const lines = [...users].map(([role, { publicKey }]) => {
      const permissions = permissionsOf({ roles: [role], node: `${role}-1`, pools: ['default'], ...(tenant === undefined ? {} : { tenant }) });
      return `{ nkey: ${publicKey}\n${permissionsText(permissions)} }`;
    });
    const server = await NatsServer.start({ configuration: `authorization { users: [\n${lines.join('\n')}\n] }` });
    ends.push(() => server.stop());
    const faults: unknown[] = [];
    const open = async (role: NatsRole): Promise<Bus> => {
      const bus = await openNatsBus({
        servers: [server.url],
        projector,
        process: `${role}-1`,
        credentials: { type: 'nkey', seed: users.get(role)?.seed ?? '' },
        keepsIdentity: role === 'coordinator',
        onFault: (error) => faults.push(error),
        ...(tenant === undefined ? {} : { tenant }),
      });
      ends.push(() => bus.close());
      return bus;
    };
    /** The same user without our code, as somebody would be who has its key. */
    const raw = async (role: NatsRole): Promise<NatsConnection> => {
      const seed = new TextEncoder().encode(users.get(role)?.seed ?? '');
      const connection = await connect({ servers: server.url, authenticator: nkeyAuthenticator(seed), inboxPrefix: `_INBOX_${role}-1` });
      ends.push(() => connection.close());
      return connection;
    };
    return { open, raw, faults };
  };

  /** True when the server itself says no, and not merely nobody answers. */
  const refusesRequest = (connection: NatsConnection, subject: string, body = ''): Promise<boolean> =>
    connection.request(subject, body, { timeout: 2_000 }).then(() => false, isRefused);
  const refusesSubscription = async (connection: NatsConnection, subject: string): Promise<boolean> => {
    let refused = false;
    connection.subscribe(subject, { callback: (error) => void (refused ||= isRefused(error)) });
    await connection.flush();
    return refused;
  };

  test.each([['acme'], [undefined]])('each does its work, of tenant %s', { timeout: 30_000 }, async (tenant) => {
    const { open, faults } = await serve(tenant);
    const [coordinator, gateway, worker] = [await open('coordinator'), await open('gateway'), await open('worker')];

    // The gateway accepts a goal: inputs, and the first record of its coordinator, which all follow.
    const seen: string[] = [];
    for (const bus of [coordinator, gateway, worker]) await bus.journal.follow('flock.*.journal.>', ({ stream }) => seen.push(stream));
    const blob = await gateway.blobs.put('acme', new Uint8Array(600_000));
    const accepted = await gateway.journal.append(journal('coordinator'), nothingBefore, ['accepted']);
    // The coordinator owns a shard, decides, pushes a task, and asks how many wait.
    await coordinator.registry.create('shard.01', 'coordinator-1', { ttlMs: 5_000 });
    await coordinator.journal.append(journal('coordinator'), accepted, ['opened']);
    await coordinator.tasks.push(task);
    // The gateway asks before anybody has made consumers, and after.
    for (const bus of [gateway, coordinator, gateway]) expect(await bus.tasks.depth('default')).toEqual({ waiting: 1, claimed: 0 });
    await coordinator.index.put({ key: 'a', value: 'b' });
    // The worker takes it, works, keeps a snapshot, speaks, and says so.
    const [delivery] = await worker.tasks.pull({ topic: 'default', max: 1, waitMs: 5_000 });
    await delivery?.working();
    await worker.journal.append(journal('agent-t1-1'), nothingBefore, ['opened']);
    await worker.blobs.putNamed('snapshots/acme/agent', new Uint8Array(600_000));
    await worker.blobs.putNamed('snapshots/acme/agent', new Uint8Array(700_000));
    expect((await worker.blobs.get('acme', blob)).length).toBe(600_000);
    const heard: string[] = [];
    await gateway.pubsub.subscribe('flock.acme.live.goal-1.>', ({ body }) => heard.push(body));
    worker.pubsub.publish('flock.acme.live.goal-1.agent-t1-1', 'a token');
    await worker.pubsub.serve('flock.acme.deliver.goal-1.agent-t1-1', async (body) => `${body}, taken`);
    expect(await coordinator.pubsub.request('flock.acme.deliver.goal-1.agent-t1-1', 'a note', { timeoutMs: 5_000 })).toBe('a note, taken');
    await expect.poll(() => heard).toEqual(['a token']);
    await delivery?.ack();
    // Messages go through the inbox; what nobody takes is buried, and put back by the gateway under its own name.
    await worker.inbox.push({ subject: inbox('worker-1'), id: 'm1', body: '{}' });
    await gateway.inbox.push({ subject: inbox('gateway-1'), id: 'm2', body: '{}' });
    const messages = await coordinator.inbox.pull({ topic: '1', max: 2, waitMs: 5_000 });
    expect(messages.map(({ id }) => id)).toEqual(['m1', 'm2']);
    await messages[0]?.ack();
    await messages[1]?.bury('nobody took it');
    expect(await gateway.inbox.requeue({ subject: inbox('gateway-1'), id: 'm2' })).toBe(1);
    await (await coordinator.inbox.pull({ topic: '1', max: 1, waitMs: 5_000 }))[0]?.ack();
    expect(await gateway.inbox.dead()).toEqual([]);
    // A page at the gateway asks every node.
    for (const [name, bus] of [
      ['coordinator-1', coordinator],
      ['worker-1', worker],
    ] as const) {
      await bus.pubsub.serve(`flock.node.${name}`, async (body) => `${body}, ${name}`);
      expect(await gateway.pubsub.request(`flock.node.${name}`, 'what is new', { timeoutMs: 5_000 })).toBe(`what is new, ${name}`);
    }
    // Every node keeps its own key, and sees those of the others.
    for (const [role, bus] of [
      ['coordinator', coordinator],
      ['gateway', gateway],
      ['worker', worker],
    ] as const)
      await bus.registry.create(`node.${role}-1`, '{}');
    expect(await gateway.registry.list('node.')).toHaveLength(3);
    await expect.poll(() => seen.length).toBe(9);
    // The one thing that was refused is making those consumers.
    expect(faults.map((fault) => failureOf(fault).message).filter((message) => !message.includes('CONSUMER.CREATE.FLOCK_TASKS'))).toEqual([]);
  });

  test('what a role has no use for is refused by the server', { timeout: 30_000 }, async () => {
    const { open, raw } = await serve('acme');
    const coordinator = await open('coordinator');
    await coordinator.inbox.depth('1');
    const [worker, gateway] = [await raw('worker'), await raw('gateway')];
    const api = '$JS.API';
    const forWorker = {
      'pushing a task': task.subject,
      'the journal of a coordinator': journal('coordinator'),
      'the lease of a shard': '$KV.FLOCK_REGISTRY_acme.shard.01',
      'the key of another node': '$KV.FLOCK_REGISTRY_acme.node.gateway-1',
      'a message in the name of another': inbox('gateway-1'),
      'a message to an open agent past its inbox': 'flock.acme.deliver.goal-1.agent-t1-1',
      'the durable inbox of a shard': `${api}.CONSUMER.MSG.NEXT.FLOCK_INBOX_acme.shard-1`,
      'a consumer of its own on inboxes': `${api}.CONSUMER.CREATE.FLOCK_INBOX_acme.mine.flock.acme.inbox.>`,
      'tasks of another pool': `${api}.CONSUMER.CREATE.FLOCK_TASKS_acme.p5-gpu.flock.acme.task.gpu.5.>`,
      'a consumer without a filter': `${api}.CONSUMER.CREATE.FLOCK_TASKS_acme`,
      'making a stream': `${api}.STREAM.CREATE.MINE`,
      'deleting a stream': `${api}.STREAM.DELETE.FLOCK_JOURNAL_acme`,
      'purging a journal': `${api}.STREAM.PURGE.FLOCK_JOURNAL_acme`,
      'deleting a record': `${api}.STREAM.MSG.DELETE.FLOCK_JOURNAL_acme`,
      'deleting a blob': `${api}.STREAM.PURGE.FLOCK_BLOBS_acme`,
      'changing a stream': `${api}.STREAM.UPDATE.FLOCK_JOURNAL_acme`,
      'asking another node': 'flock.acme.node.gateway-1',
      'the journal of another tenant': 'flock.beta.journal.1.goal-1.agent-t1-1',
      'reading the journals of another tenant': `${api}.STREAM.MSG.GET.FLOCK_JOURNAL_beta`,
      'a consumer on the journals of another tenant': `${api}.CONSUMER.CREATE.FLOCK_JOURNAL_beta.mine.flock.beta.journal.>`,
      'a blob of another tenant': 'blobs.beta.data.beta.00',
    };
    for (const [what, subject] of Object.entries(forWorker)) expect([what, await refusesRequest(worker, subject, '{}')]).toEqual([what, true]);
    for (const subject of [
      '_INBOX_gateway-1.>',
      '_INBOX.>',
      '>',
      'tail.flock.beta.journal.>',
      'tail.flock.*.journal.>',
      'flock.acme.live.>',
      'flock.acme.node.gateway-1',
      'flock.acme.task.>',
    ])
      expect([subject, await refusesSubscription(worker, subject)]).toEqual([subject, true]);
    const forGateway = {
      'pushing a task': task.subject,
      'the answer of an agent': journal('agent-t1-1'),
      'the lease of a shard': '$KV.FLOCK_REGISTRY_acme.shard.01',
      'pulling a task': `${api}.CONSUMER.MSG.NEXT.FLOCK_TASKS_acme.p5-default`,
      'acknowledging a task': '$JS.ACK.FLOCK_TASKS_acme.p5-default.1.1.1.1.0',
      'deleting a stream': `${api}.STREAM.DELETE.FLOCK_JOURNAL_acme`,
      'asking a node of another tenant': 'flock.beta.node.worker-1',
      'purging blobs': `${api}.STREAM.PURGE.FLOCK_BLOBS_acme`,
    };
    for (const [what, subject] of Object.entries(forGateway)) expect([what, await refusesRequest(gateway, subject, '{}')]).toEqual([what, true]);
    expect(await refusesSubscription(gateway, '_INBOX_worker-1.>')).toBe(true);
  });

  test('our code says whose credentials are too small, and does not try again', async () => {
    const { open } = await serve('acme');
    await open('coordinator');
    const worker = await open('worker');
    await expect(worker.tasks.push(task)).rejects.toMatchObject({ code: 'bus_refused', retryable: false });
    await expect(worker.registry.create('shard.01', 'worker-1')).rejects.toMatchObject({ code: 'bus_refused' });
    await expect(worker.journal.append(journal('coordinator'), nothingBefore, ['forged'])).rejects.toMatchObject({ code: 'bus_refused' });
    await expect(worker.pubsub.subscribe('flock.acme.live.>', () => undefined)).rejects.toMatchObject({ code: 'bus_refused' });
    await expect(worker.index.rebuild()).rejects.toMatchObject({ code: 'bus_refused' });
  });

  test('a worker that is there before any coordinator waits for the streams', async () => {
    const { open } = await serve('acme');
    const opening = open('worker');
    await open('coordinator');
    expect(await (await opening).journal.head()).toBe(0);
  });
});
