import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FlockworkError, failureOf } from '../../../protocols/errors/error.ts';
import { GroupCommit } from './group-commit.ts';

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'resolved',
    (error: unknown) => failureOf(error).code,
  );

describe('group commit', () => {
  let folder: string;
  let database: DatabaseSync;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'flockwork-commit-'));
    database = new DatabaseSync(join(folder, 'test.db'));
    database.exec('PRAGMA journal_mode = WAL; CREATE TABLE lines(text TEXT UNIQUE)');
  });

  afterEach(() => {
    if (database.isOpen) database.close();
    rmSync(folder, { recursive: true });
  });

  const lines = (): string[] =>
    database
      .prepare('SELECT text FROM lines ORDER BY rowid')
      .all()
      .map((row) => String(row['text']));

  const writer = (commits: GroupCommit) => {
    const insert = database.prepare('INSERT INTO lines(text) VALUES (?)');
    return (text: string) => commits.run(`write ${text.slice(0, 10)}`, () => insert.run(text).changes);
  };

  test('what is asked for in one turn shares one transaction, in order', async () => {
    const sizes: number[] = [];
    const commits = new GroupCommit(database, (requests) => sizes.push(requests));
    const write = writer(commits);
    await Promise.all(['a', 'b', 'c'].map(write));
    await write('d');
    expect(lines()).toEqual(['a', 'b', 'c', 'd']);
    expect(sizes).toEqual([3, 1]);
    expect(commits.commits).toBe(2);
  });

  test('a transaction that changes nothing is not counted', async () => {
    const commits = new GroupCommit(database);
    expect(await commits.run('do nothing', () => 7)).toBe(7);
    expect(commits.commits).toBe(0);
  });

  test('a request that throws is undone alone', async () => {
    const commits = new GroupCommit(database);
    const write = writer(commits);
    const insert = database.prepare('INSERT INTO lines(text) VALUES (?)');
    const half = commits.run('write half', () => {
      insert.run('half');
      throw new FlockworkError('journal_conflict', 'another writer was there');
    });
    const codes = await Promise.all([write('a'), half, write('a'), write('b')].map(codeOf));
    expect(codes).toEqual(['resolved', 'journal_conflict', 'store_failed', 'resolved']);
    expect(lines()).toEqual(['a', 'b']);
  });

  test('nothing is visible before it is answered, and nothing is answered in the stack of the asker', async () => {
    const commits = new GroupCommit(database);
    const answer = writer(commits)('a');
    expect(lines()).toEqual([]);
    await answer;
    expect(lines()).toEqual(['a']);
  });

  test('a full disk refuses all of a transaction, keeps nothing of it, and is survived', async () => {
    const commits = new GroupCommit(database);
    const write = writer(commits);
    await write('before');
    const pages = Number(database.prepare('PRAGMA page_count').get()?.['page_count']);
    database.exec(`PRAGMA max_page_count = ${pages + 4}`);
    const codes = await Promise.all([write('small'), write('large'.repeat(20_000)), write('last')].map(codeOf));
    expect(codes).toEqual(['store_full', 'store_full', 'store_full']);
    expect(lines()).toEqual(['before']);
    database.exec('PRAGMA max_page_count = 1000000');
    await write('after');
    expect(lines()).toEqual(['before', 'after']);
  });

  test('a participant that throws fails the transaction, and each learns how it ended', async () => {
    const commits = new GroupCommit(database);
    const write = writer(commits);
    const ends: string[] = [];
    let broken = true;
    commits.join({
      beforeCommit: () => {
        if (broken) throw new FlockworkError('store_failed', 'the participant is broken');
      },
      afterCommit: () => ends.push('commit'),
      afterFailure: (error) => ends.push(error.code),
    });
    expect(await codeOf(write('a'))).toBe('store_failed');
    broken = false;
    expect(await codeOf(write('b'))).toBe('resolved');
    expect(lines()).toEqual(['b']);
    expect(ends).toEqual(['store_failed', 'commit']);
  });

  test('closing commits what waits and refuses what comes', async () => {
    const commits = new GroupCommit(database);
    const write = writer(commits);
    const waiting = write('a');
    commits.close();
    expect(await codeOf(waiting)).toBe('resolved');
    expect(await codeOf(write('b'))).toBe('closed');
    expect(lines()).toEqual(['a']);
  });

  test('more requests than one transaction takes are committed in several, in order', async () => {
    const commits = new GroupCommit(database);
    const write = writer(commits);
    const texts = Array.from({ length: 2_500 }, (_, at) => `${at}`);
    await Promise.all(texts.map(write));
    expect(lines()).toEqual(texts);
    expect(commits.commits).toBe(3);
  });
});
