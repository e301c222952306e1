import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { endpointsFileName, readEndpoints } from './endpoints.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flockwork-endpoints-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const written = (pid: number) => ({ pid, node: 'n1', http: 'http://127.0.0.1:1', ws: 'ws://127.0.0.1:1/v1/ws', startedAt: '2026-01-01T00:00:00Z' });

describe('the endpoints of a data folder', () => {
  test('of a live process', async () => {
    await writeFile(join(folder, endpointsFileName), JSON.stringify(written(process.pid)));
    expect(await readEndpoints(folder)).toEqual(written(process.pid));
  });

  test('of a dead process are none', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    await writeFile(join(folder, endpointsFileName), JSON.stringify(written(pid)));
    expect(await readEndpoints(folder)).toBeUndefined();
  });

  test.each(['', '{"pid":', '{}', '[]'])('half a file is none: %j', async (text) => {
    await writeFile(join(folder, endpointsFileName), text);
    expect(await readEndpoints(folder)).toBeUndefined();
  });

  test('no folder is none', async () => {
    expect(await readEndpoints(join(folder, 'absent'))).toBeUndefined();
  });
});
