import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { Clock } from '../../../actors/ports/clock.ts';
import { findNatsServer, NatsServer } from '../../../scripts/services/nats.ts';
import { loadConfig } from '../../../src/config/index.ts';
import { type FlockworkNode, startNode } from '../../../src/node/index.ts';

/** A clock that is wrong by `offset.ms`, which may change. */
function wrongClock(offset: { ms: number }): Clock {
  return {
    now: () => Date.now() + offset.ms,
    timer(delayMs, onDue) {
      const handle = setTimeout(onDue, delayMs).unref();
      return () => clearTimeout(handle);
    },
  };
}

describe.skipIf(findNatsServer() === undefined)('a node whose clock is far from that of NATS', () => {
  const ends: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  test('owns no shards and says so, gives away those it had, and takes its share again when it is right', { timeout: 60_000 }, async () => {
    const server = await NatsServer.start();
    const folder = mkdtempSync(join(tmpdir(), 'flockwork-clock-'));
    ends.push(
      () => rmSync(folder, { recursive: true, force: true }),
      () => server.stop(),
    );
    const start = async (id: string, offset: { ms: number }): Promise<FlockworkNode> => {
      const settings = {
        'node.id': id,
        'data.dir': join(folder, id),
        'bus.kind': 'nats',
        'bus.natsUrl': [server.url],
        'bus.leaseMs': 1_000,
        'model.name': 'offline/extractive',
        'http.port': 0,
        'quic.enabled': 'off',
      };
      const flags = Object.entries(settings).map(([path, value]) => ({ flag: `--${path}`, path, value }));
      const config = await loadConfig({ cwd: folder, env: {}, flags });
      const node = await startNode({ config, roles: ['gateway', 'coordinator'], listen: true, clock: wrongClock(offset) });
      ends.push(() => node.stop());
      return node;
    };
    const [right, wrong] = [{ ms: 0 }, { ms: 300_000 }];
    const one = await start('one', right);
    const two = await start('two', wrong);
    const shown = async (): Promise<unknown> => {
      const nodes = await one.client().nodes();
      return Object.fromEntries(nodes.map(({ id, shards, notReady }) => [id, [shards, ...(notReady ?? [])]]));
    };
    const within = { timeout: 40_000, interval: 50 };
    await expect.poll(shown, within).toEqual({ one: [64], two: [0, 'clock'] });
    const http = two.endpoints.find(({ name }) => name === 'http')?.address ?? '';
    const ready = await fetch(`${http}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([503, { ready: false, reasons: ['clock'] }]);
    expect((await two.client().nodes()).find(({ id }) => id === 'two')?.clockOffsetMs).toBeLessThan(-299_000);
    expect(await fetch(`${http}/v1/goals`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"goal":"x"}' })).toMatchObject({
      status: 503,
    });
    wrong.ms = 0;
    await expect.poll(shown, within).toEqual({ one: [32], two: [32] });
    right.ms = -300_000;
    await expect
      .poll(async () => (await two.client().nodes()).map(({ id, shards, notReady }) => [id, shards, notReady]), within)
      .toEqual([
        ['two', 64, []],
        ['one', 0, ['clock']],
      ]);
  });
});
