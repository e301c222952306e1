/**
 * QUIC and WebSocket on loopback: a submission until it is accepted, beside a bare echo and one append of the journal; the handshake
 * and the memory of a connection, beside bare libp2p. Servers and clients are processes of their own.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { connect, type FlockworkClient } from '../../src/client/index.ts';
import { type EchoClient, quicEcho, webSocketEcho } from './quic-echo.ts';
import type { ServerAddresses, ServerRequest } from './quic-server.ts';
import { type BenchResult, median, resultOf } from './result.ts';

const warmUps = 50;
const submissions = 300;
const handshakes = 40;
const connectionsHeld = 200;
/** What issue and page demand of a submission: this many times the bare echo and one append. */
const demandedRatio = 1.5;

class Server {
  readonly addresses: ServerAddresses;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, addresses: ServerAddresses) {
    this.#child = child;
    this.addresses = addresses;
  }

  static async start(...args: readonly string[]): Promise<Server> {
    const child = fork(join(import.meta.dirname, 'quic-server.ts'), args, { execArgv: ['--expose-gc'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const [addresses] = (await once(child, 'message')) as [ServerAddresses];
    return new Server(child, addresses);
  }

  async ask(request: ServerRequest): Promise<number> {
    const answer = once(this.#child, 'message') as Promise<[number]>;
    this.#child.send(request);
    return (await answer)[0];
  }

  async stop(): Promise<void> {
    const gone = once(this.#child, 'exit');
    this.#child.disconnect();
    await gone;
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

const goal = 'Say what each of these does: bees, ants, birds, fish';
const echoed = { jsonrpc: '2.0', id: 1, method: 'goal.submit', params: { goal, idempotencyKey: '00000000-0000-4000-8000-000000000000' } };

/** Turn about, so that noise of the machine meets all of them. */
async function submitRounds(node: Server, bare: Server): Promise<Readonly<Record<'quic' | 'ws' | 'quicEcho' | 'wsEcho' | 'append', number>>> {
  const [quic, ws] = await Promise.all([connect(node.addresses.quic), connect(node.addresses.ws)]);
  const [bareQuic, bareWs] = await Promise.all([quicEcho(bare.addresses.quic), webSocketEcho(bare.addresses.ws)]);
  const works = {
    quic: () => timed(() => quic.submit({ goal })),
    ws: () => timed(() => ws.submit({ goal })),
    quicEcho: () => timed(() => bareQuic.echo(echoed)),
    wsEcho: () => timed(() => bareWs.echo(echoed)),
    append: () => bare.ask({ ask: 'append' }),
  };
  const took = { quic: [] as number[], ws: [] as number[], quicEcho: [] as number[], wsEcho: [] as number[], append: [] as number[] };
  for (let round = 0; round < warmUps + submissions; round++) {
    for (const name of ['quic', 'ws', 'quicEcho', 'wsEcho', 'append'] as const) {
      const ms = await works[name]();
      if (round >= warmUps) took[name].push(ms);
    }
  }
  await Promise.all([quic, ws, bareQuic, bareWs].map((one) => one.close()));
  return { quic: median(took.quic), ws: median(took.ws), quicEcho: median(took.quicEcho), wsEcho: median(took.wsEcho), append: median(took.append) };
}

async function submitResults(bare: Server, roles: string): Promise<BenchResult[]> {
  const node = await Server.start('node', roles);
  const took = await submitRounds(node, bare);
  await node.stop();
  const result = (transport: string, ms: number, echoMs: number): BenchResult =>
    resultOf({
      name: `submit to accepted, warm ${transport}, roles ${roles}, p50`,
      figure: ms,
      unit: 'ms',
      demand: demandedRatio * (echoMs + took.append),
      yardstick: { what: `bare echo ${echoMs.toFixed(3)} ms + one append ${took.append.toFixed(3)} ms`, figure: echoMs + took.append },
      runs: submissions,
      note: `${(ms / (echoMs + took.append)).toFixed(2)} times the yardstick; at most ${demandedRatio} are demanded`,
    });
  return [result('QUIC', took.quic, took.quicEcho), result('WebSocket', took.ws, took.wsEcho)];
}

async function connectionResults(bare: Server): Promise<BenchResult[]> {
  const node = await Server.start('node', 'gateway');
  const took = { ours: [] as number[], bare: [] as number[], ws: [] as number[] };
  for (let round = 0; round < handshakes; round++) {
    let client: FlockworkClient | EchoClient | undefined;
    took.ours.push(await timed(async () => (client = await connect(node.addresses.quic))));
    await client?.close();
    took.bare.push(await timed(async () => (client = await quicEcho(bare.addresses.quic))));
    await client?.close();
    took.ws.push(await timed(async () => (client = await connect(node.addresses.ws))));
    await client?.close();
  }
  const ours = await heldBytes(node, () => connect(node.addresses.quic));
  const bareHeld = await heldBytes(bare, async () => {
    const client = await quicEcho(bare.addresses.quic);
    await client.echo(echoed);
    return client;
  });
  await node.stop();
  const handshake = { name: 'connect over QUIC, from nothing to connection.open answered, p50', figure: median(took.ours), unit: 'ms', runs: handshakes };
  return [
    resultOf({
      ...handshake,
      yardstick: { what: 'bare libp2p: new node, dial, one stream', figure: median(took.bare) },
      note: `over WebSocket ${median(took.ws).toFixed(2)} ms`,
    }),
    resultOf({
      name: 'memory of the node for one open QUIC connection',
      figure: ours / 1_024,
      unit: 'KiB',
      yardstick: { what: 'bare libp2p with one stream', figure: bareHeld / 1_024 },
      runs: connectionsHeld,
      note: 'growth of the resident set over the connections held',
    }),
  ];
}

async function heldBytes(server: Server, open: () => Promise<{ close(): Promise<void> }>): Promise<number> {
  const before = await server.ask({ ask: 'rss' });
  const held: { close(): Promise<void> }[] = [];
  for (let count = 0; count < connectionsHeld; count++) held.push(await open());
  const after = await server.ask({ ask: 'rss' });
  await Promise.all(held.map((one) => one.close()));
  return (after - before) / connectionsHeld;
}

export async function quicBench(): Promise<readonly BenchResult[]> {
  const bare = await Server.start('bare');
  try {
    return [...(await submitResults(bare, 'gateway')), ...(await submitResults(bare, 'gateway,coordinator,worker')), ...(await connectionResults(bare))];
  } finally {
    await bare.stop();
  }
}
