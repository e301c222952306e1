import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { startGateway } from '../../../src/gateway/index.ts';
import { startFixture, until } from './fixture.ts';
import { RpcPeer } from './rpc-peer.ts';

/** fetch does not let a Host header through. */
function get(port: number, headers: Record<string, string>): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', path: '/v1/goals', headers }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    })
      .on('error', reject)
      .end();
  });
}

describe('loopback', () => {
  test('answers only to loopback names and to its own page', async () => {
    const fixture = await startFixture({ auth: { mode: 'loopback', originsAllowed: ['http://localhost:5173'] } });
    const { port, wsUrl } = fixture.gateway;
    for (const host of ['localhost', `127.0.0.1:${port}`, '[::1]:9', '127.5.5.5', 'LOCALHOST:1']) expect((await get(port, { host })).status).toBe(200);
    for (const host of ['evil.example', `127.0.0.1.evil.example:${port}`, 'localhost.evil.example', '10.0.0.1']) {
      const { status, body } = await get(port, { host });
      expect([status, (JSON.parse(body) as { code: string }).code]).toEqual([403, 'forbidden']);
    }
    expect((await get(port, { host: `localhost:${port}`, origin: `http://localhost:${port}` })).status).toBe(200);
    expect((await get(port, { host: `localhost:${port}`, origin: 'http://localhost:5173' })).status).toBe(200);
    for (const origin of ['https://evil.example', 'null', 'http://localhost:1', 'http://evil.example:80'])
      expect((await get(port, { host: `localhost:${port}`, origin })).status).toBe(403);

    for (const headers of [{ origin: 'https://evil.example' }, { host: 'evil.example' }])
      await expect(RpcPeer.connect(wsUrl, { headers })).rejects.toThrow('403');
    await expect(RpcPeer.connect(wsUrl.replace('/v1/ws', '/v2/ws'))).rejects.toThrow('404');
    const own = await RpcPeer.connect(wsUrl, { headers: { origin: fixture.gateway.httpUrl } });
    expect((await own.call('connection.open', { version: 1 })).result).toBeDefined();
    await own.close();
    await fixture.stop();
  });
});

describe('token', () => {
  const hashed = 'token-of-beta';
  const auth = {
    mode: 'token' as const,
    tokens: [
      { tenant: 'alpha', token: 'token-of-alpha' },
      { tenant: 'beta', sha256: createHash('sha256').update(hashed).digest('hex') },
    ],
  };

  test('says who it is on both transports; the tenants do not see each other', async () => {
    const fixture = await startFixture({ auth });
    const { httpUrl, wsUrl } = fixture.gateway;
    const bearer = (token: string): RequestInit => ({ headers: { authorization: `Bearer ${token}` } });
    const { id } = await fixture.host.submit('alpha', { goal: 'secret of alpha' });
    expect((await fetch(`${httpUrl}/v1/goals/${id}`, bearer('token-of-alpha'))).status).toBe(200);
    for (const path of ['', '/events', '/artifacts']) expect((await fetch(`${httpUrl}/v1/goals/${id}${path}`, bearer(hashed))).status).toBe(404);
    expect(await (await fetch(`${httpUrl}/v1/connection`, bearer(hashed))).json()).toMatchObject({ tenant: 'beta' });
    const stored = await fetch(`${httpUrl}/v1/blobs`, {
      method: 'POST',
      headers: { authorization: 'Bearer token-of-alpha', 'content-type': 'application/octet-stream' },
      body: 'bytes',
    });
    const { sha256 } = (await stored.json()) as { sha256: string };
    expect((await fetch(`${httpUrl}/v1/blobs/${sha256}`, bearer(hashed))).status).toBe(404);

    const beta = await RpcPeer.open(wsUrl, hashed);
    expect((await beta.call('goal.watch', { goalId: id })).error?.data.code).toBe('goal_unknown');
    expect((await beta.call('blob.get', { sha256 })).error?.data.code).toBe('blob_unknown');
    await beta.close();
    await fixture.stop();
  });

  test('wrong and missing ones are refused, and never repeated', async () => {
    const fixture = await startFixture({ auth });
    const { httpUrl, wsUrl } = fixture.gateway;
    for (const authorization of [undefined, 'Bearer wrong-token', 'Basic dG9rZW4=', 'Bearer ', `Bearer ${auth.tokens[1]?.sha256}`]) {
      for (const path of ['/v1/goals', '/v1/goals/g1/events', '/metrics', '/v1/config', `/v1/blobs/${'a'.repeat(64)}`]) {
        const response = await fetch(httpUrl + path, { headers: authorization === undefined ? {} : { authorization } });
        const body = await response.text();
        expect([response.status, (JSON.parse(body) as { code: string }).code, response.headers.get('www-authenticate')]).toEqual([
          401,
          'unauthorized',
          'Bearer',
        ]);
        expect(body).not.toContain('wrong-token');
      }
    }
    for (const path of ['/healthz', '/readyz', '/openapi.json', '/']) expect((await fetch(httpUrl + path)).status).toBe(200);
    for (const token of ['wrong-token', undefined]) {
      const peer = await RpcPeer.connect(wsUrl);
      const { error } = await peer.call('connection.open', { version: 1, ...(token === undefined ? {} : { token }) });
      expect(error?.data.code).toBe('unauthorized');
      await until('it is closed', () => peer.closed !== undefined);
      expect(JSON.stringify([peer.messages, peer.closed])).not.toContain('wrong-token');
    }
    await fixture.stop();
  });
});

