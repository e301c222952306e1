/** @needs nats-server, openssl */
import { readFileSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { inboxSubject } from '../../protocols/subjects.ts';
import { makeCertificates } from '../../scripts/services/certificates.ts';
import { findNatsServer, NatsServer } from '../../scripts/services/nats.ts';
import { makeOperated, makeUser } from '../../scripts/services/nats-users.ts';
import { openEmbeddedBus } from '../../src/bus/embedded/index.ts';
import { openNatsBus } from '../../src/bus/nats/index.ts';
import { jsonLines, type LiveNode, processMaxMs, until, useStage } from './stage.ts';

const stage = useStage();
const projector = { name: 'nothing', version: 1, project: () => [] };
const threeItems = [{ kind: 'items', items: ['one', 'two', 'three'] }];

async function serve(configuration = ''): Promise<NatsServer> {
  const server = await NatsServer.start({ configuration });
  stage().atClose(() => void server.stop());
  return server;
}

interface Goal {
  readonly id: string;
  readonly status: string;
  readonly error?: unknown;
}

async function submit(node: LiveNode, goal: Readonly<Record<string, unknown>>): Promise<string> {
  const response = await fetch(`${node.http}/v1/goals`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(goal) });
  const answer = (await response.json()) as Goal;
  expect([response.status, answer]).toEqual([202, { id: expect.any(String) }]);
  return answer.id;
}

const goalOf = async (node: LiveNode, id: string): Promise<Goal> => (await (await fetch(`${node.http}/v1/goals/${id}`)).json()) as Goal;
const readiness = async (node: LiveNode): Promise<unknown> => {
  const answer = await fetch(`${node.http}/readyz`);
  return [answer.status, ((await answer.json()) as { reasons: string[] }).reasons];
};
const ended = (node: LiveNode, id: string) => until(`goal ${id} has ended`, async () => /completed|failed/.test((await goalOf(node, id)).status));

