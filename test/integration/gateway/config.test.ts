import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../../src/client/index.ts';
import { type Fixture, startFixture } from './fixture.ts';

describe('who may change the configuration', () => {
  let fixture: Fixture;
  beforeAll(async () => {
    const tokens = [
      { tenant: 'acme', token: 'plain' },
      { tenant: 'ops', token: 'root', admin: true },
    ];
    fixture = await startFixture({ auth: { mode: 'token', tokens } });
  });
  afterAll(() => fixture.stop());

  test.each(['WebSocket', 'HTTP'])('over %s an administrator, nobody else', async (transport) => {
    const address = transport === 'HTTP' ? fixture.gateway.httpUrl : fixture.gateway.wsUrl;
    const plain = await connect(address, { token: 'plain' });
    const admin = await connect(address, { token: 'root' });
    try {
      fixture.host.received.length = 0;
      await expect(plain.patchConfig({ http: { port: 1 } })).rejects.toMatchObject({ code: 'forbidden', retryable: false });
      await expect(plain.applyConfig('')).rejects.toMatchObject({ code: 'forbidden' });
      expect(fixture.host.received).toEqual([]);
      expect(await admin.patchConfig({ http: { port: 1 } }, 'a'.repeat(64))).toMatchObject({ changed: ['http.port'], restartNeeded: true });
      expect(await admin.applyConfig('[http]\nport = 1\n')).toMatchObject({ file: 'flockwork.toml' });
      expect(fixture.host.received.map(({ params }) => params)).toEqual([
        { changes: { http: { port: 1 } }, hash: 'a'.repeat(64) },
        { document: '[http]\nport = 1\n', hash: undefined },
      ]);
    } finally {
      await Promise.all([plain.close(), admin.close()]);
    }
  });

  test('what is no change is refused before it reaches the node', async () => {
    const admin = await connect(fixture.gateway.wsUrl, { token: 'root' });
    await expect(admin.applyConfig('', 'no hash')).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(admin.applyConfig('x'.repeat(300_000))).rejects.toMatchObject({ code: 'invalid_request' });
    await admin.close();
  });
});

test('without tokens everyone on this machine is an administrator', async () => {
  const fixture = await startFixture();
  const client = await connect(fixture.gateway.wsUrl);
  expect(await client.applyConfig({ http: { port: 1 } })).toMatchObject({ changed: ['http.port'] });
  await client.close();
  await fixture.stop();
});
