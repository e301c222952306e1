import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nothingBefore } from '../../../actors/ports/journal.ts';
import type { Projector } from '../../../actors/ports/projection.ts';
import { inboxSubject, journalPattern, journalSubject, liveSubject, taskSubject } from '../../../protocols/subjects.ts';
import { type EmbeddedBus, type EmbeddedBusOptions, openEmbeddedBus } from './open.ts';

const nothing: Projector = { name: 'nothing', version: 1, project: () => [] };
const stream = journalSubject({ tenant: 'acme', root: 'goal-1', actor: 'coordinator' });
const task = (id: string) => ({ subject: taskSubject({ tenant: 'acme', pool: 'default', priority: 5, root: 'goal-1', task: id }), id, body: '{}' });
const pull = { topic: 'default', max: 1, waitMs: 0 };

describe('the embedded bus', () => {
  let parent: string;
  let folder: string;
  let opened: EmbeddedBus[];

  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'flockwork-open-'));
    folder = join(parent, 'data');
    opened = [];
  });

  afterEach(async () => {
    for (const bus of opened) await bus.close();
    rmSync(parent, { recursive: true });
  });

  const open = async (options: Partial<EmbeddedBusOptions> = {}): Promise<EmbeddedBus> => {
    const bus = await openEmbeddedBus({ folder, projector: nothing, ...options });
    opened.push(bus);
    return bus;
  };

  test('makes a folder that nobody else may enter', async () => {
    await open();
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  test('refuses a folder that another owns, and names folder and pid', async () => {
    const bus = await open();
    await expect(open()).rejects.toMatchObject({ code: 'data_dir_locked', retryable: true, details: { folder }, message: expect.stringContaining(folder) });
    writeFileSync(join(folder, 'node.pid'), '4711\n');
    await expect(open()).rejects.toMatchObject({ code: 'data_dir_locked', details: { folder, pid: 4711 }, message: expect.stringContaining('4711') });
    await bus.close();
    await (await open()).close();
  });

  test('refuses a folder that cannot be made', async () => {
    writeFileSync(folder, 'a file');
    await expect(open()).rejects.toMatchObject({ code: 'data_dir_unusable', message: expect.stringContaining(folder) });
    folder = join(folder, 'below');
    await expect(open()).rejects.toMatchObject({ code: 'data_dir_unusable' });
  });

  test.skipIf(process.getuid?.() === 0)('refuses a folder that cannot be written (root may write anywhere)', async () => {
    await (await open()).close();
    chmodSync(folder, 0o500);
    await expect(open()).rejects.toMatchObject({ code: 'data_dir_unusable' });
    chmodSync(folder, 0o700);
  });

  test('refuses a database that is damaged, says what to do, and gives the lock back', async () => {
    await (await open()).close();
    const path = join(folder, 'flockwork.db');
    const whole = readFileSync(path);
    writeFileSync(path, Buffer.concat([Buffer.from('not a database, not at all'), whole.subarray(26)]));
    await expect(open()).rejects.toMatchObject({ code: 'journal_corrupt', message: expect.stringContaining('backup') });
    writeFileSync(path, whole);
    await open();
  });

  test('refuses a database of a newer version', async () => {
    await (await open()).close();
    const database = new DatabaseSync(join(folder, 'flockwork.db'));
    database.exec('PRAGMA user_version = 99');
    database.close();
    await expect(open()).rejects.toMatchObject({ code: 'data_dir_unusable', details: { version: 99 } });
  });

  test('a damaged page that is met later is named as such', async () => {
    const bus = await open();
    let position = nothingBefore;
    for (let at = 0; at < 50; at++) position = await bus.journal.append(stream, position, [`${at} ${'x'.repeat(2_000)}`]);
    await bus.close();
    const path = join(folder, 'flockwork.db');
    const bytes = readFileSync(path);
    for (let page = 20; page * 4_096 < bytes.length; page++) bytes.fill(0xff, page * 4_096, (page + 1) * 4_096);
    writeFileSync(path, bytes);
    const reading = async (): Promise<void> => {
      const again = await open();
      for await (const entry of again.journal.read(journalPattern)) if (entry.records.length !== 1) throw new Error('an entry was changed');
    };
    await expect(reading()).rejects.toMatchObject({ code: 'journal_corrupt' });
  });

  test('voids all claims, delays and leases of the last owner at once', async () => {
    const bus = await open({ ackWaitMs: 600_000 });
    await bus.tasks.push(task('t1'));
    await bus.tasks.push(task('t2'));
    await bus.tasks.pull(pull);
    const [second] = await bus.tasks.pull(pull);
    await second?.nak(600_000);
    await bus.registry.create('lease.1', '"node-1"', { ttlMs: 600_000 });
    await bus.registry.create('kept', '1');
    expect(await bus.tasks.pull(pull)).toEqual([]);
    await bus.close();
    const again = await open();
    expect((await again.tasks.pull({ ...pull, max: 2 })).map(({ id, deliveries }) => [id, deliveries])).toEqual([
      ['t1', 2],
      ['t2', 2],
    ]);
    expect((await again.registry.list('')).map((entry) => entry.key)).toEqual(['kept']);
  });

  test('remembers a pushed id for dedupeMs, and at most dedupeIdsMax of them', async () => {
    let now = 1_000_000;
    const bus = await open({ now: () => now, dedupeMs: 120_000, dedupeIdsMax: 600, sync: 'off' });
    await bus.tasks.push(task('t1'));
    now += 119_999;
    expect(await bus.tasks.push(task('t1'))).toEqual({ duplicate: true });
    now += 1;
    expect(await bus.tasks.push(task('t1'))).toEqual({ duplicate: false });
    await Promise.all(Array.from({ length: 2_000 }, (_, at) => bus.tasks.push(task(`more-${at}`))));
    expect(await bus.tasks.push(task('more-1999'))).toEqual({ duplicate: true });
    expect(await bus.tasks.push(task('t1'))).toEqual({ duplicate: false });
    now += 120_000;
    await bus.close();
    const database = new DatabaseSync(join(folder, 'flockwork.db'));
    expect(Number(database.prepare('SELECT count(*) AS count FROM seen').get()?.['count'])).toBeLessThanOrEqual(600 + 256);
    database.close();
    await (await open({ now: () => now })).close();
    const swept = new DatabaseSync(join(folder, 'flockwork.db'));
    expect(swept.prepare('SELECT count(*) AS count FROM seen').get()).toEqual({ count: 0 });
    swept.close();
  });

  test('keeps the newest deadLettersMax dead letters and counts what it drops', async () => {
    const bus = await open({ deadLettersMax: 3, sync: 'off' });
    for (let at = 0; at < 5; at++) await bus.tasks.buryMessage(task(`t${at}`), 'why');
    await bus.inbox.buryMessage({ subject: inboxSubject({ tenant: 'acme', root: 'goal-1', actor: 'a' }, 'node'), id: 'm1', body: '{}' }, 'why');
    expect((await bus.tasks.dead()).map((letter) => letter.id)).toEqual(['t2', 't3', 't4']);
    expect(await bus.inbox.dead()).toHaveLength(1);
    expect(bus.figures().deadLettersDropped).toBe(2);
  });

  test('keeps the newest pendingMessagesMax live messages of a slow subscriber and counts what it drops', async () => {
    const bus = await open({ pendingMessagesMax: 3 });
    const subject = liveSubject({ tenant: 'acme', root: 'goal-1', actor: 'agent' });
    const seen: string[] = [];
    await bus.pubsub.subscribe(subject, (message) => seen.push(message.body));
    for (const body of ['1', '2', '3', '4', '5']) bus.pubsub.publish(subject, body);
    await expect.poll(() => seen.length).toBe(3);
    expect(seen).toEqual(['3', '4', '5']);
    expect(bus.figures().liveMessagesDropped).toBe(2);
  });

  test('reports what handlers throw', async () => {
    const errors: unknown[] = [];
    const bus = await open({ onHandlerError: (error) => errors.push(error) });
    const thrown = new Error('thrown by a follower');
    await bus.journal.follow(journalPattern, () => {
      throw thrown;
    });
    await bus.journal.append(stream, nothingBefore, ['a']);
    await expect.poll(() => errors).toEqual([thrown]);
    expect(bus.figures()).toMatchObject({ handlerErrors: 1, entries: 1 });
  });

  test('an appender has its answer before the followers have the entry', async () => {
    const bus = await open();
    const order: string[] = [];
    await bus.journal.follow(journalPattern, () => order.push('follower'));
    await bus.journal.append(stream, nothingBefore, ['a']).then(() => order.push('appender'));
    await expect.poll(() => order).toEqual(['appender', 'follower']);
  });

  test('an entry that the projector refuses is not stored, and hurts nobody else', async () => {
    const picky: Projector = {
      name: 'picky',
      version: 1,
      project: (entry) => {
        if (entry.records[0] === 'bad') throw new Error('this projector takes no bad records');
        return [{ key: entry.stream, value: entry.position }];
      },
    };
    const bus = await open({ projector: picky });
    const other = journalSubject({ tenant: 'acme', root: 'goal-2', actor: 'coordinator' });
    const bad = bus.journal.append(stream, nothingBefore, ['bad']);
    const good = bus.journal.append(other, nothingBefore, ['good']);
    await expect(bad).rejects.toMatchObject({ code: 'internal' });
    expect(await bus.index.get(other)).toBe(await good);
    expect(await bus.index.get(stream)).toBeUndefined();
    expect(await bus.journal.append(stream, nothingBefore, ['good'])).toBe(String(await bus.journal.head()));
  });

  test('one turn of appends, pushes and registry changes is one commit', async () => {
    const bus = await open();
    const before = bus.figures().commits;
    const waiting = bus.tasks.pull({ ...pull, waitMs: 60_000 });
    await Promise.all([
      bus.journal.append(stream, nothingBefore, ['a']),
      bus.tasks.push(task('t1')),
      bus.registry.create('key', '1'),
      bus.index.put({ key: 'timer', value: '1' }),
    ]);
    expect((await waiting).map((delivery) => delivery.id)).toEqual(['t1']);
    expect(bus.figures().commits - before).toBe(1);
  });

  test('refuses everything after it was closed', async () => {
    const bus = await open();
    const waiting = bus.tasks.pull({ ...pull, waitMs: 60_000 });
    const last = bus.journal.append(stream, nothingBefore, ['a']);
    await bus.close();
    await bus.close();
    expect(await waiting).toEqual([]);
    expect(await last).toBe('1');
    const refused = [
      () => bus.journal.append(stream, '1', ['b']),
      async () => {
        for await (const entry of bus.journal.read(journalPattern)) throw new Error(`read ${entry.sequence} of a closed store`);
      },
      () => bus.tasks.push(task('t1')),
      () => bus.tasks.pull(pull),
      () => bus.tasks.depth('default'),
      () => bus.inbox.dead(),
      () => bus.registry.get('key'),
      () => bus.registry.list(''),
      () => bus.index.get('key'),
      () => bus.index.scan({ prefix: '', limit: 1 }),
      () => bus.pubsub.request('flock.node.a', '', { timeoutMs: 10 }),
      async () => bus.pubsub.publish('flock.node.a', ''),
    ];
    for (const ask of refused) await expect(ask()).rejects.toMatchObject({ code: 'closed' });
  });

  test('leaves only its database and its files behind', async () => {
    const bus = await open();
    await bus.blobs.put('acme', new Uint8Array(10));
    await bus.close();
    expect(readdirSync(folder).sort()).toEqual(['blobs', 'flockwork.db', 'lock.db', 'tmp']);
    expect(existsSync(join(folder, 'flockwork.db-wal'))).toBe(false);
  });
});
