import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Fixture, startFixture, until } from './fixture.ts';
import { RpcPeer } from './rpc-peer.ts';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture.stop());

const code = (message: { error?: { data: { code: string } } }): string | undefined => message.error?.data.code;

describe('connection.open', () => {
  test('answers version, node, tenant and limits', async () => {
    const peer = await RpcPeer.connect(fixture.gateway.wsUrl);
    const { result } = await peer.call('connection.open', { version: 1 });
    expect(result).toMatchObject({ version: 1, node: 'node-1', tenant: 'default', limits: { requestsInFlightMax: 64, blobChunkBytesMax: 524_288 } });
    await peer.close();
  });

  test('a method before it is refused, a second one too, a wrong version may be corrected', async () => {
    const peer = await RpcPeer.connect(fixture.gateway.wsUrl);
    const early = await peer.call('ping');
    expect(early.error).toMatchObject({ code: -32_000, data: { code: 'not_open', retryable: false } });
    const version = await peer.call('connection.open', { version: 2 });
    expect(version.error?.data).toMatchObject({ code: 'version_unsupported', details: { versions: [1] } });
    expect((await peer.call('connection.open', { version: 1 })).result).toBeDefined();
    expect(code(await peer.call('connection.open', { version: 1 }))).toBe('already_open');
    expect((await peer.call('ping')).result).toEqual({});
    await peer.close();
  });

  test('a connection that does not open in time is told so and closed', async () => {
    const slow = await startFixture({ limits: { openMaxMs: 40 } });
    const peer = await RpcPeer.connect(slow.gateway.wsUrl);
    await until('it is closed', () => peer.closed !== undefined);
    expect(peer.messages[0]).toMatchObject({ id: null, error: { data: { code: 'open_timeout' } } });
    expect(peer.closed).toMatchObject({ code: 1008, reason: expect.stringContaining('open_timeout') });
    await slow.stop();
  });
});

describe('requests', () => {
  test('bad ones list every path', async () => {
    const peer = await RpcPeer.open(fixture.gateway.wsUrl);
    const { error } = await peer.call('goal.submit', { goal: ' ', agents: 0, quota: { maxTicks: 0, bogus: 1 }, other: true });
    expect(error).toMatchObject({ code: -32_602, data: { code: 'invalid_request' } });
    const issues = error?.data.details?.issues as { path: string }[];
    const paths = issues.map(({ path }) => path);
    expect(paths.sort()).toEqual(['agents', 'goal', 'other', 'quota.bogus', 'quota.maxTicks']);
    const nested = await peer.call('goal.submit', { goal: 'x', strategy: { type: 'map-reduce', fanIn: 1 } });
    expect(nested.error?.data.details?.issues).toMatchObject([{ path: 'strategy.fanIn' }]);
    await peer.close();
  });

  test('an unknown strategy has its own code', async () => {
    const peer = await RpcPeer.open(fixture.gateway.wsUrl);
    const named = await peer.call('goal.submit', { goal: 'x', strategy: 'swarmy' });
    expect(named.error?.data).toMatchObject({ code: 'strategy_unknown', details: { strategies: expect.arrayContaining(['map-reduce']) } });
    expect(code(await peer.call('goal.submit', { goal: 'x', strategy: { type: 'swarmy' } }))).toBe('strategy_unknown');
    await peer.close();
  });

  test('unknown methods, envelopes that are none, and batches are refused by code', async () => {
    const peer = await RpcPeer.open(fixture.gateway.wsUrl);
    expect((await peer.call('goal.destroy')).error).toMatchObject({ code: -32_601, data: { code: 'method_unknown' } });
    peer.send(JSON.stringify({ jsonrpc: '1.0', id: 'x', method: 'ping', extra: 1 }));
    expect(code(await peer.answer('x'))).toBe('invalid_request');
    peer.send(JSON.stringify([{ jsonrpc: '2.0', id: 5, method: 'ping' }]));
    expect(code(await peer.answer(null))).toBe('invalid_request');
    await peer.close();
  });

  test('garbage, deep JSON, invalid UTF-8 and binary frames are answered, and the connection goes on', async () => {
    const peer = await RpcPeer.open(fixture.gateway.wsUrl);
    const sent: [string | Uint8Array, boolean, string][] = [
      ['{"jsonrpc":', false, 'invalid_json'],
      [`{"a":${'['.repeat(64)}${']'.repeat(64)}}`, false, 'invalid_json'],
      [Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), false, 'invalid_json'],
      [Buffer.from('{}'), true, 'invalid_request'],
      [JSON.stringify({ jsonrpc: '2.0', method: '__proto__' }), false, ''],
    ];
    for (const [data, binary] of sent) peer.send(data, binary);
    expect((await peer.call('ping')).result).toEqual({});
    const codes = peer.messages.filter(({ id }) => id === null).map(code);
    // The last one is a notification: nobody asked for an answer.
    expect(codes).toEqual(sent.map(([, , expected]) => expected).filter((expected) => expected !== ''));
    await peer.close();
  });

  test('brackets inside strings are not depth', async () => {
    const peer = await RpcPeer.open(fixture.gateway.wsUrl);
    const { result } = await peer.call('goal.submit', { goal: `\\"${'[{'.repeat(200)}\\` });
    expect(result).toEqual({ id: expect.any(String) });
    await peer.close();
  });

  test('a message above 1 MiB ends that connection only', async () => {
    const [large, other] = await Promise.all([RpcPeer.open(fixture.gateway.wsUrl), RpcPeer.open(fixture.gateway.wsUrl)]);
    large.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'goal.submit', params: { goal: 'x'.repeat(2_097_152) } }));
    await until('it is closed', () => large.closed !== undefined);
    expect(large.closed?.code).toBe(1009);
    expect((await other.call('ping')).result).toEqual({});
    await other.close();
  });

  test('what is no failure of ours is answered without its text', async () => {
    const peer = await RpcPeer.open(fixture.gateway.wsUrl);
    const { nodes } = fixture.host;
    fixture.host.nodes = () => Promise.reject(new TypeError('secret path /etc/keys'));
    const { error } = await peer.call('node.list');
    fixture.host.nodes = nodes;
    expect(error).toMatchObject({ code: -32_603, data: { code: 'internal' } });
    expect(JSON.stringify(error)).not.toContain('secret');
    expect(String(fixture.faults.at(-1))).toContain('secret path');
    await peer.close();
  });
});

