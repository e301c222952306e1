import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../gateway/fixture.ts';
import { describeQuic } from './native.ts';

const main = join(import.meta.dirname, '../../../src/cli/main.ts');
/** Another word for a module that does not load: the loader of the native module looks here first. */
const withoutModule = { NAPI_RS_NATIVE_LIBRARY_PATH: '/nonexistent/quic.node' };

/** The same for the packages of TCP: nobody has installed them. */
const hideTcp = `import { registerHooks } from 'node:module';
registerHooks({ resolve: (name, context, next) => {
  if (name === '@libp2p/tcp') throw Object.assign(new Error("Cannot find package '@libp2p/tcp'"), { code: 'ERR_MODULE_NOT_FOUND' });
  return next(name, context);
} });`;
const withoutTcp = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hideTcp)}` };

interface Running {
  readonly child: ChildProcess;
  stdout: string;
  stderr: string;
  code: number | null | undefined;
}

let folder: string;
const running: Running[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flockwork-quic-node-'));
});
afterEach(async () => {
  for (const one of running.splice(0)) {
    if (one.code === undefined) one.child.kill('SIGKILL');
    await until('the process is gone', () => one.code !== undefined);
  }
  await rm(folder, { recursive: true, force: true });
});

function flockwork(args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  const child = spawn(process.execPath, [main, ...args, '--data-dir', join(folder, 'data')], {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: folder, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const one: Running = { child, stdout: '', stderr: '', code: undefined };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    one.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    one.stderr += text;
  });
  child.on('close', (code) => {
    one.code = code;
  });
  running.push(one);
  return one;
}

async function finished(one: Running): Promise<Running> {
  await until('the command ends', () => one.code !== undefined, 30_000);
  return one;
}

async function started(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Running & { quic: string | undefined }> {
  const one = flockwork(['start', '--http-port', '0', ...args], env);
  await until(`the node is ready\n${one.stderr}`, () => /^ready/m.test(one.stdout) || one.code !== undefined, 30_000);
  if (one.code !== undefined) throw new Error(`start ended with ${one.code}: ${one.stderr}`);
  return Object.assign(one, { quic: /^quic {2}(\/.*)$/m.exec(one.stdout)?.[1] });
}

async function stop(one: Running): Promise<void> {
  one.child.kill('SIGTERM');
  expect((await finished(one)).code).toBe(0);
}

async function takenPort(): Promise<{ port: number; free: () => Promise<void> }> {
  const socket = createSocket('udp4');
  await new Promise<void>((bound) => socket.bind(0, '127.0.0.1', bound));
  return { port: socket.address().port, free: () => new Promise((closed) => socket.close(() => closed())) };
}

/** Takes the default port, which another test may hold for a moment. */
async function defaultPort(): Promise<Socket> {
  let held: Socket | undefined;
  await until(
    'the default port is ours',
    async () => {
      const socket = createSocket('udp4');
      held = await new Promise<Socket | undefined>((settled) => {
        socket.once('error', () => settled(undefined));
        socket.bind(4433, '127.0.0.1', () => settled(socket));
      });
      return held !== undefined;
    },
    30_000,
  );
  if (held === undefined) throw new Error('the default port is not ours');
  return held;
}

describeQuic('a node with QUIC', () => {
  test('start says where, the file says where, clients of the command line come in, and the identity lasts', async () => {
    const node = await started(['--quic-port', '0']);
    expect(node.quic).toMatch(/^\/ip4\/127\.0\.0\.1\/udp\/\d+\/quic-v1\/p2p\/12D3Koo\w+$/);
    expect(node.stdout.indexOf('quic ')).toBeLessThan(node.stdout.indexOf('ready'));
    const address = node.quic ?? '';
    expect(JSON.parse(await readFile(join(folder, 'data', 'endpoints.json'), 'utf8'))).toMatchObject({ quic: address });
    const key = join(folder, 'data', 'quic-identity.key');
    expect((await stat(key)).mode & 0o777).toBe(0o600);

    const submitted = await finished(flockwork(['submit', 'say hello', '--watch', '--json', '--connect', address]));
    expect(submitted.code).toBe(0);
    const lines = submitted.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; id?: string; status?: string });
    const result = lines.at(-1);
    expect(result).toMatchObject({ type: 'result', status: 'completed' });
    const watched = await finished(flockwork(['watch', String(result?.id), '--json'], { FLOCKWORK_CONNECT: address }));
    expect(watched.stdout).toBe(submitted.stdout);
    const goals = await finished(flockwork(['goals', '--json'], { FLOCKWORK_CONNECT: address }));
    expect(goals.stdout).toContain(String(result?.id));
    await stop(node);

    const again = await started(['--quic-port', String(/udp\/(\d+)/.exec(address)?.[1])]);
    expect(again.quic).toBe(address);
    await stop(again);
  });

  test('a port that is taken: named when it was asked for, a note when it was not', async () => {
    const taken = await takenPort();
    const refused = await finished(flockwork(['start', '--http-port', '0', '--quic-port', String(taken.port)]));
    expect(refused.code).toBe(2);
    expect(refused.stdout).toBe('');
    expect(refused.stderr).toContain('--quic-port');
    await taken.free();

    const held = await defaultPort();
    const node = await started([]);
    held.close();
    expect(node.quic).toBeUndefined();
    expect(node.stderr.match(/QUIC is off: UDP port 4433 .*--quic-port/g)).toHaveLength(1);
    await stop(node);
  });

  test('where the native module does not load, one note says so and the rest runs; who asked for QUIC is refused', async () => {
    const node = await started([], withoutModule);
    expect(node.quic).toBeUndefined();
    expect(node.stderr.match(/QUIC is off/g)).toHaveLength(1);
    const goals = await finished(flockwork(['goals', '--json', '--connect', '/ip4/127.0.0.1/udp/1/quic-v1'], withoutModule));
    expect(goals.stderr).toContain('quic_unavailable');
    await stop(node);
    for (const [args, env] of [
      [['--quic-port', '0'], {}],
      [[], { FLOCKWORK_QUIC_ENABLED: 'on' }],
    ] as const) {
      const refused = await finished(flockwork(['start', '--http-port', '0', ...args], { ...withoutModule, ...env }));
      expect(refused.code).not.toBe(0);
      expect(refused.stderr).toContain('quic_unavailable');
    }
  });

  test('quic.enabled = "off" opens nothing, and a damaged identity is named', async () => {
    const node = await started([], { FLOCKWORK_QUIC_ENABLED: 'off' });
    expect(node.quic).toBeUndefined();
    expect(node.stderr).not.toContain('QUIC');
    await stop(node);
    await writeFile(join(folder, 'data', 'quic-identity.key'), 'no key');
    const refused = await finished(flockwork(['start', '--http-port', '0', '--quic-port', '0']));
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('quic-identity.key');
  });

  test('an address other than loopback needs tokens or a list of peers', async () => {
    const refused = await finished(flockwork(['start', '--http-port', '0', '--quic-port', '0'], { FLOCKWORK_QUIC_HOST: '0.0.0.0' }));
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('bind_refused');
  });

  test('a node with a list of peers knows a user of the command line by the identity file', async () => {
    const made = await finished(flockwork(['goals', '--connect', '/ip4/127.0.0.1/udp/1/quic-v1/p2p/x', '--identity-file', 'me.key']));
    const peer = /peer id is (12D3Koo\w+)/.exec(made.stderr)?.[1];
    expect(peer).toBeDefined();
    expect((await stat(join(folder, 'me.key'))).mode & 0o777).toBe(0o600);
    await writeFile(join(folder, 'flockwork.toml'), `[quic]\nport = 0\nallowedPeers = [{ peer = "${peer}", tenant = "mine" }]\n`);
    const node = await started([]);
    const known = await finished(flockwork(['goals', '--json', '--connect', node.quic ?? ''], { FLOCKWORK_IDENTITY_FILE: 'me.key' }));
    expect(known.stderr).toBe('');
    expect(known.code).toBe(0);
    const unknown = flockwork(['goals', '--json', '--connect', node.quic ?? '']);
    await finished(unknown);
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toContain('quic.allowedPeers');
    await stop(node);
  });

  test('run never opens QUIC', async () => {
    const run = await finished(flockwork(['run', 'say hello', '--json'], { ...withoutModule, FLOCKWORK_QUIC_ENABLED: 'on' }));
    expect(run.code).toBe(0);
    expect(run.stderr).not.toContain('QUIC');
  });
});

describe('a node with libp2p over TCP', () => {
  const noQuic = { FLOCKWORK_QUIC_ENABLED: 'off' };

  test('start says where, the file says where, and clients of the command line come in; by default there is none', async () => {
    const node = await started(['--tcp-port', '0'], noQuic);
    const address = /^tcp {3}(\/.*)$/m.exec(node.stdout)?.[1] ?? '';
    expect(address).toMatch(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/12D3Koo\w+$/);
    expect(JSON.parse(await readFile(join(folder, 'data', 'endpoints.json'), 'utf8'))).toMatchObject({ tcp: address });
    const submitted = await finished(flockwork(['submit', 'say hello', '--watch', '--json', '--connect', address]));
    expect(submitted.code).toBe(0);
    expect(submitted.stdout).toContain('"status":"completed"');
    await stop(node);
    const without = await started([], noQuic);
    expect(without.stdout).not.toMatch(/^tcp /m);
    await stop(without);
  });

  test('a port that is taken is named', async () => {
    const holder = createServer();
    await new Promise<void>((listening) => holder.listen(0, '127.0.0.1', listening));
    const address = holder.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const refused = await finished(flockwork(['start', '--http-port', '0', '--tcp-port', String(port)], noQuic));
    await new Promise<void>((closed) => holder.close(() => closed()));
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(`TCP port ${port}`);
    expect(refused.stderr).toContain('--tcp-port');
  });

  test('where its packages are not installed, node and client name them; QUIC and the rest do without', async () => {
    const refused = await finished(flockwork(['start', '--http-port', '0', '--tcp-port', '0'], { ...noQuic, ...withoutTcp }));
    expect(refused.code).not.toBe(0);
    const install = 'npm install @libp2p/tcp @chainsafe/libp2p-noise @chainsafe/libp2p-yamux';
    expect(refused.stderr).toContain('tcp_unavailable');
    expect(refused.stderr).toContain(install);
    const client = await finished(flockwork(['goals', '--connect', '/ip4/127.0.0.1/tcp/1'], withoutTcp));
    expect(client.stderr).toContain(install);
    const node = await started([], { ...noQuic, ...withoutTcp });
    await stop(node);
  });
});
