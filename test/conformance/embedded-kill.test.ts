import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { journalPattern } from '../../protocols/subjects.ts';
import { openEmbeddedBus } from '../../src/bus/embedded/index.ts';
import { collect } from './harness.ts';
import { lastRecords } from './last-records.ts';

/** After how many acknowledgements the writer is killed. */
const killAfter = [1, 40, 250, 700];

/** Starts a writer on the folder, kills it with SIGKILL after `acknowledgements` lines, and answers all lines that it said. */
async function writeUntilKilled(folder: string, acknowledgements: number): Promise<string[]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'embedded-writer.ts'), folder, 'killed'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (lines.length === acknowledgements) child.kill('SIGKILL');
  }
  expect(await exited).toEqual([null, 'SIGKILL']);
  return lines;
}

describe('the embedded bus and kill -9', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'flockwork-kill-'));
  });

  afterEach(() => rm(folder, { recursive: true }));

  test('loses nothing that was acknowledged, keeps the index true, and frees the folder', async () => {
    const said: string[] = [];
    for (const acknowledgements of killAfter) {
      said.push(...(await writeUntilKilled(folder, acknowledgements)));
      const bus = await openEmbeddedBus({ folder, projector: lastRecords });
      const entries = await collect(bus.journal.read(journalPattern));

      const stored = new Set(entries.map((entry) => `appended ${entry.stream} ${entry.position}`));
      expect(said.filter((line) => line.startsWith('appended') && !stored.has(line))).toEqual([]);
      const before = new Map<string, string>();
      for (const { stream, position, records } of entries) {
        expect(records[0]).toBe(`after ${before.get(stream) ?? '0'}`);
        before.set(stream, position);
      }

      expect(await bus.index.applied()).toBe(await bus.journal.head());
      const followed = await bus.index.scan({ prefix: '', limit: 100 });
      await bus.index.rebuild();
      expect(await bus.index.scan({ prefix: '', limit: 100 })).toEqual(followed);

      const waiting = (await bus.tasks.pull({ topic: 'default', max: 100_000, waitMs: 0 })).map((delivery) => delivery.id);
      const acknowledged = new Set(said.filter((line) => line.startsWith('acknowledged')).map((line) => line.split(' ')[1]));
      const pushed = said.filter((line) => line.startsWith('pushed')).map((line) => line.split(' ')[1] ?? '');
      expect(waiting.filter((id) => acknowledged.has(id))).toEqual([]);
      // One acknowledgement may have been stored whose answer was cut off; what else is missing was lost.
      const gone = pushed.filter((id) => !acknowledged.has(id) && !waiting.includes(id));
      expect(gone.length).toBeLessThanOrEqual(killAfter.indexOf(acknowledgements) + 1);
      await bus.close();
    }
    expect(said.length).toBeGreaterThanOrEqual(killAfter.reduce((sum, one) => sum + one));
  });
});
