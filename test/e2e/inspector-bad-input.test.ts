import { once } from 'node:events';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { type InspectorGateway, type InspectorGatewayOptions, madeSteps, startInspectorGateway } from '../../scripts/bench/inspector-gateway.ts';
import { inspectorBounds } from '../../src/inspector/index.ts';

const ends: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const eventually = (probe: () => void | Promise<void>) => vi.waitFor(probe, { timeout: 20_000, interval: 20 });

async function start(options: InspectorGatewayOptions = {}): Promise<InspectorGateway> {
  const gateway = await startInspectorGateway(options);
  ends.push(() => gateway.close());
  return gateway;
}

interface Client {
  readonly socket: WebSocket;
  readonly told: Readonly<Record<string, unknown>>[];
}

/** A client that says `open`, and keeps what it is told. */
function connect({ address }: InspectorGateway, token?: string): Client {
  const socket = new WebSocket(`${address.replace('http', 'ws')}v1/inspect`);
  const told: Readonly<Record<string, unknown>>[] = [];
  socket.on('message', (text) => told.push(JSON.parse(String(text))));
  socket.on('open', () => socket.send(JSON.stringify({ type: 'open', version: 1, ...(token === undefined ? {} : { token }) })));
  socket.on('error', (error) => told.push({ type: 'error', message: error.message }));
  ends.push(() => socket.terminate());
  return { socket, told };
}

describe('the feed of the inspector', () => {
  test('a forged token learns nothing but that it is none', async () => {
    const gateway = await start({ auth: { mode: 'token', tokens: [{ tenant: 'acme', token: 'open-sesame' }] } });
    const steps = madeSteps(10);
    for (let step = 0; step < 10; step++) gateway.inspector.observe(steps.next().value);
    for (const forged of ['forged', 'open-sesam', 'open-sesame ', undefined]) {
      const { socket, told } = connect(gateway, forged);
      await once(socket, 'close');
      expect(told).toEqual([expect.objectContaining({ type: 'failed', code: 'unauthorized' })]);
    }
    const { told } = connect(gateway, 'open-sesame');
    await eventually(() => expect(told[0]).toMatchObject({ type: 'opened', tenant: 'acme' }));
    expect(JSON.stringify(told)).not.toContain('g-0');
  });

  test('one that never reads is given no more than it may leave unread, and holds up nobody', async () => {
    const gateway = await start({ bounds: { tickMs: 5, rowsPerTickMax: 5_000 } });
    const steps = madeSteps(5_000);
    const deaf = connect(gateway);
    await eventually(() => expect(deaf.told).not.toEqual([]));
    deaf.socket.send(JSON.stringify({ type: 'tape', on: true }));
    deaf.socket.pause();
    const reader = connect(gateway);
    await eventually(() => expect(reader.told).not.toEqual([]));
    const frames = (): number => reader.told.filter(({ type }) => type === 'frame').length;
    // Until the system has taken all that it takes for a peer that does not read.
    await eventually(() => {
      for (let step = 0; step < 5_000; step++) gateway.inspector.observe(steps.next().value);
      expect(gateway.buffered()).toBeGreaterThan(inspectorBounds.bufferedBytesMax);
    });
    const held = gateway.buffered();
    const before = frames();
    await eventually(() => {
      for (let step = 0; step < 5_000; step++) gateway.inspector.observe(steps.next().value);
      expect(frames()).toBeGreaterThan(before + 5);
    });
    expect(gateway.buffered()).toBe(held);
    expect(held).toBeLessThan(inspectorBounds.bufferedBytesMax + 500_000);
    // When it reads again it is told what is so now.
    deaf.socket.resume();
    const heard = deaf.told.length;
    await eventually(() => {
      for (let step = 0; step < 100; step++) gateway.inspector.observe(steps.next().value);
      expect(deaf.told.length).toBeGreaterThan(heard + 5);
    });
    expect(deaf.told.at(-1)).toMatchObject({ type: 'frame', total: 5_000 });
  }, 60_000);

  test('of 1,000 clients at once as many are let in as there is room for; the others hear why, and the node lives', async () => {
    const gateway = await start();
    const clients = Array.from({ length: 1_000 }, () => connect(gateway));
    await eventually(() => expect(clients.every(({ told }) => told.length > 0)).toBe(true));
    const opened = clients.filter(({ told }) => told[0]?.['type'] === 'opened');
    const refused = clients.filter(({ told }) => told[0]?.['code'] === 'too_many_requests');
    expect(opened).toHaveLength(64);
    expect(opened.length + refused.length).toBe(1_000);
    expect((await fetch(`${gateway.address}healthz`)).status).toBe(200);
    for (const { socket } of clients) socket.terminate();
    await eventually(async () => {
      const late = connect(gateway);
      await once(late.socket, 'message');
      expect(late.told[0]).toMatchObject({ type: 'opened' });
    });
  }, 60_000);

  test('what is no message of a page is refused, and the page goes on', async () => {
    const gateway = await start();
    const { socket, told } = connect(gateway);
    await eventually(() => expect(told).toHaveLength(1));
    const wrong = [
      '{"type":"send","actor":1}',
      '{"type":"past","root":"../../etc"}',
      '{"type":"past","root":"g-1","at":0}',
      'null',
      `{"type":"watch","actor":${2 ** 60}}`,
      '[[[[[',
    ];
    for (const text of wrong) socket.send(text);
    await eventually(() => expect(told).toHaveLength(1 + wrong.length));
    expect(told.slice(1).map(({ type, code, failure }) => code ?? (failure as { code: string } | undefined)?.code ?? type)).toEqual(
      expect.arrayContaining(['invalid_request']),
    );
    expect(JSON.stringify(told.slice(1))).not.toMatch(/"internal"/);
    const steps = madeSteps(1);
    gateway.inspector.observe(steps.next().value);
    await eventually(() => expect(told.at(-1)).toMatchObject({ type: 'frame', total: 1 }));
  });
});