describe('the methods', () => {
  test('answer what the node answers', async () => {
    const peer = await RpcPeer.open(fixture.gateway.wsUrl);
    const submitted = await peer.call('goal.submit', { goal: 'do it', idempotencyKey: 'key-1' });
    const goalId = String(submitted.result?.id);
    expect((await peer.call('goal.submit', { goal: 'do it', idempotencyKey: 'key-1' })).result).toEqual({ id: goalId });
    expect(code(await peer.call('goal.submit', { goal: 'do other', idempotencyKey: 'key-1' }))).toBe('idempotency_conflict');
    expect((await peer.call('goal.get', { goalId })).result).toMatchObject({ id: goalId, status: 'running' });
    expect((await peer.call('goal.list', { limit: 1 })).result).toMatchObject({ items: [{}], next: expect.any(String) });
    expect((await peer.call('artifact.list', { goalId })).result).toMatchObject({ items: [{ path: 'a.txt' }], patch: null });
    expect((await peer.call('memory.list', { goalId })).result).toMatchObject({ items: [{ key: 'counter' }], next: null });
    expect((await peer.call('memory.get', { goalId, key: 'counter' })).result).toMatchObject({ value: 7 });
    expect(code(await peer.call('memory.get', { goalId, key: '..' }))).toBe('invalid_request');
    expect((await peer.call('goal.verify', { goalId })).result).toMatchObject({ ok: true });
    expect((await peer.call('goal.replay', { goalId })).result).toMatchObject({ ok: true });
    expect((await peer.call('message.send', { goalId, text: 'hello' })).result).toEqual({ id: 'm1' });
    expect((await peer.call('node.list')).result).toMatchObject({ items: [{ id: 'node-1' }] });
    expect((await peer.call('config.get')).result).toMatchObject({ hash: 'h' });
    expect(code(await peer.call('goal.resume', { goalId, quota: { maxTokens: 5 } }))).toBe('goal_not_paused');
    expect(fixture.host.received.at(-1)).toEqual({ method: 'resume', tenant: 'default', params: { goalId, quota: { maxTokens: 5 } } });
    expect((await peer.call('goal.cancel', { goalId, reason: 'enough' })).result).toEqual({ id: goalId });
    expect(code(await peer.call('goal.cancel', { goalId }))).toBe('goal_ended');
    for (const unknown of ['nope', 'a.b', '>', '*']) {
      expect(code(await peer.call('goal.get', { goalId: unknown }))).toBe('goal_unknown');
      expect(code(await peer.call('goal.watch', { goalId: unknown }))).toBe('goal_unknown');
    }
    await peer.close();
  });

  test('a list of large goals is cut so that it fits a message, and loses none', async () => {
    const wide = await startFixture();
    const peer = await RpcPeer.open(wide.gateway.wsUrl);
    for (let at = 0; at < 30; at++) await wide.host.submit('default', { goal: `${at} ${'x'.repeat(60_000)}` });
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const { result } = await peer.call('goal.list', { limit: 30, ...(after === undefined ? {} : { after }) });
      const page = result as { items: { id: string }[]; next: string | null };
      seen.push(...page.items.map(({ id }) => id));
      after = page.next ?? undefined;
    } while (after !== undefined);
    expect(seen).toEqual([...wide.host.goals.keys()]);
    await peer.close();
    await wide.stop();
  });
});