describe('starting', () => {
  test('an address of the network without tokens, a taken port and bad token lists are refused', async () => {
    const fixture = await startFixture();
    const { bus, host } = fixture;
    const start = (bind: { host: string; httpPort: number }, auth: Parameters<typeof startGateway>[0]['auth'] = { mode: 'loopback' }) =>
      startGateway({ host, bus, auth, bind });
    for (const address of ['0.0.0.0', '::', '192.168.1.5', 'example.org']) {
      await expect(start({ host: address, httpPort: 0 })).rejects.toMatchObject({ code: 'bind_refused', message: expect.stringContaining('--host') });
    }
    await expect(start({ host: '127.0.0.1', httpPort: fixture.gateway.port })).rejects.toMatchObject({
      code: 'port_in_use',
      message: expect.stringContaining('--http-port'),
    });
    await expect(start({ host: '127.0.0.1', httpPort: 0 }, { mode: 'token', tokens: [] })).rejects.toMatchObject({ code: 'config_invalid' });
    await expect(start({ host: '127.0.0.1', httpPort: 0 }, { mode: 'token', tokens: [{ tenant: 'a', sha256: 'ABC' }] })).rejects.toMatchObject({
      code: 'config_invalid',
    });
    await expect(start({ host: '203.0.113.7', httpPort: 0 }, { mode: 'token', tokens: [{ tenant: 'a', token: 't' }] })).rejects.toMatchObject({
      code: 'config_invalid',
    });
    const open = await start({ host: '0.0.0.0', httpPort: 0 }, { mode: 'token', tokens: [{ tenant: 'a', token: 't' }] });
    expect((await fetch(`http://127.0.0.1:${open.port}/healthz`)).status).toBe(200);
    await open.stop();
    await fixture.stop();
  });

  test('stopping tells the connections, ends the streams and frees the port', async () => {
    const fixture = await startFixture();
    const { gateway, host } = fixture;
    const { id } = await host.submit('default', { goal: 'x' });
    const peer = await RpcPeer.open(gateway.wsUrl);
    await peer.call('goal.watch', { goalId: id });
    const stream = fetch(`${gateway.httpUrl}/v1/goals/${id}/events`).then((response) => response.text());
    await until('both watch', () => gateway.dispatcher.parts.counters.watches === 2);
    await gateway.stop();
    expect(await stream).not.toContain('retry:');
    await until('it is closed', () => peer.closed !== undefined);
    expect(peer.closed).toMatchObject({ code: 1001, reason: expect.stringContaining('draining') });
    const server = createServer();
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(gateway.port, '127.0.0.1', resolve));
    await new Promise((resolve) => server.close(resolve));
    await fixture.stop();
  });
});