describe.skipIf(findNatsServer() === undefined)('nodes on NATS', { timeout: 2 * processMaxMs }, () => {
  test('a process of each role, with the permissions of that role and no others, completes a goal', async () => {
    const roles = ['coordinator', 'gateway', 'worker'];
    const users = roles.map((role) => ({ role, ...makeUser() }));
    const blocks = await Promise.all(
      users.map(async ({ role, publicKey }) => {
        const { code, out } = await stage().cli('nats', 'permissions', '--role', role, '--tenant', 'acme', '--node', `${role}-1`);
        expect([code, out]).toEqual([0, expect.stringContaining(`_INBOX_${role}-1.>`)]);
        return `{ nkey: ${publicKey}\n${out} }`;
      }),
    );
    const server = await serve(`authorization { users: [\n${blocks.join('\n')}\n] }`);
    const start = async (role: string): Promise<LiveNode> => {
      await stage().write(`${role}.nk`, `${users.find((user) => user.role === role)?.seed ?? ''}\n`);
      await stage().write(
        `${role}.toml`,
        `[node]\nid = "${role}-1"\nroles = ["${role}"]\n[data]\ndir = "${role}"\n[bus]\nkind = "nats"\nnatsUrl = ["${server.url}"]\nnkeyFile = "${role}.nk"\ntenant = "acme"\n`,
      );
      return stage().node(['--config', `${role}.toml`]);
    };
    const [, gateway, worker] = [await start('coordinator'), await start('gateway'), await start('worker')];
    const id = await submit(gateway, { goal: 'Compare them', strategy: 'map-reduce', inputs: threeItems });
    await ended(gateway, id);
    expect(await goalOf(gateway, id)).toMatchObject({ status: 'completed' });
    // Whose the subjects are is the tenant of the bus, for clients without a token too.
    expect((await stage().cli('audit', 'verify', id, '--connect', gateway.http)).code).toBe(0);
    // A node tells about itself with each renewal of its key.
    await until('the list has all three as they are', async () => {
      const nodes = jsonLines((await stage().cli('nodes', '--json', '--connect', gateway.http)).out);
      const shown = nodes.map((node) => `${String(node['id'])} ${String(node['shards'])} ${JSON.stringify(node['notReady'])}`);
      return shown.sort().join(', ') === 'coordinator-1 64 [], gateway-1 0 [], worker-1 0 []';
    });
    for (const node of [gateway, worker]) expect(node.err()).not.toMatch(/refuse|violation|bus_/i);
  });

  test('the credentials and certificates that the configuration names open servers that ask for them', async () => {
    const { ca, file } = makeCertificates(stage().folder);
    const operated = makeOperated();
    const tls = `tls { cert_file: "${file('server.pem')}", key_file: "${file('server.key')}", ca_file: "${ca}", verify: true }`;
    const server = await serve(`${operated.configuration}\n${tls}`);
    await stage().write('node.creds', operated.creds);
    const url = server.url.replace('nats://', 'tls://');
    const keys = ['credsFile = "node.creds"', 'tlsCaFile = "ca.pem"', 'tlsCertFile = "client.pem"', 'tlsKeyFile = "client.key"'];
    const configuration = (some: readonly string[]): string => `[bus]\nkind = "nats"\nnatsUrl = ["tls://127.0.0.1:1", "${url}"]\n${some.join('\n')}\n`;
    await stage().write('flockwork.toml', configuration(keys));
    const node = await stage().node();
    expect(await readiness(node)).toEqual([200, []]);
    node.child.kill('SIGTERM');
    expect((await node.ended).code).toBe(0);
    for (const some of [keys.slice(1), keys.filter((key) => !key.startsWith('tlsCaFile')), keys.slice(0, 2)]) {
      await stage().write('flockwork.toml', configuration(some));
      const refused = await stage().cli('start', '--http-port', '0');
      expect([refused.code === 0, refused.err]).toEqual([false, expect.stringContaining('(bus_unreachable)')]);
      expect(refused.err).not.toContain(operated.seed);
    }
  });

  test('--nats local: after kill -9 of the node the next one takes its server over, and the goal goes on; SIGTERM ends both', async () => {
    let answer = (): void => undefined;
    const asked = new Promise<void>((resolve) => (answer = resolve));
    const { model, env } = await stage().model({ script: () => asked.then(() => ({ text: 'said back' })) });
    const start = (): Promise<LiveNode> =>
      stage().node(['--nats', 'local', '--model', 'openai/any'], { env: { ...env, FLOCKWORK_BUS_LEASE_MS: '1000', FLOCKWORK_BUS_ACK_WAIT_MS: '1000' } });
    const serverPid = async (): Promise<number | undefined> => {
      const file = (await readdir(stage().path('.flockwork/nats'))).find((name) => name.endsWith('.ports'));
      return file === undefined ? undefined : Number(/_(\d+)\.ports$/.exec(file)?.[1]);
    };
    const node = await start();
    const pid = await serverPid();
    if (pid === undefined) throw new Error('no server runs beside the node');
    stage().atClose(() => void (lives(pid) && process.kill(pid, 'SIGKILL')));
    const id = await submit(node, { goal: 'say it back', strategy: 'single' });
    await until('the model is asked', () => model.calls.length === 1);
    node.child.kill('SIGKILL');
    await node.ended;
    expect(lives(pid)).toBe(true);
    const next = await start();
    expect(await serverPid()).toBe(pid);
    answer();
    await ended(next, id);
    expect(await goalOf(next, id)).toMatchObject({ status: 'completed' });
    next.child.kill('SIGTERM');
    expect((await next.ended).code).toBe(0);
    expect([lives(pid), (await readdir(stage().path('.flockwork/nats'))).sort()]).toEqual([false, ['nats-server.log', 'store']]);
  });

  test.each([
    ['killed', 'SIGKILL' as const],
    ['frozen', 'SIGSTOP' as const],
  ])('a server that is %s: /readyz says bus, nothing new is taken, and what was begun ends when it is back', async (_, signal) => {
    const server = await serve();
    let answer = (): void => undefined;
    const asked = new Promise<void>((resolve) => (answer = resolve));
    const { model, env } = await stage().model({ script: () => asked.then(() => ({ text: 'said back' })) });
    const node = await stage().node(['--nats', server.url, '--model', 'openai/any'], { env });
    const id = await submit(node, { goal: 'say it back', strategy: 'single' });
    await until('the model is asked', () => model.calls.length === 1);
    expect(await readiness(node)).toEqual([200, []]);
    if (signal === 'SIGKILL') await server.kill();
    else process.kill(server.pid ?? 0, signal);
    await until('it says so', async () => JSON.stringify(await readiness(node)) === '[503,["bus"]]');
    const refused = await fetch(`${node.http}/v1/goals`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"goal":"x"}' });
    expect([refused.status, await refused.json()]).toEqual([503, expect.objectContaining({ code: 'draining', detail: expect.stringContaining('bus') })]);
    // The answer comes while nobody can store it, and is not asked for again.
    answer();
    await until('it was answered', () => model.calls[0]?.answered === true);
    if (signal === 'SIGKILL') await server.restart();
    else process.kill(server.pid ?? 0, 'SIGCONT');
    await until('it is back', async () => JSON.stringify(await readiness(node)) === '[200,[]]');
    await ended(node, id);
    expect(await goalOf(node, id)).toMatchObject({ status: 'completed' });
    expect(model.calls).toHaveLength(1);
  });

  test('an owner that was paused for longer than its leases decides nothing when it wakes up', async () => {
    const server = await serve();
    const gates = Array.from({ length: 2 }, () => Promise.withResolvers<void>());
    let asked = 0;
    const { model, env } = await stage().model({ script: () => (gates[asked++]?.promise ?? Promise.resolve()).then(() => ({ text: 'said back' })) });
    const start = (name: string, roles: string): Promise<LiveNode> =>
      stage().node(['--nats', server.url, '--roles', roles, '--model', 'openai/any', '--data-dir', name], {
        env: { ...env, FLOCKWORK_NODE_ID: name, FLOCKWORK_BUS_LEASE_MS: '2000', FLOCKWORK_BUS_ACK_WAIT_MS: '3000' },
      });
    const paused = await start('paused', 'coordinator');
    const front = await start('front', 'gateway,worker');
    const id = await submit(front, { goal: 'say it back', strategy: 'map-reduce', agents: 1, inputs: threeItems });
    await until('the model is asked', () => model.calls.length === 1);
    paused.child.kill('SIGSTOP');
    const other = await start('other', 'coordinator');
    await until('its shards went on', async () => {
      const nodes = jsonLines((await stage().cli('nodes', '--json', '--connect', front.http)).out);
      return nodes.find((node) => node['id'] === 'other')?.['shards'] === 64;
    });
    gates[0]?.resolve();
    // The other decides what comes next, while the paused one still believes what it knew.
    await until('the next task is at work', () => model.calls.length === 2);
    paused.child.kill('SIGCONT');
    gates[1]?.resolve();
    await ended(front, id);
    expect(await goalOf(front, id)).toMatchObject({ status: 'completed' });
    const events = jsonLines((await stage().cli('watch', id, '--json', '--connect', front.http)).out).filter((event) => event['actor'] === 'coordinator');
    // One line of decisions, without a gap, and each task once.
    expect(events.map((event) => event['seq'])).toEqual(events.map((_, at) => at + 1));
    const tasks = events.filter((event) => event['type'] === 'task.created').map((event) => (event['data'] as { task: string }).task);
    expect(new Set(tasks).size).toBe(tasks.length);
    expect((await stage().cli('audit', 'verify', id, '--connect', front.http)).code).toBe(0);
    expect((await stage().cli('replay', id, '--connect', front.http)).code).toBe(0);
    await until('the shards are shared again', async () => {
      const nodes = jsonLines((await stage().cli('nodes', '--json', '--connect', front.http)).out);
      return nodes.filter((node) => node['shards'] === 32).length === 2;
    });
    expect([paused.child.exitCode, other.child.exitCode]).toEqual([null, null]);
  });

  test.each([['embedded'], ['nats']])('dead letters are put back from the command line, on the bus %s', async (kind) => {
    const server = kind === 'nats' ? await serve() : undefined;
    await mkdir(stage().data);
    const bus = server === undefined ? await openEmbeddedBus({ folder: stage().data, projector }) : await openNatsBus({ servers: [server.url], projector });
    const subject = inboxSubject({ tenant: 'default', root: 'g-gone', actor: 'coordinator' }, 'elsewhere');
    await bus.inbox.buryMessage({ subject, id: 'm-1', body: '{"type":"message.received","text":"x"}' }, 'a fault that was mended');
    await bus.close();
    const node = await stage().node(server === undefined ? [] : ['--nats', server.url]);
    const list = async (): Promise<unknown[]> => jsonLines((await stage().cli('dead-letters', '--json')).out).map(({ id, reason }) => [id, reason]);
    expect(await list()).toEqual([['m-1', 'a fault that was mended']]);
    expect(await stage().cli('dead-letters', 'requeue', 'm-1')).toMatchObject({ code: 0, out: 'm-1: is in the queue again\n' });
    // It went the whole way to an actor that is not there.
    await until('it was delivered', async () => JSON.stringify(await list()) === '[["m-1","there is no root \'g-gone\'"]]');
    expect(await stage().cli('dead-letters', 'requeue', 'm-2')).toMatchObject({ code: 1, err: expect.stringContaining('(not_found)') });
    expect((await stage().cli('dead-letters', 'requeue', 'm-1', '--json')).out).toBe('{"id":"m-1","requeued":1}\n');
    expect((await stage().cli('nodes')).out).toMatch(
      /^NODE +ROLES +VERSION +STARTED +SHARDS +GOALS +AGENTS +STATE +CLOCK\n\S+ +gateway,coordinator,worker +\S+ +\S+ +64 +0 +0 +ready +-?\d+ ms\n$/,
    );
    node.child.kill('SIGTERM');
    expect((await node.ended).code).toBe(0);
  });
});