describe('bounds', () => {
  test('requests in flight, watches of a connection and of the node are refused by name', async () => {
    const small = await startFixture({ limits: { requestsInFlightMax: 2, watchesPerConnectionMax: 1, watchesMax: 2 } });
    const peers = await Promise.all([1, 2, 3].map(() => RpcPeer.open(small.gateway.wsUrl)));
    const [first, second, third] = peers as [RpcPeer, RpcPeer, RpcPeer];
    let letGo = (): void => undefined;
    small.host.hold = new Promise((resolve) => {
      letGo = resolve;
    });
    const waiting = [first.call('node.list'), first.call('node.list')];
    const refused = await first.call('node.list');
    expect(refused.error?.data).toMatchObject({ code: 'too_many_requests', retryable: true, details: { bound: 'requestsInFlightMax', max: 2 } });
    letGo();
    for (const answer of await Promise.all(waiting)) expect(answer.error).toBeUndefined();

    const ids = await Promise.all([1, 2, 3].map(async (at) => (await small.host.submit('default', { goal: `${at}` })).id));
    expect((await first.call('goal.watch', { goalId: ids[0] })).result).toEqual({ goalId: ids[0] });
    expect((await first.call('goal.watch', { goalId: ids[1] })).error?.data.details).toMatchObject({ bound: 'watchesPerConnectionMax' });
    expect((await second.call('goal.watch', { goalId: ids[1] })).error).toBeUndefined();
    expect((await third.call('goal.watch', { goalId: ids[2] })).error?.data.details).toMatchObject({ bound: 'watchesMax' });
    await second.close();
    await until('the watch is free again', async () => (await third.call('goal.watch', { goalId: ids[2] })).error === undefined);
    await small.stop();
  });

  test('a flood of connections is refused and the others live on', async () => {
    const small = await startFixture({ limits: { connectionsMax: 5 } });
    const peers = await Promise.all(Array.from({ length: 5 }, () => RpcPeer.open(small.gateway.wsUrl)));
    const flood = await Promise.allSettled(Array.from({ length: 150 }, () => RpcPeer.connect(small.gateway.wsUrl)));
    expect(flood.every(({ status }) => status === 'rejected')).toBe(true);
    expect(flood.some((outcome) => outcome.status === 'rejected' && String(outcome.reason).includes('429'))).toBe(true);
    for (const peer of peers) expect((await peer.call('ping')).result).toEqual({});
    await Promise.all(peers.map((peer) => peer.close()));
    let late: RpcPeer | undefined;
    await until('there is room again', async () => {
      late = await RpcPeer.open(small.gateway.wsUrl).catch(() => undefined);
      return late !== undefined;
    });
    expect(small.gateway.dispatcher.parts.counters.refusedTotal.get('too_many_requests')).toBeGreaterThan(0);
    await small.stop();
  });
});
