import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createUnconfined } from './unconfined.ts';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'flockwork-unconfined-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const run = (command: string, timeoutMs: number, outputBytesMax = 10_000) =>
  createUnconfined().run({ command, root, timeoutMs, outputBytesMax, signal: new AbortController().signal });

test('runs in its folder with an empty environment, both streams in order', async () => {
  const { code, ended, output } = await run('pwd; echo second >&2; echo "[$USER$FLOCKWORK_TOKEN]"; exit 3', 10_000);
  expect({ code, ended, text: new TextDecoder().decode(output) }).toEqual({ code: 3, ended: 'exited', text: `${root}\nsecond\n[]\n` });
});

test('timeout and flood hold here too, and a background process does not hold the answer back', async () => {
  expect((await run('sleep 60 & sleep 60', 300)).ended).toBe('timeout');
  expect((await run('yes', 10_000)).ended).toBe('flood');
  expect((await run('sleep 60 & echo done', 10_000)).ended).toBe('exited');
});
