import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nothingBefore } from '../../../actors/ports/journal.ts';
import { failureOf } from '../../../protocols/errors/error.ts';
import { journalPattern, journalSubject, taskSubject } from '../../../protocols/subjects.ts';
import { openDatabase } from './database.ts';
import { DedupeWindow } from './dedupe-window.ts';
import { Followers } from './followers.ts';
import { GroupCommit } from './group-commit.ts';
import { HandlerErrors } from './handler-errors.ts';
import { EmbeddedJournal } from './journal.ts';
import { JournalReader } from './journal-reader.ts';
import { EmbeddedProjection } from './projection.ts';
import { EmbeddedQueue } from './queue.ts';
import { tasksKind } from './queue-subjects.ts';

const streamOf = (actor: string): string => journalSubject({ tenant: 'acme', root: 'goal-1', actor });
const taskOf = (id: string, body = '{}') => ({ subject: taskSubject({ tenant: 'acme', pool: 'default', priority: 5, root: 'goal-1', task: id }), id, body });
const large = 'x'.repeat(200_000);

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'resolved',
    (error: unknown) => failureOf(error).code,
  );

describe('a store without room', () => {
  let folder: string;
  let database: DatabaseSync;
  let journal: EmbeddedJournal;
  let queue: EmbeddedQueue;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'flockwork-full-'));
    database = openDatabase(folder, 'full');
    const commits = new GroupCommit(database);
    const reader = new JournalReader(database);
    const projection = new EmbeddedProjection(database, { commits, reader, projector: { name: 'nothing', version: 1, project: () => [] } });
    journal = new EmbeddedJournal(database, { commits, reader, followers: new Followers(new HandlerErrors()), projection });
    queue = new EmbeddedQueue(database, tasksKind, { commits, dedupe: new DedupeWindow(database), now: Date.now });
    commits.join(journal);
    commits.join(queue);
  });

  afterEach(() => {
    queue.close();
    database.close();
    rmSync(folder, { recursive: true });
  });

  /** Leaves room for about `pages` more pages of 4 KiB. */
  const leaveRoom = (pages: number): void => {
    const count = Number(database.prepare('PRAGMA page_count').get()?.['page_count']);
    database.exec(`PRAGMA max_page_count = ${count + pages}`);
  };

  test('followers and readers see nothing of a refused append, and the journal goes on when there is room', async () => {
    const seen: string[] = [];
    await journal.follow(journalPattern, (entry) => seen.push(...entry.records));
    await journal.append(streamOf('a'), nothingBefore, ['first']);
    leaveRoom(10);
    const codes = await Promise.all(
      [journal.append(streamOf('b'), nothingBefore, ['small']), journal.append(streamOf('c'), nothingBefore, [large])].map(codeOf),
    );
    expect(codes).toEqual(['store_full', 'store_full']);
    expect(await journal.head()).toBe(1);
    leaveRoom(1_000_000);
    expect(await journal.append(streamOf('b'), nothingBefore, ['small'])).toBe('2');
    await expect.poll(() => seen).toEqual(['first', 'small']);
    expect(journal.entries).toBe(2);
  });

  test('a refused push stores no message and no id, and a pull it would have served learns of it', async () => {
    leaveRoom(10);
    const waiting = queue.pull({ topic: 'default', max: 1, waitMs: 60_000 });
    const push = queue.push(taskOf('t1', large));
    expect(await codeOf(push)).toBe('store_full');
    expect(await codeOf(waiting)).toBe('store_full');
    leaveRoom(1_000_000);
    expect(await queue.depth('default')).toEqual({ waiting: 0, claimed: 0 });
    expect(await queue.push(taskOf('t1'))).toEqual({ duplicate: false });
    expect((await queue.pull({ topic: 'default', max: 1, waitMs: 0 })).map(({ id, deliveries }) => [id, deliveries])).toEqual([['t1', 1]]);
  });

  test('an acknowledgement that was refused can be repeated', async () => {
    await queue.push(taskOf('t1'));
    const [delivery] = await queue.pull({ topic: 'default', max: 1, waitMs: 0 });
    if (delivery === undefined) throw new Error('the message was not delivered');
    leaveRoom(10);
    const together = [delivery.ack(), queue.push(taskOf('t2', large))];
    expect(await Promise.all(together.map(codeOf))).toEqual(['store_full', 'store_full']);
    expect(await queue.depth('default')).toEqual({ waiting: 0, claimed: 1 });
    await delivery.ack();
    expect(await queue.depth('default')).toEqual({ waiting: 0, claimed: 0 });
  });
});
