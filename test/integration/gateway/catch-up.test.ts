import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Bus, Journal, JournalEntry, ReadOptions } from '../../../actors/ports/index.ts';
import { openEmbeddedBus } from '../../../src/bus/embedded/index.ts';
import { Counters } from '../../../src/gateway/counters.ts';
import type { EventBatch } from '../../../src/gateway/event-batch.ts';
import { Feed } from '../../../src/gateway/feed.ts';
import type { FeedReader } from '../../../src/gateway/feed-reader.ts';
import { completeLimits, type GatewayLimits } from '../../../src/gateway/limits.ts';
import { type EventSink, pump } from '../../../src/gateway/sink.ts';
import { FactWriter, until } from './fixture.ts';

/** The journal of the bus, with what was read of it, and a place where a reading can be held after it has begun. */
class ReadJournal implements Journal {
  readonly store: string;
  readonly #journal: Journal;
  reads = 0;
  entries = 0;
  hold: Promise<void> | undefined;

  constructor(journal: Journal) {
    this.store = journal.store;
    this.#journal = journal;
  }

  append: Journal['append'] = (stream, after, records) => this.#journal.append(stream, after, records);
  follow: Journal['follow'] = (pattern, onEntry) => this.#journal.follow(pattern, onEntry);
  head: Journal['head'] = () => this.#journal.head();

  read(pattern: string, options?: ReadOptions): AsyncIterable<JournalEntry> {
    this.reads++;
    return this.#counted(this.#journal.read(pattern, options), this.hold);
  }

  async *#counted(entries: AsyncIterable<JournalEntry>, hold: Promise<void> | undefined): AsyncGenerator<JournalEntry, void, undefined> {
    for await (const entry of entries) {
      this.entries++;
      yield entry;
    }
    await hold;
  }
}

const entriesOfGoal = 100;
const pageEntriesMax = 16;
const pagesOfGoal = Math.ceil(entriesOfGoal / pageEntriesMax);
const watchers = 64;

let folder: string;
let bus: Bus;
let journal: ReadJournal;
let counters: Counters;
let goals = 0;
const feeds: Feed[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flockwork-catch-up-'));
  bus = await openEmbeddedBus({ folder, projector: { name: 'none', version: 1, project: () => [] }, sync: 'off' });
});
beforeEach(() => {
  journal = new ReadJournal(bus.journal);
  counters = new Counters();
});
afterAll(async () => {
  for (const feed of feeds) await feed.stop();
  await bus.close();
  await rm(folder, { recursive: true, force: true });
});

async function startFeed(limits: Partial<GatewayLimits> = {}): Promise<Feed> {
  const feed = new Feed({
    bus: { journal, pubsub: bus.pubsub },
    limits: completeLimits({ pageEntriesMax, ...limits }),
    counters,
    onFault: (error) => {
      throw error;
    },
  });
  await feed.start();
  feeds.push(feed);
  return feed;
}

/** A goal of so many entries, the last of which ends it. */
async function writeGoal(writer = new FactWriter(bus), ends = true): Promise<string> {
  const id = `caught-${++goals}`;
  for (let at = 1; at < entriesOfGoal; at++) await writer.write(id, 'coordinator', [['task.created', { at, text: 'x'.repeat(1_000) }]]);
  await writer.write(id, 'coordinator', [ends ? ['goal.completed', {}] : ['task.created', {}]]);
  return id;
}

async function readAll(reader: FeedReader): Promise<EventBatch[]> {
  const batches: EventBatch[] = [];
  for (let batch = await reader.next(); batch !== undefined; batch = await reader.next()) batches.push(batch);
  return batches;
}

const cursorsOf = (batches: readonly EventBatch[]): string[] => batches.flatMap(({ events }) => events.map(({ cursor }) => cursor));