describe('flockwork nats permissions', () => {
  test('prints what a role needs, for one tenant or for all; refuses what is no role or no token', async () => {
    const worker = await stage().cli('nats', 'permissions', '--role', 'worker', '--tenant', 'acme', '--json');
    expect(worker.code).toBe(0);
    const [printed = {}] = jsonLines(worker.out);
    expect(printed).toMatchObject({ roles: ['worker'], node: 'worker', tenant: 'acme', responds: true, publishNot: ['flock.acme.journal.*.*.coordinator'] });
    expect(printed['subscribe']).toEqual(['_INBOX_worker.>', 'tail.flock.acme.journal.>', 'flock.acme.deliver.*.*', 'flock.acme.node.worker']);
    const all = await stage().cli('nats', 'permissions', '--role', 'gateway,coordinator', '--node', 'front');
    expect(all.out).toMatch(/^# For a node with the roles gateway, coordinator, and in its configuration node\.id = "front"\.\n/);
    expect(all.out).toContain('"flock.*.task.>"');
    for (const argv of [['--role', 'chief'], ['--role', 'worker', '--tenant', 'a.b'], []])
      expect(await stage().cli('nats', 'permissions', ...argv)).toMatchObject({ code: 2, out: '' });
  });
});

/** One whose parent was killed stays in the table of processes where nobody waits for it, without a command line. */
function lives(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== '';
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}
