import { createHash, randomBytes } from 'node:crypto';
import { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { methodParams } from '../../../protocols/wire/methods.ts';
import { httpCall } from '../../../src/client/http-routes.ts';
import { type Fixture, startFixture, until } from './fixture.ts';
import { RpcPeer } from './rpc-peer.ts';

let fixture: Fixture;
let base: string;
beforeAll(async () => {
  fixture = await startFixture();
  base = fixture.gateway.httpUrl;
});
afterAll(() => fixture.stop());

const json = { 'content-type': 'application/json' };
type Body = NonNullable<RequestInit['body']>;
const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(base + path, {
    method: 'POST',
    headers: { ...json, ...headers },
    body: typeof body === 'string' || body instanceof Uint8Array ? (body as Body) : JSON.stringify(body),
  });

async function problem(response: Response): Promise<Record<string, unknown>> {
  expect(response.headers.get('content-type')).toContain('application/problem+json');
  const body = (await response.json()) as Record<string, unknown>;
  expect(body).toMatchObject({
    status: response.status,
    code: expect.any(String),
    retryable: expect.any(Boolean),
    title: expect.any(String),
    detail: expect.any(String),
    type: expect.any(String),
  });
  return body;
}

/** Sends bytes as they are and answers all that comes back. */
async function raw(port: number, bytes: string | Uint8Array): Promise<string> {
  const socket = new Socket();
  let heard = '';
  socket.on('data', (data) => {
    heard += data.toString('latin1');
  });
  socket.on('error', () => socket.destroy());
  socket.connect(port, '127.0.0.1', () => socket.write(bytes));
  await until('the node closed the socket', () => socket.readableEnded || socket.destroyed);
  socket.destroy();
  return heard;
}

describe('goals', () => {
  test('are submitted once per key, listed, read and cancelled', async () => {
    const first = await post('/v1/goals', { goal: 'do it' }, { 'idempotency-key': 'k1' });
    expect(first.status).toBe(202);
    const { id } = (await first.json()) as { id: string };
    expect(first.headers.get('location')).toBe(`/v1/goals/${id}`);
    const again = await post('/v1/goals', { goal: 'do it', idempotencyKey: 'k1' });
    expect([again.status, await again.json()]).toEqual([202, { id }]);
    const other = await post('/v1/goals', { goal: 'do other' }, { 'idempotency-key': 'k1' });
    expect([other.status, (await problem(other)).code]).toEqual([409, 'idempotency_conflict']);
    expect((await post('/v1/goals', { goal: 'x', idempotencyKey: 'a' }, { 'idempotency-key': 'b' })).status).toBe(400);

    expect(await (await fetch(`${base}/v1/goals/${id}`)).json()).toMatchObject({ id, status: 'running', goal: 'do it' });
    await post('/v1/goals', { goal: 'second' });
    const page = (await (await fetch(`${base}/v1/goals?limit=1&status=running`)).json()) as { items: unknown[]; next: string };
    expect(page).toMatchObject({ items: [{ id }], next: expect.any(String) });
    expect(((await (await fetch(`${base}/v1/goals?limit=1&after=${page.next}`)).json()) as { items: unknown[] }).items).toHaveLength(1);

    expect((await problem(await post(`/v1/goals/${id}/resume`, { quota: { maxTokens: 1 } }))).code).toBe('goal_not_paused');
    expect(await (await post(`/v1/goals/${id}/messages`, { text: 'hello' })).json()).toEqual({ id: 'm1' });
    expect(await (await fetch(`${base}/v1/goals/${id}/artifacts`)).json()).toMatchObject({ items: [{ path: 'a.txt' }] });
    expect(await (await fetch(`${base}/v1/goals/${id}/memory?prefix=c&limit=5`)).json()).toMatchObject({ items: [{ key: 'counter', version: 3 }], next: null });
    expect(await (await fetch(`${base}/v1/goals/${id}/memory/counter`)).json()).toMatchObject({ key: 'counter', value: 7 });
    expect((await problem(await fetch(`${base}/v1/goals/${id}/memory/a%2Fb`))).code).toBe('memory_key_unknown');
    expect((await problem(await fetch(`${base}/v1/goals/${id}/memory/a%20b`))).code).toBe('invalid_request');
    expect(await (await fetch(`${base}/v1/goals/${id}/verify`)).json()).toMatchObject({ ok: true });
    expect(await (await fetch(`${base}/v1/goals/${id}/replay`)).json()).toMatchObject({ ok: true });
    const cancelled = await fetch(`${base}/v1/goals/${id}/cancel`, { method: 'POST' });
    expect([cancelled.status, await cancelled.json()]).toEqual([202, { id }]);
    const twice = await post(`/v1/goals/${id}/cancel`, { reason: 'again' });
    expect([twice.status, (await problem(twice)).code]).toEqual([409, 'goal_ended']);
  });

  test('unknown ids are 404 on every route', async () => {
    for (const id of ['nope', 'a.b', 'x'.repeat(300), '%3E']) {
      for (const [method, tail] of [
        ['GET', ''],
        ['GET', '/events'],
        ['GET', '/artifacts'],
        ['GET', '/memory'],
        ['GET', '/memory/counter'],
        ['GET', '/verify'],
        ['GET', '/replay'],
        ['POST', '/cancel'],
        ['POST', '/resume'],
      ] as const) {
        const response = await fetch(`${base}/v1/goals/${id}${tail}`, { method });
        expect([response.status, (await problem(response)).code]).toEqual([404, 'goal_unknown']);
      }
    }
    const blob = await fetch(`${base}/v1/blobs/${'a'.repeat(64)}`);
    expect([blob.status, (await problem(blob)).code]).toEqual([404, 'blob_unknown']);
    const route = await fetch(`${base}/v2/goals`);
    expect([route.status, (await problem(route)).code]).toEqual([404, 'not_found']);
  });

  test('unknown fields and wrong values are 400 and name each path', async () => {
    const cases: [() => Promise<Response>, string[]][] = [
      [() => post('/v1/goals', { goal: '', agents: 10_000, bogus: 1 }), ['agents', 'bogus', 'goal']],
      [() => post('/v1/goals', { goal: 'x', quota: { maxTicks: 'many' } }), ['quota.maxTicks']],
      [() => fetch(`${base}/v1/goals?limit=0&color=red`), ['color', 'limit']],
      [() => post('/v1/goals/g1/cancel', { because: 'x' }), ['because']],
      [() => fetch(`${base}/v1/goals/g1/events?deltas=maybe`), ['deltas']],
    ];
    for (const [ask, paths] of cases) {
      const response = await ask();
      const { code, details } = await problem(response);
      expect([response.status, code]).toEqual([400, 'invalid_request']);
      expect((details as { issues: { path: string }[] }).issues.map(({ path }) => path).sort()).toEqual(paths);
    }
    const strategy = await post('/v1/goals', { goal: 'x', strategy: 'swarmy' });
    expect([strategy.status, (await problem(strategy)).code]).toEqual([400, 'strategy_unknown']);
  });

  test('bodies that are no JSON, too deep, no UTF-8, of another type or too large are refused by code', async () => {
    const cases: [Body, Record<string, string>, number, string][] = [
      ['{"goal":', json, 400, 'invalid_json'],
      [`{"goal":${'['.repeat(100)}${']'.repeat(100)}}`, json, 400, 'invalid_json'],
      [Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), json, 400, 'invalid_json'],
      ['goal=x', { 'content-type': 'application/x-www-form-urlencoded' }, 400, 'invalid_request'],
      ['{"goal":"x"}', { 'content-type': 'text/plain' }, 400, 'invalid_request'],
      [JSON.stringify({ goal: 'x'.repeat(2_097_152) }), json, 413, 'frame_too_large'],
    ];
    for (const [body, headers, status, code] of cases) {
      const response = await fetch(`${base}/v1/goals`, { method: 'POST', headers, body });
      expect([response.status, (await problem(response)).code]).toEqual([status, code]);
    }
    const count = fixture.host.goals.size;
    expect((await post('/v1/goals', undefined as unknown as string, {})).status).toBe(400);
    expect(fixture.host.goals.size).toBe(count);
  });
});

