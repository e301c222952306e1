import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FlockworkNode, loadConfig, startNode } from '../../src/index.ts';
import { describeQuic } from '../../test/integration/quic/native.ts';

const root = join(import.meta.dirname, '../..');

/** Runs the example in a folder of its own, with the package as an installation would have it. */
async function example(folder: string, address: string, ...args: readonly string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, ['client.mjs', ...args], { cwd: folder, env: { PATH: process.env['PATH'], FLOCKWORK_CONNECT: address } });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => {
    stdout += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk);
  });
  const [code] = await once(child, 'close');
  return { code, stdout, stderr };
}

describeQuic('examples/quic-client', () => {
  let folder: string;
  let node: FlockworkNode;
  let address: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'flockwork-quic-example-'));
    cpSync(join(import.meta.dirname, 'client.mjs'), join(folder, 'client.mjs'));
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(root, join(folder, 'node_modules/flockwork'), 'dir');
    if (!existsSync(join(root, 'dist/src/client/quic'))) spawnSync(process.execPath, [join(root, 'scripts/build.ts')], { stdio: 'ignore' });
    const flags = [
      { flag: 'dataDir', path: 'data.dir', value: join(folder, 'data') },
      { flag: 'model', path: 'model.name', value: 'offline' },
      { flag: 'port', path: 'http.port', value: 0 },
      { flag: 'quicPort', path: 'quic.port', value: 0 },
    ];
    node = await startNode({ config: await loadConfig({ cwd: folder, env: {}, flags }), roles: ['gateway', 'coordinator', 'worker'], listen: true });
    address = node.endpoints.find(({ name }) => name === 'quic')?.address ?? '';
  });
  afterAll(async () => {
    await node.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('submits, follows and prints the result', async () => {
    const { code, stdout, stderr } = await example(folder, address, 'Say what each does: bees, ants');
    expect(code, stderr).toBe(0);
    expect(stdout.trim()).not.toBe('');
    const types = stderr
      .trim()
      .split('\n')
      .map((line) => line.split(/ +/)[1]);
    expect(types.at(0)).toBe('goal.accepted');
    expect(types.at(-1)).toBe('goal.completed');
  });

  test('goes on from a cursor that another transport has left', async () => {
    const client = node.client();
    const { id } = await client.submit({ goal: 'Say what bees do' });
    const events: { type: string; cursor: string }[] = [];
    for await (const item of client.watch(id)) if (item.kind === 'event') events.push(item.event);
    const { code, stderr } = await example(folder, address, '--watch', id, events[3]?.cursor ?? '');
    expect(code, stderr).toBe(0);
    expect(
      stderr
        .trim()
        .split('\n')
        .map((line) => line.split(/ +/)[1]),
    ).toEqual(events.slice(4).map(({ type }) => type));
  });
});
