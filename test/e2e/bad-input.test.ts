import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { Peer, readSse } from './peer.ts';
import { type Ended, goalIn, jsonLines, processMaxMs, until, useStage } from './stage.ts';

const stage = useStage();

/** What a refusal looks like to a person and to a script: one line with its code, nothing on stdout. */
function expectRefused({ code, out, err }: Ended, exit: number, codeOfError: string, says: RegExp): void {
  const lines = err.trimEnd().split('\n');
  const told = lines.findIndex((line) => line.endsWith(` (${codeOfError})`));
  expect([code, out, lines[told], lines.slice(told).join('\n')]).toEqual([exit, '', expect.stringMatching(/^flockwork: /), expect.stringMatching(says)]);
  expect(err).not.toMatch(/^ {4}at /m);
}

describe('a command line that is wrong is refused with 2 before anything is made', () => {
  test.each<[string, string[], string, RegExp, Record<string, string>?]>([
    ['an unknown command', ['frobnicate'], 'usage', /unknown command 'frobnicate'/],
    ['an unknown flag', ['run', 'x', '--inputs', 'a'], 'usage', /--inputs.*Did you mean --input\?/],
    ['no goal', ['run'], 'usage', /say what to do/],
    ['an empty goal', ['run', '  '], 'invalid_request', /the goal: must not be empty/],
    ['a goal of 2 MiB', ['run', '-f', 'huge.json'], 'invalid_request', /goal: .*65536/],
    ['a goal file that is not there', ['run', '-f', 'absent.json'], 'input_missing', /absent\.json/],
    ['a goal file that is no JSON', ['run', '-f', 'bad.toml'], 'invalid_json', /bad\.toml/],
    ['0 agents', ['run', 'x', '--agents', '0'], 'invalid_request', /--agents/],
    ['10,000 agents', ['run', 'x', '--agents', '10000'], 'invalid_request', /--agents.*64/],
    ['an unknown strategy', ['run', 'x', '--strategy', 'map-redcue'], 'strategy_unknown', /map-redcue.*did you mean map-reduce\?/],
    ['an unknown quota', ['run', 'x', '--quota', 'maxToken=1'], 'usage', /did you mean maxTokens\?/],
    ['a quota that is no number', ['run', 'x', '--quota', 'maxTokens=many'], 'usage', /must be a number/],
    ['a quota of none', ['run', 'x', '--quota', 'maxTokens=0'], 'invalid_request', /--quota maxTokens/],
    ['a missing input', ['run', 'x', '--input', 'absent'], 'input_missing', /absent does not exist/],
    ['a status that is none', ['goals', '--status', 'asleep'], 'usage', /asleep/],
    ['an address that is none', ['goals', '--connect', 'gopher://x'], 'usage', /ws:\/\/HOST:PORT/],
    ['a token file that is not there', ['goals', '--connect', 'http://127.0.0.1:1', '--token-file', 'absent'], 'usage', /--token-file absent/],
    ['an unknown key', ['run', 'x', '--config', 'key.toml'], 'config_invalid', /key\.toml: http\.prot: unknown key, did you mean http\.port\?/],
    ['bad TOML', ['run', 'x', '--config', 'bad.toml'], 'config_invalid', /bad\.toml:1:6/],
    ['a value out of range', ['start', '--http-port', '70000'], 'config_invalid', /--http-port: .*65535/],
    ['a configuration that is not there', ['run', 'x', '--config', 'absent.toml'], 'config_invalid', /absent\.toml/],
    ['an unknown variable', ['run', 'x'], 'config_invalid', /FLOCKWORK_HTTP_PROT: .*did you mean FLOCKWORK_HTTP_PORT\?/, { FLOCKWORK_HTTP_PROT: '1' }],
    ['another address without tokens', ['start', '--host', '0.0.0.0', '--http-port', '0'], 'bind_refused', /--host 127\.0\.0\.1/],
  ])('%s', async (_, argv, code, says, env = {}) => {
    await stage().write('key.toml', '[http]\nprot = 1\n');
    await stage().write('bad.toml', '[http\nport = 1\n');
    if (argv.includes('huge.json')) await stage().write('huge.json', JSON.stringify({ goal: 'x'.repeat(2 ** 21) }));
    expectRefused(await stage().start(argv, { env }).ended, 2, code, says);
    // Only `start` has looked at its folder by then.
    if (argv[0] !== 'start') await expect(stage().read('.flockwork/flockwork.db')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('what a node refuses', () => {
  test('a profile and a model that are none', async () => {
    expectRefused(await stage().cli('run', 'x', '--profile', 'nobody'), 2, 'profile_unknown', /nobody.*configured are default/);
    expectRefused(await stage().cli('run', 'x', '--model', 'nobody/x'), 2, 'model_unknown', /nobody/);
    expect(jsonLines((await stage().cli('goals', '--json')).out)).toEqual([]);
    expectRefused(await stage().cli('cancel', 'nobody'), 1, 'goal_unknown', /nobody/);
    expectRefused(await stage().cli('watch', 'nobody'), 1, 'goal_unknown', /nobody/);
  });

  test('a port in use: the flag is named, and the folder is free again', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const address = taken.address();
    const port = String(typeof address === 'object' && address !== null ? address.port : 0);
    expectRefused(await stage().cli('start', '--http-port', port), 2, 'port_in_use', new RegExp(`port ${port} .*--http-port`));
    taken.close();
    expect((await stage().cli('goals')).code).toBe(0);
  });

  test('nobody there', async () => {
    expectRefused(await stage().cli('goals'), 1, 'no_node', /no such data folder/);
    expectRefused(await stage().cli('goals', '--connect', 'ws://127.0.0.1:9/v1/ws'), 1, 'no_node', /ws:\/\/127\.0\.0\.1:9/);
    expectRefused(await stage().cli('submit', 'x'), 1, 'no_node', /flockwork start/);
  });

  test('wrong tokens, over both transports, and never as an argument', { timeout: 2 * processMaxMs }, async () => {
    await stage().write('tokens', 'acme secret-of-acme\n');
    await stage().write('flockwork.toml', '[auth]\nmode = "token"\ntokenFile = "tokens"\n');
    const node = await stage().node();
    for (const connect of [node.http, node.ws]) {
      expectRefused(await stage().cli('goals', '--connect', connect), 2, 'unauthorized', /FLOCKWORK_TOKEN/);
      expectRefused(await stage().start(['goals', '--connect', connect], { env: { FLOCKWORK_TOKEN: 'wrong' } }).ended, 2, 'unauthorized', /FLOCKWORK_TOKEN/);
      expect(await stage().start(['goals', '--connect', connect], { env: { FLOCKWORK_TOKEN: 'secret-of-acme' } }).ended).toMatchObject({ code: 0 });
    }
    await stage().write('token', 'secret-of-acme\n');
    expect(await stage().cli('goals', '--token-file', 'token')).toMatchObject({ code: 0 });
    expectRefused(await stage().cli('goals', '--token', 'secret-of-acme'), 2, 'usage', /unknown option/);
    expect(node.out() + node.err()).not.toContain('secret-of-acme');
  });
});

describe('inputs that are no text', () => {
  test('binary and huge files are taken along, named as what they are, and never break a goal', { timeout: 2 * processMaxMs }, async () => {
    const bytes = Buffer.alloc(3_000_000);
    for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32LE((at * 2_654_435_761) >>> 0, at);
    await stage().write('picture.bin', bytes);
    await stage().write('long.txt', `${'x'.repeat(5_000_000)}\nTODO after a very long line\n`);
    await stage().write('latin.txt', Buffer.from('caf\xe9 TODO latin\n', 'latin1'));
    await stage().write('notes.txt', 'TODO in the notes\n');
    const run = await stage().cli('run', 'Find every TODO', '--input', '.');
    expect([run.code, run.out]).toEqual([0, expect.stringMatching(/`notes\.txt:1` — TODO in the notes/)]);
    expect(run.err).toMatch(/input \.: 4 files, 8\.0 MB/);
    // What was too large to search is not passed over in silence.
    expect(run.out).toMatch(/^Note: .*long\.txt/m);
  });

  test('bounds on files and bytes are told before anything is sent', async () => {
    await stage().write('a.txt', 'x'.repeat(2_000));
    expectRefused(
      await stage().start(['run', 'x', '--input', 'a.txt'], { env: { FLOCKWORK_WORKSPACE_BYTES_MAX: '1000' } }).ended,
      2,
      'input_too_large',
      /a\.txt has more than 1000 bytes/,
    );
    const text = await stage().start(['run', 'x', '--input', '-'], { stdin: 'x'.repeat(600_000) }).ended;
    expectRefused(text, 2, 'input_too_large', /standard input/);
    expectRefused(await stage().start(['run', 'x', '--input', '-'], { stdin: new Uint8Array([0xff, 0xfe, 0x00]) }).ended, 2, 'file_binary', /not UTF-8/);
    expect(jsonLines((await stage().cli('goals', '--json')).out)).toEqual([]);
  });

  test('a reused idempotency key with another goal', { timeout: 2 * processMaxMs }, async () => {
    await stage().node();
    const first = await stage().cli('submit', 'one', '--idempotency-key', 'k');
    const same = await stage().cli('submit', 'one', '--idempotency-key', 'k');
    expect([first.code, same.out]).toEqual([0, first.out]);
    expectRefused(await stage().cli('submit', 'two', '--idempotency-key', 'k'), 1, 'idempotency_conflict', /another body/);
  });
});

describe('peers that misbehave', () => {
  test('a flood, silent peers and slow readers are bounded; whoever behaves is served', { timeout: 2 * processMaxMs }, async () => {
    await stage().write('flockwork.toml', '[limits]\nconnectionsMax = 20\n');
    const node = await stage().node();
    const watched = await stage().cli('submit', 'hello', '--watch', '--json');
    const id = goalIn(watched.err);
    // Some never open, some are half a request, some ask and do not read.
    const peers = await Promise.allSettled(Array.from({ length: 60 }, () => Peer.connect(node.ws)));
    const taken = peers.flatMap((peer) => (peer.status === 'fulfilled' ? [peer.value] : []));
    expect(taken.length).toBeGreaterThan(0);
    // Who has not opened makes room for those who come.
    await until('no more are left than may be', () => taken.filter(({ closed }) => closed === undefined).length <= 20);
    const newcomer = await Peer.open(node.ws);
    for (const peer of taken) if (peer.closed === undefined) peer.socket.send('not json');
    await until('each is answered', () =>
      taken.every(({ messages, closed }) => closed !== undefined || messages.some(({ error }) => error?.data.code === 'invalid_json')),
    );
    for (const peer of [...taken, newcomer]) peer.close();
    await until('they are gone', async () => /flockwork_gateway_connections 0$/m.test(await (await fetch(`${node.http}/metrics`)).text().catch(() => '')));
    const metrics = await (await fetch(`${node.http}/metrics`)).text();
    expect(metrics).toMatch(/flockwork_gateway_refused_total\{[^}]*connection_evicted[^}]*\} [1-9]/);
    expect((await readSse(`${node.http}/v1/goals/${id}/events`)).length).toBe(jsonLines(watched.out).length - 1);
    expect(node.err()).not.toMatch(/Error/);
  });
});
