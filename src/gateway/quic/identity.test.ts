import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadIdentity } from './identity.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flockwork-identity-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('is made once, for its owner only, and stays', async () => {
  const file = join(folder, 'not', 'there', 'yet.key');
  const made = await loadIdentity(file);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await readFile(file)).length).toBe(68);
  await chmod(file, 0o644);
  const again = await loadIdentity(file);
  expect(again.equals(made)).toBe(true);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test('is one, when two processes make it at once', async () => {
  const file = join(folder, 'raced.key');
  const [one, ...others] = await Promise.all(Array.from({ length: 8 }, () => loadIdentity(file)));
  const last = await loadIdentity(file);
  expect([one, ...others].every((key) => key?.equals(last))).toBe(true);
});

test('refuses what is no key, and a place that cannot be written', async () => {
  const file = join(folder, 'damaged.key');
  await writeFile(file, 'no key at all');
  await expect(loadIdentity(file)).rejects.toMatchObject({ code: 'config_invalid', details: { file } });
  await expect(loadIdentity(join(file, 'under-a-file.key'))).rejects.toMatchObject({ code: 'data_dir_unusable' });
});
