import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connect } from '../../../src/client/index.ts';
import { type FlockworkNode, loadConfig, startNode } from '../../../src/index.ts';

let cwd: string;
let node: FlockworkNode;

async function start(): Promise<FlockworkNode> {
  const flags = [
    { flag: '--data-dir', path: 'data.dir', value: join(cwd, 'data') },
    { flag: '--http-port', path: 'http.port', value: 0 },
  ];
  return startNode({
    config: await loadConfig({ cwd, env: { OPENAI_API_KEY: 'sk-secret' }, flags }),
    roles: ['gateway', 'coordinator', 'worker'],
    listen: true,
  });
}

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'flockwork-config-change-'));
  await writeFile(join(cwd, 'flockwork.toml'), '# ours\n[model]\nname = "offline"\n[quic]\nenabled = "off"\n');
  node = await start();
});
afterEach(async () => {
  await node.stop();
  await rm(cwd, { recursive: true, force: true });
});

const open = () => connect(node.endpoints.find(({ name }) => name === 'ws')?.address ?? '');
const file = () => readFile(join(cwd, 'flockwork.toml'), 'utf8');

describe('a node whose configuration is changed', () => {
  test('gives new goals what is live, tells what is not, and starts with all of it', async () => {
    const client = await open();
    const { hash } = await client.config();
    const changed = await client.patchConfig({ profiles: { fast: { tools: ['fs.list'] } }, worker: { concurrency: 2 }, http: { port: 1 } }, hash);
    expect(changed).toMatchObject({
      changed: ['worker.concurrency', 'profiles.fast.tools'],
      live: ['profiles.fast.tools'],
      restart: ['worker.concurrency'],
      restartNeeded: true,
      overridden: { 'http.port': 'flag --http-port' },
    });
    expect(await file()).toBe(
      '# ours\n[model]\nname = "offline"\n[quic]\nenabled = "off"\n\n[profiles.fast]\ntools = [ "fs.list" ]\n\n[worker]\nconcurrency = 2\n\n[http]\nport = 1\n',
    );
    const view = await client.config();
    expect(view).toMatchObject({ hash: changed.hash, pending: ['worker.concurrency'], values: { worker: { concurrency: 16 } } });
    expect(JSON.stringify(view)).not.toContain('sk-secret');
    expect(await client.submit({ goal: 'Say hello', profile: 'fast' })).toHaveProperty('id');
    await client.close();
    await node.stop();
    node = await start();
    expect((await node.client().config()).values).toMatchObject({ worker: { concurrency: 2 }, profiles: { fast: {} } });
  });

  test('keeps file and values when the change is wrong, or based on what is no longer in force', async () => {
    const client = await open();
    const before = { file: await file(), config: await client.config() };
    await expect(client.patchConfig({ quota: { maxTokens: 'many' } })).rejects.toMatchObject({ code: 'config_invalid' });
    await expect(client.applyConfig('[auth]\nmode = "token"\n')).rejects.toMatchObject({ code: 'config_invalid' });
    await client.patchConfig({ quota: { maxTokens: 5 } }, before.config.hash);
    await expect(client.patchConfig({ quota: { maxTokens: 6 } }, before.config.hash)).rejects.toMatchObject({ code: 'config_conflict' });
    await client.patchConfig({ quota: { maxTokens: null } });
    expect({ file: (await file()).replace('\n[quota]\n', ''), config: await client.config() }).toEqual(before);
    await client.close();
  });

  test('changes that come together come one after another', async () => {
    const client = await open();
    await Promise.all(Array.from({ length: 8 }, (_, at) => client.patchConfig({ profiles: { [`p${at}`]: { outputTokensMax: at + 1 } } })));
    expect(Object.keys((await client.config()).values['profiles'] as object).sort()).toEqual(['p0', 'p1', 'p2', 'p3', 'p4', 'p5', 'p6', 'p7']);
    await client.close();
  });
});

test('a goal whose model nobody here could ask is refused when it is submitted', async () => {
  const client = await open();
  await expect(client.submit({ goal: 'hello', model: 'anthropic/any' })).rejects.toMatchObject({
    code: 'model_unknown',
    details: { variable: 'ANTHROPIC_API_KEY' },
  });
  expect((await client.list()).items).toEqual([]);
  await client.close();
});
