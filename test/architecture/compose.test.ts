import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { root } from '../../scripts/checks/run.ts';
import { findNatsServer } from '../../scripts/services/nats.ts';
import { type ConfigFlag, loadConfig } from '../../src/config/index.ts';

const service = z.object({
  image: z.string(),
  build: z.string().optional(),
  command: z.array(z.string()),
  environment: z.record(z.string(), z.string()).default({}),
  depends_on: z.record(z.string(), z.object({ condition: z.literal('service_healthy') })).default({}),
  volumes: z.array(z.string()).default([]),
  secrets: z.array(z.string()).default([]),
});
const compose = z
  .object({ services: z.record(z.string(), service), volumes: z.record(z.string(), z.null()), secrets: z.record(z.string(), z.object({ file: z.string() })) })
  .parse(parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8'), { merge: true }));
const services = Object.entries(compose.services);
const nodes = services.filter(([, { build }]) => build !== undefined);
const servers = services.filter(([, { image }]) => image.startsWith('nats:'));

const folder = mkdtempSync(join(tmpdir(), 'flockwork-compose-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What stands after a flag of a command. */
const following = (command: readonly string[], flag: string): string | undefined => command[command.indexOf(flag) + 1];

describe('docker-compose.yml', () => {
  test('is three servers and nodes of each role, all of them there', () => {
    expect(servers.map(([name]) => name)).toEqual(['nats-1', 'nats-2', 'nats-3']);
    expect(nodes.map(([name, { command }]) => [name, following(command, '--roles')])).toEqual([
      ['gateway', 'gateway'],
      ['coordinator', 'coordinator'],
      ['worker', 'worker'],
    ]);
    for (const [, one] of nodes) expect(Object.keys(one.depends_on)).toEqual(servers.map(([name]) => name));
    for (const [, { volumes }] of services) for (const volume of volumes) expect(Object.keys(compose.volumes)).toContain(volume.split(':')[0]);
    for (const [, { secrets }] of services) for (const secret of secrets) expect(Object.keys(compose.secrets)).toContain(secret);
  });

  test.each(nodes)('%s is configured as this release understands it', async (name, { command, environment }) => {
    const tokens = join(folder, 'tokens');
    writeFileSync(tokens, 'default 0123456789abcdef admin\n');
    const set = Object.entries(environment).map(([key, value]) => [key, value.replace(/^\$\{\w+:-(.*)\}$/, '$1').replace('/run/secrets/tokens', tokens)]);
    const flags: ConfigFlag[] = [{ flag: '--roles', path: 'node.roles', value: (following(command, '--roles') ?? '').split(',') }];
    if (command.includes('--host')) flags.push({ flag: '--host', path: 'http.host', value: following(command, '--host') });
    const { values } = await loadConfig({ cwd: folder, env: Object.fromEntries(set), flags, natsUrlChoosesBus: true });
    expect(values.bus).toMatchObject({ kind: 'nats', replicas: 3, natsUrl: servers.map(([server]) => `nats://${server}:4222`) });
    // What is reachable from other machines asks for tokens.
    expect(values.auth.mode).toBe(values.http.host === '127.0.0.1' ? 'loopback' : 'token');
    expect(name === 'gateway').toBe(values.http.host === '0.0.0.0');
  });

  test.each(servers)('%s knows the other two, and keeps its store in a volume', (name, { command, volumes }) => {
    expect(following(command, '--name')).toBe(name);
    const others = servers.map(([server]) => server).filter((server) => server !== name);
    expect(following(command, '--routes')).toBe(others.map((server) => `nats://${server}:6222`).join(','));
    expect(volumes).toEqual([`${name}:${following(command, '-sd')}`]);
  });

  test.skipIf(findNatsServer() === undefined)('nats-server takes the flags', () => {
    const empty = join(folder, 'empty.conf');
    writeFileSync(empty, '');
    for (const [, { command }] of servers) {
      // Flags are read before the file that is to be checked.
      const flags = command.map((word) => word.replace('/data', folder));
      const { status, stderr } = spawnSync('nats-server', [...flags, '-c', empty, '-t'], { encoding: 'utf8' });
      expect([status, stderr]).toEqual([0, expect.stringContaining('is valid')]);
    }
  });
});
