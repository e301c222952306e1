import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EmbeddedBlobs } from './blobs.ts';
import { DurableFiles } from './durable-file.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

describe('blobs as files', () => {
  let folder: string;
  let files: DurableFiles;
  let blobs: EmbeddedBlobs;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'flockwork-blobs-'));
    files = new DurableFiles(join(folder, 'tmp'), 'full');
    await files.clear();
    blobs = new EmbeddedBlobs(folder, files);
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  const flipByte = (path: string): void => {
    const bytes = readFileSync(path);
    const last = bytes.length - 1;
    bytes[last] = (bytes[last] ?? 0) ^ 1;
    writeFileSync(path, bytes);
  };

  test('a changed byte of a blob is found and the blob named', async () => {
    const hash = await blobs.put('acme', text('hello'));
    flipByte(join(folder, 'blobs', 'acme', hash.slice(0, 2), hash));
    await expect(blobs.get('acme', hash)).rejects.toMatchObject({ code: 'journal_corrupt', message: expect.stringContaining(hash), details: { sha256: hash } });
  });

  test('a changed byte of a snapshot is found and the snapshot named', async () => {
    await blobs.putNamed('acme/goal-1', text('hello'));
    flipByte(join(folder, 'snapshots', 'acme', 'goal-1.snapshot'));
    await expect(blobs.getNamed('acme/goal-1')).rejects.toMatchObject({ code: 'journal_corrupt', message: expect.stringContaining('acme/goal-1') });
  });

  test('storing again makes a blob young again', async () => {
    const hash = await blobs.put('acme', text('hello'));
    utimesSync(join(folder, 'blobs', 'acme', hash.slice(0, 2), hash), 1, 1);
    await blobs.put('acme', text('hello'));
    for await (const blob of blobs.list('acme')) expect(blob.storedAt).toBeGreaterThan(1_000);
  });

  test('storing again repairs a blob that was cut', async () => {
    const hash = await blobs.put('acme', text('hello'));
    writeFileSync(join(folder, 'blobs', 'acme', hash.slice(0, 2), hash), 'he');
    await blobs.put('acme', text('hello'));
    expect(Buffer.from(await blobs.get('acme', hash)).toString()).toBe('hello');
  });

  test('a write that fails leaves nothing behind, neither under its name nor beside it', async () => {
    writeFileSync(join(folder, 'snapshots'), 'a file where the folder of the snapshots should be');
    await expect(blobs.putNamed('acme/goal-1', text('hello'))).rejects.toMatchObject({ code: 'store_failed' });
    expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
  });

  test('what a dead process left half-written is removed', async () => {
    writeFileSync(join(folder, 'tmp', 'left'), 'half');
    await files.clear();
    expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
  });
});
