import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { Bus } from '../../../actors/ports/bus.ts';
import { type JournalEntry, nothingBefore, type Position } from '../../../actors/ports/journal.ts';
import type { Projector } from '../../../actors/ports/projection.ts';
import { failureOf } from '../../../protocols/errors/error.ts';
import { journalPattern, taskSubject } from '../../../protocols/subjects.ts';
import { findNatsServer, NatsServer } from '../../../scripts/services/nats.ts';
import { openNatsBus } from './index.ts';

const projector: Projector = { name: 'nothing', version: 1, project: () => [] };
const stream = (at: number): string => `flock.acme.journal.${at}.goal-${at}.coordinator`;
const conditionWaitMs = 20_000;
const mayRun = findNatsServer() !== undefined || process.env['CI'] !== undefined;

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + conditionWaitMs; !(await condition()); await new Promise((resolve) => setTimeout(resolve, 5))) {
    if (performance.now() > deadline) throw new Error('waited in vain');
  }
}

async function collect(entries: AsyncIterable<JournalEntry>): Promise<JournalEntry[]> {
  const all: JournalEntry[] = [];
  for await (const entry of entries) all.push(entry);
  return all;
}

/** Passes bytes to the server until it is cut; then refuses until it is mended. */
async function breakable(port: number): Promise<{ port: number; cut(): void; mend(): void; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  let broken = false;
  const proxy = createServer((socket) => {
    if (broken) return socket.destroy();
    const onward = connect(port, '127.0.0.1');
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy()).on('close', () => other.destroy());
    }
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const address = proxy.address();
  if (address === null || typeof address === 'string') throw new Error('the system gave no free port');
  const cut = (): void => {
    broken = true;
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  const close = async (): Promise<void> => {
    cut();
    proxy.close();
    await once(proxy, 'close');
  };
  return { port: address.port, cut, mend: () => (broken = false), close };
}

describe.skipIf(!mayRun)('the NATS bus when its server is killed (nats-server must be on PATH)', () => {
  const ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  const serve = async (): Promise<NatsServer> => {
    const server = await NatsServer.start();
    ends.push(() => server.stop());
    return server;
  };
  const open = async (server: { url: string }): Promise<Bus> => {
    const bus = await openNatsBus({ servers: [server.url], projector, ackWaitMs: 500, followCheckMs: 60_000, onFault: () => undefined });
    ends.push(() => bus.close());
    return bus;
  };

  test('kill -9 three times: appends go through, once each, and followers miss and double nothing', async () => {
    const server = await serve();
    const [writer, reader] = [await open(server), await open(server)];
    const seen: JournalEntry[] = [];
    await reader.journal.follow(journalPattern, (entry) => seen.push(entry));
    const perStream = 120;
    let written = 0;
    const writing = Array.from({ length: 4 }, async (_, at) => {
      let position: Position = nothingBefore;
      for (let n = 0; n < perStream; n++) {
        position = await writer.journal.append(stream(at), position, [`${at}:${n}`]);
        written++;
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    });
    for (const share of [0.2, 0.4, 0.6]) {
      await until(() => written > share * 4 * perStream);
      await server.kill();
      await server.restart();
    }
    await Promise.all(writing);
    const stored = await collect(reader.journal.read(journalPattern));
    expect(stored).toHaveLength(4 * perStream);
    for (let at = 0; at < 4; at++) {
      expect(stored.filter((entry) => entry.stream === stream(at)).map((entry) => entry.records[0])).toEqual(
        Array.from({ length: perStream }, (_, n) => `${at}:${n}`),
      );
    }
    await until(() => seen.length >= stored.length);
    expect(seen).toEqual(stored);
  });

  test('a follower that alone loses its connection reads what it missed, though no later entry names it', async () => {
    const server = await serve();
    const line = await breakable(server.port);
    ends.push(() => line.close());
    const [writer, reader] = [await open(server), await open({ url: `nats://127.0.0.1:${line.port}` })];
    const seen: JournalEntry[] = [];
    await reader.journal.follow(journalPattern, (entry) => seen.push(entry));
    await writer.journal.append(stream(0), nothingBefore, ['before']);
    await until(() => seen.length === 1);
    line.cut();
    for (let at = 1; at < 10; at++) await writer.journal.append(stream(at), nothingBefore, ['meanwhile']);
    line.mend();
    await until(() => seen.length >= 10);
    await writer.journal.append(stream(10), nothingBefore, ['after']);
    await until(() => seen.length >= 11);
    expect(seen).toEqual(await collect(writer.journal.read(journalPattern)));
  });

  test('a read ends where it was called, whatever is appended right behind it', async () => {
    const { journal } = await open(await serve());
    let position = await journal.append(stream(1), nothingBefore, ['0']);
    for (let round = 1; round < 100; round++) {
      const reading = journal.read(stream(1), { after: Number(position) });
      position = await journal.append(stream(1), position, [`${round}`]);
      expect(await collect(reading)).toEqual([]);
    }
  });

  test('kill -9 with claimed and waiting tasks: none is lost, and an acknowledged one comes at most once more', async () => {
    const server = await serve();
    const bus = await open(server);
    const ids = Array.from({ length: 30 }, (_, at) => `t${at}`);
    const subject = (task: string): string => taskSubject({ tenant: 'acme', pool: 'default', priority: 5, root: 'g', task });
    for (const id of ids) await bus.tasks.push({ subject: subject(id), id, body: '{}' });
    const first = await bus.tasks.pull({ topic: 'default', max: 10, waitMs: 5_000 });
    const done = first.slice(0, 5);
    for (const delivery of done) await delivery.ack();
    await server.kill();
    await server.restart();
    const again: string[] = [];
    const missing = new Set(ids.filter((id) => !done.some((delivery) => delivery.id === id)));
    await until(async () => {
      const deliveries = await bus.tasks.pull({ topic: 'default', max: 10, waitMs: 300 }).catch((error: unknown) => {
        if (!failureOf(error).retryable) throw error;
        return [];
      });
      for (const delivery of deliveries) {
        again.push(delivery.id);
        missing.delete(delivery.id);
        await delivery.ack();
      }
      return missing.size === 0 && deliveries.length === 0;
    });
    expect(new Set(again).size).toBe(again.length);
    expect(await bus.tasks.depth('default')).toEqual({ waiting: 0, claimed: 0 });
  });

  test('two processes at one journal: one winner per position, the same store', async () => {
    const server = await serve();
    const buses = [await open(server), await open(server)];
    expect(buses[0]?.journal.store).toBe(buses[1]?.journal.store);
    let position: Position = nothingBefore;
    for (let round = 0; round < 50; round++) {
      const at = position;
      const answers = await Promise.allSettled(buses.map((bus, writer) => bus.journal.append(stream(1), at, [`${round} of ${writer}`])));
      const won = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
      expect(won).toHaveLength(1);
      for (const answer of answers) if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ code: 'journal_conflict' });
      position = won[0] ?? position;
    }
    expect(await collect((await open(server)).journal.read(stream(1)))).toHaveLength(50);
  });
});