describe('blobs', () => {
  test('go in raw and come back the same, never as something a browser runs', async () => {
    const bytes = randomBytes(700_000);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const stored = await fetch(`${base}/v1/blobs`, { method: 'POST', headers: { 'content-type': 'application/octet-stream' }, body: bytes });
    expect(await stored.json()).toEqual({ sha256 });
    const back = await fetch(`${base}/v1/blobs/${sha256}`);
    expect(back.headers.get('content-type')).toBe('application/octet-stream');
    expect(back.headers.get('content-disposition')).toBe('attachment');
    expect(Buffer.from(await back.arrayBuffer()).equals(bytes)).toBe(true);
    const large = await fetch(`${base}/v1/blobs`, { method: 'POST', headers: { 'content-type': 'application/octet-stream' }, body: randomBytes(1_048_577) });
    expect([large.status, (await problem(large)).code]).toEqual([413, 'frame_too_large']);
  });

  test('larger ones go in chunks, in order, and must have the announced hash', async () => {
    const bytes = randomBytes(1_500_000);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const put = async (offset: number, to: number, hash = sha256): Promise<[number, Record<string, unknown>]> => {
      const url = `${base}/v1/blobs/${hash}?offset=${offset}&size=${bytes.length}`;
      const response = await fetch(url, { method: 'PUT', headers: { 'content-type': 'application/octet-stream' }, body: bytes.subarray(offset, to) });
      return [response.status, (await response.json()) as Record<string, unknown>];
    };
    expect(await put(0, 0)).toEqual([200, { sha256, complete: false, received: 0 }]);
    expect(await put(0, 500_000)).toEqual([200, { sha256, complete: false, received: 500_000 }]);
    expect(await put(0, 500_000)).toEqual([200, { sha256, complete: false, received: 500_000 }]);
    expect((await put(900_000, 1_000_000))[1]).toMatchObject({ code: 'invalid_request', details: { received: 500_000 } });
    expect(await put(400_000, 1_300_000)).toEqual([200, { sha256, complete: false, received: 1_300_000 }]);
    expect(await put(1_300_000, 1_500_000)).toEqual([200, { sha256, complete: true, received: 1_500_000 }]);
    expect(await put(0, 0)).toEqual([200, { sha256, complete: true, received: 1_500_000 }]);
    expect(Buffer.from(await (await fetch(`${base}/v1/blobs/${sha256}`)).arrayBuffer()).equals(bytes)).toBe(true);
    const wrong = 'b'.repeat(64);
    await put(0, 1_000_000, wrong);
    expect((await put(1_000_000, 1_500_000, wrong))[1]).toMatchObject({ code: 'blob_mismatch' });
    expect((await fetch(`${base}/v1/blobs/${wrong}`)).status).toBe(404);
  });
});

