import { readdir, readFile, stat } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { type Ended, goalIn, jsonLines, type LiveNode, processMaxMs, until, useStage } from './stage.ts';

const stage = useStage();
/** What every client command is: an exit code, and a result on stdout that a program can read. */
const read = ({ code, out, err }: Ended): Record<string, unknown>[] => {
  expect([code, err]).toEqual([0, expect.any(String)]);
  return jsonLines(out);
};

describe('start', () => {
  test('says where it listens, then ready; leaves its endpoints and pid for nobody else; takes them away at the end', async () => {
    const node = await stage().node();
    expect(node.out().split('\n')).toEqual([
      expect.stringMatching(/^http {2}http:\/\/127\.0\.0\.1:\d+$/),
      expect.stringMatching(/^ws {4}ws:\/\/127\.0\.0\.1:\d+\/v1\/ws$/),
      expect.stringMatching(/^ready\b/),
      '',
    ]);
    expect(node.err().split('\n')[0]).toMatch(/^flockwork: model offline\/\S+ \(.+\) · bus embedded · data \/.+ · quota /);
    // Each accepts by then.
    expect((await fetch(`${node.http}/readyz`)).status).toBe(200);
    const files = { endpoints: stage().path('.flockwork/endpoints.json'), pid: stage().path('.flockwork/node.pid') };
    for (const file of Object.values(files)) expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(stage().data)).mode & 0o777).toBe(0o700);
    expect(JSON.parse(await readFile(files.endpoints, 'utf8'))).toMatchObject({ pid: node.child.pid, http: node.http, ws: node.ws });
    expect((await readFile(files.pid, 'utf8')).trim()).toBe(String(node.child.pid));
    node.child.kill('SIGTERM');
    expect(await node.ended).toMatchObject({ code: 0, err: expect.not.stringContaining('Error') });
    expect((await readdir(stage().data)).filter((name) => /endpoints|pid/.test(name))).toEqual([]);
  });

  test('--json gives the same as lines of JSON', async () => {
    const node = stage().start(['start', '--http-port', '0', '--quic-port', '0', '--json']);
    await until('it is ready', () => node.out().includes('"ready"'));
    expect(jsonLines(node.out())).toMatchObject([
      { type: 'endpoint', name: 'http', address: expect.stringMatching(/^http:/) },
      { type: 'endpoint', name: 'ws', address: expect.stringMatching(/^ws:/) },
      { type: 'endpoint', name: 'quic', address: expect.stringMatching(/^\/ip4\/127\.0\.0\.1\/udp\/\d+\/quic-v1\/p2p\/\w+$/) },
      { type: 'ready', pid: node.child.pid },
    ]);
    node.child.kill('SIGTERM');
    expect((await node.ended).code).toBe(0);
  });

  test('SIGTERM drains: who is at work may end, nothing new is taken, and the next node goes on without asking again', {
    timeout: 2 * processMaxMs,
  }, async () => {
    let answer = (): void => undefined;
    const asked = new Promise<void>((resolve) => (answer = resolve));
    const { model, env } = await stage().model({ script: () => asked.then(() => ({ text: 'said back' })) });
    const node = await stage().node(['--model', 'openai/any'], { env });
    const post = (goal: string): Promise<Response> =>
      fetch(`${node.http}/v1/goals`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ goal, strategy: 'single' }) });
    const { id } = (await (await post('say it back')).json()) as { id: string };
    await until('the model is asked', () => model.calls.length === 1);
    node.child.kill('SIGTERM');
    await until('it drains', async () => (await fetch(`${node.http}/readyz`)).status === 503);
    const refused = await post('too late');
    expect([refused.status, await refused.json()]).toEqual([503, expect.objectContaining({ code: 'draining', retryable: true })]);
    answer();
    expect((await node.ended).code).toBe(0);
    expect(model.calls).toMatchObject([{ answered: true, clientLeft: false }]);

    const next = await stage().node(['--model', 'openai/any'], { env });
    await until('the goal is complete', async () => ((await (await fetch(`${next.http}/v1/goals/${id}`)).json()) as { status: string }).status === 'completed');
    expect(model.calls).toHaveLength(1);
  });

  test('a second SIGTERM ends it at once, and no answer that was given is lost', { timeout: 2 * processMaxMs }, async () => {
    const { model, env } = await stage().model();
    const node = await stage().node(['--model', 'openai/hang'], { env });
    const submitted = read(await stage().cli('submit', 'hang', '--json'));
    await until('the model is asked', () => model.calls.length === 1);
    node.child.kill('SIGTERM');
    await until('it drains', () => node.err().includes('draining'));
    node.child.kill('SIGTERM');
    expect((await node.ended).code).toBe(130);
    expect(read(await stage().cli('goals', '--json'))).toMatchObject([{ id: submitted[0]?.['id'], status: 'running' }]);
  });
});

