import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDatabase, type Sync } from './database.ts';

const writer = join(import.meta.dirname, '../../../test/conformance/embedded-writer.ts');
const appends = 40;
const canTrace = spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0;

/** SQLite's numbers for `PRAGMA synchronous`. */
const synchronousOff = 0;
const synchronousFull = 2;

describe('what is answered is on the disk', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'flockwork-sync-'));
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  /** How often a process that writes `count` entries asked the kernel to sync. */
  const syncs = (mode: 'sequential' | 'parallel', count: number, sync: Sync): number => {
    const summary = join(folder, 'strace.txt');
    const data = join(folder, `${mode}-${count}-${sync}`);
    const run = spawnSync('strace', ['-f', '-o', summary, '-e', 'trace=fsync,fdatasync', process.execPath, writer, data, mode, String(count), sync], {
      encoding: 'utf8',
    });
    expect(run.stderr).toBe('');
    expect(run.status).toBe(0);
    return readFileSync(summary, 'utf8')
      .split('\n')
      .filter((line) => /\b(fsync|fdatasync)\(/.test(line)).length;
  };

  test.for<[Sync, number]>([
    ['full', synchronousFull],
    ['off', synchronousOff],
  ])('journal.sync = %s sets synchronous = %d in a write-ahead log', ([sync, expected]) => {
    const database = openDatabase(folder, sync);
    expect(database.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: expected });
    expect(database.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
    database.close();
  });

  test.skipIf(!canTrace)('each append of a sequence is synced, those of one turn share a sync, and off syncs none (needs strace)', () => {
    const idle = syncs('sequential', 0, 'full');
    expect(syncs('sequential', appends, 'full') - idle).toBeGreaterThanOrEqual(appends);
    expect(syncs('parallel', appends, 'full') - idle).toBeLessThanOrEqual(appends / 10);
    expect(syncs('sequential', appends, 'off')).toBe(0);
  });
});