describe('watchers who catch up', () => {
  test('at the same place read and parse each page once, whether they come together or later', async () => {
    const feed = await startFeed();
    const id = await writeGoal();
    const readers = await Promise.all(Array.from({ length: watchers }, () => feed.open('default', id)));
    const late = await feed.open('default', id);
    const [first = [], ...others] = await Promise.all(readers.map(readAll));
    expect(cursorsOf(first)).toHaveLength(entriesOfGoal);
    // The very batches, so that each transport frames them once.
    for (const other of others) expect(other.every((batch, at) => batch === first[at])).toBe(true);
    expect(await readAll(late)).toEqual(first);
    expect([journal.reads, journal.entries, counters.catchUpPagesTotal]).toEqual([pagesOfGoal, entriesOfGoal, pagesOfGoal]);
    expect(counters.catchUpPagesSharedTotal).toBe(pagesOfGoal * watchers);
  });

  test('what was kept for others is let go of with the last of them, and above its bound', async () => {
    const feed = await startFeed();
    const id = await writeGoal();
    await readAll(await feed.open('default', id));
    expect(counters.catchUpPagesTotal).toBe(pagesOfGoal);
    await readAll(await feed.open('default', id));
    expect(counters.catchUpPagesTotal).toBe(2 * pagesOfGoal);
    const small = await startFeed({ catchUpCacheBytesMax: 1 });
    const [one, two] = [await small.open('default', id), await small.open('default', id)];
    const before = counters.catchUpPagesTotal;
    expect(cursorsOf(await readAll(one))).toHaveLength(entriesOfGoal);
    expect(cursorsOf(await readAll(two))).toHaveLength(entriesOfGoal);
    expect(counters.catchUpPagesTotal - before).toBe(2 * pagesOfGoal);
  });

  test('who come back with the same cursor share too, also one within an entry', async () => {
    const feed = await startFeed();
    const writer = new FactWriter(bus);
    const id = `caught-${++goals}`;
    await writer.write(id, 'coordinator', [
      ['task.created', { at: 0 }],
      ['task.created', { at: 1 }],
      ['task.created', { at: 2 }],
    ]);
    await writer.write(id, 'coordinator', [['goal.completed', {}]]);
    const whole = cursorsOf(await readAll(await feed.open('default', id)));
    expect(whole).toHaveLength(4);
    const before = counters.catchUpPagesTotal;
    const readers = await Promise.all([1, 1, 0, 3].map((index) => feed.open('default', id, { after: whole[index], ended: true })));
    const [one, same, earlier, end] = await Promise.all(readers.map(readAll));
    expect(cursorsOf(one ?? [])).toEqual(whole.slice(2));
    expect(same?.[0]).toBe(one?.[0]);
    expect(cursorsOf(earlier ?? [])).toEqual(whole.slice(1));
    expect(end).toEqual([]);
    // One for the entry with the cursors, one for the last entry.
    expect(counters.catchUpPagesTotal - before).toBe(2);
  });

  test('what is appended after a shared reading began is missed by nobody', async () => {
    const feed = await startFeed();
    const writer = new FactWriter(bus);
    const id = `caught-${++goals}`;
    await writer.write(id, 'coordinator', [['task.created', { at: 0 }]]);
    const letGo = Promise.withResolvers<void>();
    journal.hold = letGo.promise;
    const early = await feed.open('default', id);
    const reading = readAll(early);
    await until('the reading has begun', () => journal.entries === 1);
    journal.hold = undefined;
    // The store's head was taken before this entry; who comes after it has it neither in the page nor live.
    await writer.write(id, 'coordinator', [['task.created', { at: 1 }]]);
    await turn();
    const late = await feed.open('default', id);
    const lateReading = readAll(late);
    letGo.resolve();
    await until('both are live', () => early.live && late.live);
    await writer.write(id, 'coordinator', [['goal.completed', {}]]);
    const [first, second] = [cursorsOf(await reading), cursorsOf(await lateReading)];
    expect(first).toHaveLength(3);
    expect(second).toEqual(first);
  });

  test('get one page in each turn of the event loop, in the order in which they came', async () => {
    const feed = await startFeed({ catchUpTurnBytesMax: 1 });
    const id = await writeGoal();
    const readers = await Promise.all(Array.from({ length: 8 }, () => feed.open('default', id)));
    const inTurn: number[][] = [[]];
    const reading = new Set(readers);
    const all = Promise.all(
      readers.map(async (reader, index) => {
        while ((await reader.next()) !== undefined) inTurn.at(-1)?.push(index);
        reading.delete(reader);
      }),
    );
    while (reading.size > 0) {
      await turn();
      inTurn.push([]);
    }
    await all;
    expect(Math.max(...inTurn.map(({ length }) => length))).toBe(1);
    const order = inTurn.flat();
    expect(order).toHaveLength(8 * pagesOfGoal);
    // Nobody has a second page before all have had their first.
    expect(order.slice(0, 8)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  test('of different goals read one page in each turn, however many may be read at the same time', async () => {
    const feed = await startFeed({ catchUpReadersMax: 8 });
    const ids = await Promise.all(Array.from({ length: 8 }, () => writeGoal()));
    const readers = await Promise.all(ids.map((id) => feed.open('default', id)));
    const reading = new Set(readers);
    const all = Promise.all(readers.map((reader) => readAll(reader).then(() => reading.delete(reader))));
    let most = 0;
    for (let before = journal.reads; reading.size > 0; before = journal.reads) {
      await turn();
      most = Math.max(most, journal.reads - before);
    }
    await all;
    expect([most, journal.reads]).toEqual([1, 8 * pagesOfGoal]);
  });

  test('nothing is read for a peer that does not take what it has', async () => {
    const limits = completeLimits({ pageEntriesMax, highWaterBytes: 1_000, slowReaderMaxMs: 60_000 });
    const feed = await startFeed({ highWaterBytes: 1_000 });
    const id = await writeGoal();
    const taken = Promise.withResolvers<void>();
    let sent = 0;
    const full: EventSink & { bufferedBytes: number } = {
      bufferedBytes: 0,
      closed: false,
      sendBatch(batch) {
        sent += batch.events.length;
        this.bufferedBytes += 1_001;
      },
      sendDelta: () => undefined,
      drained: () => taken.promise,
      close: () => undefined,
    };
    const pumping = pump(await feed.open('default', id), full, limits, counters);
    await until('it has its first page', () => sent > 0);
    for (let at = 0; at < 20; at++) await turn();
    expect([sent, counters.catchUpPagesTotal, journal.reads]).toEqual([pageEntriesMax, 1, 1]);
    // Another watch of the same peer does not read either.
    const other = pump(await feed.open('default', id), full, limits, counters);
    for (let at = 0; at < 20; at++) await turn();
    expect([sent, journal.reads]).toEqual([pageEntriesMax, 1]);
    full.bufferedBytes = Number.NEGATIVE_INFINITY;
    taken.resolve();
    await Promise.all([pumping, other]);
    expect([sent, journal.reads]).toEqual([2 * entriesOfGoal, pagesOfGoal]);
  });
});
