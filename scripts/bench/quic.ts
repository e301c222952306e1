/**
 * QUIC, TCP with libp2p and WebSocket on loopback: a submission until it is accepted, beside a bare echo and the append of a first record
 * of as many bytes; the handshake and the memory of a connection, beside bare libp2p. Servers and clients are processes of their own.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { connect, type FlockworkClient } from '../../src/client/index.ts';
import { type EchoClient, libp2pEcho, webSocketEcho } from './quic-echo.ts';
import type { ServerAddresses, ServerRequest } from './quic-server.ts';
import { type BenchResult, median, resultOf } from './result.ts';

/** A node has more code than an echo, and is measured as a service that has been up for some seconds: compiled. */
const warmUps = 250;
const submissions = 200;
/** After the end of a goal the node still puts its actors away. */
const restMs = 10;
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

const transports = { quic: 'QUIC', tcp: 'libp2p over TCP', ws: 'WebSocket' } as const;
type Transport = keyof typeof transports;
const transportNames = Object.keys(transports) as Transport[];

interface SubmitCosts {
  /** ms, medians. */
  readonly submit: Readonly<Record<Transport, number>>;
  readonly echo: Readonly<Record<Transport, number>>;
  readonly append: number;
  readonly recordBytes: number;
}

async function ended(client: FlockworkClient, id: string): Promise<void> {
  for await (const item of client.watch(id)) if (item.kind === 'event' && item.event.type === 'goal.failed') throw new Error(`goal ${id} failed`);
}

/** Turn about, so that noise of the machine meets all of them. With `runs` each goal has ended before anything else is timed. */
async function submitRounds(node: Server, bare: Server, runs: boolean): Promise<SubmitCosts> {
  const clients = new Map<Transport, FlockworkClient>();
  const echoes = new Map<Transport, EchoClient>();
  const took = { submit: new Map<Transport, number[]>(), echo: new Map<Transport, number[]>(), append: [] as number[] };
  for (const name of transportNames) {
    clients.set(name, await connect(node.addresses[name]));
    echoes.set(name, await (name === 'ws' ? webSocketEcho : libp2pEcho)(bare.addresses[name]));
    took.submit.set(name, []);
    took.echo.set(name, []);
  }
  let recordBytes = 0;
  for (let round = 0; round < warmUps + submissions; round++) {
    for (const name of transportNames) {
      const client = clients.get(name);
      let id = '';
      const submit = await timed(async () => {
        id = (await client?.submit({ goal }))?.id ?? '';
      });
      if (runs && client !== undefined) {
        await ended(client, id);
        await setTimeout(restMs);
      }
      if (recordBytes === 0) recordBytes = await node.ask({ ask: 'firstRecord' });
      const echo = await timed(async () => echoes.get(name)?.echo(echoed));
      const append = await bare.ask({ ask: 'append', bytes: recordBytes });
      if (round < warmUps) continue;
      took.submit.get(name)?.push(submit);
      took.echo.get(name)?.push(echo);
      took.append.push(append);
    }
  }
  await Promise.all([...clients.values(), ...echoes.values()].map((one) => one.close()));
  const medians = (of: ReadonlyMap<Transport, readonly number[]>): Record<Transport, number> => ({
    quic: median(of.get('quic') ?? []),
    tcp: median(of.get('tcp') ?? []),
    ws: median(of.get('ws') ?? []),
  });
  return { submit: medians(took.submit), echo: medians(took.echo), append: median(took.append), recordBytes };
}

async function submitResults(bare: Server, roles: string): Promise<BenchResult[]> {
  const node = await Server.start('node', roles);
  const { submit, echo, append, recordBytes } = await submitRounds(node, bare, roles !== 'gateway');
  await node.stop();
  return transportNames.map((name) => {
    const yardstick = echo[name] + append;
    return resultOf({
      name: `submit to accepted, warm ${transports[name]}, roles ${roles}, p50`,
      figure: submit[name],
      unit: 'ms',
      // TCP is stated only: nothing is demanded of it.
      ...(name === 'tcp' ? {} : { demand: demandedRatio * yardstick }),
      yardstick: {
        what: `bare echo ${echo[name].toFixed(3)} ms + append of a first record of ${recordBytes} bytes ${append.toFixed(3)} ms`,
        figure: yardstick,
      },
      runs: submissions,
      note: `${(submit[name] / yardstick).toFixed(2)} times the yardstick; at most ${demandedRatio} are demanded of QUIC and WebSocket`,
    });
  });
}

async function connectionResults(bare: Server): Promise<BenchResult[]> {
  const node = await Server.start('node', 'gateway');
  const took = { ours: [] as number[], bare: [] as number[], ws: [] as number[] };
  for (let round = 0; round < handshakes; round++) {
    let client: FlockworkClient | EchoClient | undefined;
    took.ours.push(await timed(async () => (client = await connect(node.addresses.quic))));
    await client?.close();
    took.bare.push(await timed(async () => (client = await libp2pEcho(bare.addresses.quic))));
    await client?.close();
    took.ws.push(await timed(async () => (client = await connect(node.addresses.ws))));
    await client?.close();
  }
  const ours = await heldBytes(node, () => connect(node.addresses.quic));
  const bareHeld = await heldBytes(bare, async () => {
    const client = await libp2pEcho(bare.addresses.quic);
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