describe('the node', () => {
  test('health, readiness, figures, nodes and configuration', async () => {
    expect(await (await fetch(`${base}/healthz`)).json()).toMatchObject({ status: 'ok' });
    expect(await (await fetch(`${base}/readyz`)).json()).toEqual({ ready: true, reasons: [] });
    fixture.host.reasons = ['no shard yet'];
    const notReady = await fetch(`${base}/readyz`);
    expect([notReady.status, await notReady.json()]).toEqual([503, { ready: false, reasons: ['no shard yet'] }]);
    fixture.host.reasons = [];
    const metrics = await (await fetch(`${base}/metrics`)).text();
    expect(metrics).toContain(`# TYPE flockwork_goals gauge\nflockwork_goals ${fixture.host.goals.size}\n`);
    expect(metrics).toMatch(/# TYPE flockwork_gateway_requests_total counter\nflockwork_gateway_requests_total \d+\n/);
    expect(await (await fetch(`${base}/v1/nodes`)).json()).toMatchObject({ items: [{ id: 'node-1' }] });
    expect(await (await fetch(`${base}/v1/config`)).json()).toMatchObject({ hash: 'h' });
    expect(await (await fetch(`${base}/v1/connection`)).json()).toMatchObject({ version: 1, tenant: 'default' });
    // This gateway was started without an inspector; it says so rather than nothing.
    const page = await fetch(base);
    expect(page.headers.get('content-type')).toContain('text/plain');
  });

  test('openapi.json is 3.1 and has a route for every method', async () => {
    const api = (await (await fetch(`${base}/openapi.json`)).json()) as { openapi: string; paths: Record<string, Record<string, unknown>> };
    expect(api.openapi).toBe('3.1.0');
    expect(JSON.stringify(api.paths['/v1/goals']?.['post'])).toContain('"additionalProperties":false');
    const described: Record<string, string> = {
      'connection.open': 'GET /v1/connection',
      'goal.watch': 'GET /v1/goals/{id}/events',
      'goal.unwatch': 'GET /v1/goals/{id}/events',
      'blob.get': 'GET /v1/blobs/{sha256}',
    };
    for (const method of Object.keys(methodParams)) {
      const { method: verb, path } =
        described[method] === undefined
          ? httpCall(method, { goalId: 'GOAL', id: 'GOAL', key: 'KEY', sha256: 'HASH', data: '' })
          : { method: String(described[method]?.split(' ')[0]), path: String(described[method]?.split(' ')[1]) };
      const route = path.split('?')[0]?.replace('GOAL', '{id}').replace('KEY', '{key}').replace('HASH', '{sha256}') ?? '';
      expect(api.paths[route]?.[verb.toLowerCase()], `${method}: ${verb} ${route}`).toBeDefined();
    }
  });

  test('garbage instead of HTTP is answered and closed', async () => {
    const answer = await raw(fixture.gateway.port, 'EHLO there\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect(answer).toContain('"code":"invalid_request"');
    expect(await raw(fixture.gateway.port, `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`)).toContain('invalid_request');
    expect((await fetch(`${base}/healthz`)).status).toBe(200);
  });

  test('an SSE stream that is silent sends comments', async () => {
    const brisk = await startFixture({ limits: { sseCommentMs: 20 } });
    const { id } = await brisk.host.submit('default', { goal: 'quiet' });
    const response = await fetch(`${brisk.gateway.httpUrl}/v1/goals/${id}/events`);
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    let text = '';
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk;
      if (text.split('\n: still here\n').length > 2) break;
    }
    expect(text).toMatch(/^id: .*\ndata: \{.*\}\n\n: still here\n\n/);
    await brisk.stop();
  });

  test('too many connections and too many requests are told so', async () => {
    const small = await startFixture({ limits: { connectionsMax: 2, requestsInFlightTotalMax: 1 } });
    let letGo = (): void => undefined;
    small.host.hold = new Promise((resolve) => {
      letGo = resolve;
    });
    const waiting = fetch(`${small.gateway.httpUrl}/v1/nodes`);
    await until('one is in flight', () => small.gateway.dispatcher.parts.counters.requestsInFlight === 1);
    const busy = await fetch(`${small.gateway.httpUrl}/v1/nodes`);
    expect([busy.status, (await problem(busy)).details]).toEqual([429, { bound: 'requestsInFlightTotalMax', max: 1 }]);
    expect(busy.headers.get('retry-after')).toBe('1');
    letGo();
    expect((await waiting).status).toBe(200);
    const opened = await Promise.all([1, 2].map(() => RpcPeer.open(small.gateway.wsUrl)));
    const refused = await raw(small.gateway.port, 'GET /v1/ping HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect(refused).toMatch(/^HTTP\/1.1 429 /);
    expect(refused).toContain('connectionsMax');
    for (const peer of opened) await peer.close();
    await small.stop();
  });
});