describe('clients in other processes', () => {
  test('every command, over HTTP, over WebSocket and through the data folder', { timeout: 4 * processMaxMs }, async () => {
    const node = await stage().node();
    await stage().write('notes.txt', 'first line\nTODO water the plants\n');
    const addresses: (keyof LiveNode | 'folder')[] = ['http', 'ws', 'folder'];
    const seen = await Promise.all(
      addresses.map(async (kind) => {
        const connect = kind === 'folder' ? [] : ['--connect', String(node[kind])];
        const cli = (...argv: string[]): Promise<Ended> => stage().cli(...argv, ...connect);
        const submitted = await cli('submit', `Find every TODO, asked over ${kind}`, '--input', 'notes.txt', '--watch', '--json');
        const lines = read(submitted);
        const id = goalIn(submitted.err);
        expect(lines.at(-1)).toMatchObject({ type: 'result', id, status: 'completed', result: expect.stringContaining('notes.txt:2') });

        const middle = Math.floor(lines.length / 2);
        const rest = read(await cli('watch', id, '--after', String(lines[middle]?.['cursor']), '--json'));
        expect(rest).toEqual(lines.slice(middle + 1));
        expect(read(await cli('goals', '--json')).map((goal) => goal['id'])).toContain(id);
        const ended = await cli('cancel', id);
        expect([ended.code, ended.out, ended.err]).toEqual([1, '', expect.stringMatching(/^flockwork: goal .* has already completed \(goal_ended\)\n$/)]);
        expect(read(await cli('artifacts', id, '--json'))).toEqual([]);
        const replayed = read(await cli('replay', id, '--json'));
        expect(replayed).toMatchObject([{ goalId: id, ok: true, actors: [{ actor: 'agent-t0-1' }, { actor: 'coordinator' }] }]);
        const verified = await cli('audit', 'verify', id);
        expect([verified.code, verified.out, verified.err]).toEqual([
          0,
          expect.stringMatching(/intact {2}2 actors, \d+ records\n$/),
          expect.stringContaining('cannot be proven complete'),
        ]);
        return { id, replayed };
      }),
    );
    // What replay finds does not depend on the way it was asked.
    expect(new Set(seen.map(({ id }) => id)).size).toBe(3);

    const [row] = read(await stage().cli('nodes', '--json', '--connect', node.ws));
    expect(row).toMatchObject({ roles: ['gateway', 'coordinator', 'worker'], shards: 64, load: { goals: 0, agents: 0 } });
    expect(await stage().cli('config', 'get', 'http.port', '--connect', node.http)).toMatchObject({ code: 0, out: '0\n' });
    expect(await stage().cli('config', 'get', 'http.port', '--origin', '--connect', node.http)).toMatchObject({ out: expect.stringContaining('--http-port') });
    const findings = read(await stage().cli('doctor', '--json'));
    expect(findings).toContainEqual({ check: 'store', state: 'ok', detail: expect.stringContaining(`pid ${node.child.pid}`) });
    const viaEnvironment = await stage().start(['goals', '--json'], { env: { FLOCKWORK_CONNECT: node.http }, cwd: '/' }).ended;
    expect(read(viaEnvironment)).toHaveLength(3);
  });

  test('`run` on the folder of a live node submits to it and says so; a second node is refused and leaves the first alone', {
    timeout: 2 * processMaxMs,
  }, async () => {
    const node = await stage().node();
    const run = await stage().cli('run', 'say hello', '--json');
    expect(run).toMatchObject({
      code: 0,
      err: expect.stringMatching(/^flockwork: a node already works on .+; the goal goes to it, at ws:\/\/.+ · quota 10 rounds/),
    });
    const lines = jsonLines(run.out);
    expect(lines.at(-1)).toMatchObject({ type: 'result', status: 'completed' });
    const second = await stage().cli('start', '--http-port', '0');
    expect(second).toMatchObject({ code: 2, out: '', err: expect.stringMatching(/^flockwork: .*(data_dir_locked)\)\n$/s) });
    expect(((await (await fetch(`${node.http}/v1/goals`)).json()) as { items: unknown[] }).items).toHaveLength(1);
    expect(read(await stage().cli('nodes', '--json'))).toHaveLength(1);
  });

  test('a goal that is cancelled from elsewhere ends for its watcher, and the model call in flight is ended too', { timeout: 2 * processMaxMs }, async () => {
    const { model, env } = await stage().model();
    await stage().node(['--model', 'openai/hang'], { env });
    const watcher = stage().start(['submit', 'wait for ever', '--watch', '--json']);
    await until('the model is asked', () => model.calls.length === 1);
    const id = goalIn(watcher.err());
    expect(await stage().cli('cancel', id, '--reason', 'wrong folder')).toMatchObject({ code: 0, out: `${id} cancelled\n` });
    const { code, out } = await watcher.ended;
    const lines = jsonLines(out);
    expect([code, lines.at(-2)]).toEqual([1, expect.objectContaining({ type: 'goal.cancelled', data: expect.objectContaining({ reason: 'wrong folder' }) })]);
    expect(lines.at(-1)).toMatchObject({ type: 'result', id, status: 'cancelled', error: { code: 'cancelled' } });
    await until('the model sees that its client has left', () => model.calls[0]?.clientLeft === true);
  });
});

test('mock-model is a model server of its own: rules from a file, an environment that names it, SIGTERM ends it', { timeout: 2 * processMaxMs }, async () => {
  await stage().write('rules.json', JSON.stringify([{ when: { user: 'hello' }, reply: { text: 'hello yourself' } }]));
  const server = stage().start(['mock-model', '--script', 'rules.json']);
  await until('it is ready', () => /^ready/m.test(server.out()));
  const baseUrl = /^http {2}(\S+)/.exec(server.out())?.[1] ?? '';
  // With a base URL and no model named, the first that the server lists.
  const run = await stage().start(['run', 'say hello', '--strategy', 'single'], { env: { OPENAI_BASE_URL: baseUrl } }).ended;
  expect([run.code, run.out, run.err]).toEqual([0, 'hello yourself\n', expect.stringMatching(/^flockwork: model openai\/\S+ \(/)]);
  server.child.kill('SIGTERM');
  expect((await server.ended).code).toBe(0);
});
