import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Bus } from '../../../actors/ports/bus.ts';
import { journalPattern, shardOf } from '../../../protocols/subjects.ts';
import { NatsServer } from '../../../scripts/services/nats.ts';
import { openNatsBus } from '../../../src/bus/nats/index.ts';
import { type Violation, violationsOf } from './check.ts';
import type { Network, Way } from './network.ts';
import type { History, StoredLine } from './operations.ts';
import type { Order, PeerOptions } from './peer.ts';
import { readRecorded } from './recorder.ts';
import { activeMs, type Fault, peersCount, scheduleOf } from './schedule.ts';
import { storyOf } from './story.ts';
import { pool } from './task-worker.ts';

const lanes = ['lane-a', 'lane-b'] as const;
const leaseMs = 500;
const ackWaitMs = 700;
/** How long everything may take to come to rest after the faults. Milliseconds. */
const restMs = 30_000;
const program = join(import.meta.dirname, 'peer.ts');

export interface Outcome {
  readonly seed: number;
  readonly violations: readonly Violation[];
  /** A short history for a person, when something is broken. */
  readonly story: readonly string[];
  readonly figures: {
    readonly operations: number;
    readonly unknown: number;
    readonly refused: number;
    readonly openings: number;
    readonly redelivered: number;
  };
}

/** Runs the schedule of a seed with processes of their own on a nats-server of their own, and holds what they recorded against the model. */
export async function runSeed(seed: number, network: Network): Promise<Outcome> {
  const run = new SeedRun(seed, network);
  try {
    return await run.run();
  } finally {
    await run.close();
  }
}

interface Peer {
  readonly way: Way;
  child: ChildProcess | undefined;
  incarnation: number;
}

class SeedRun {
  readonly #seed: number;
  readonly #network: Network;
  readonly #folder = mkdtempSync(join(tmpdir(), 'flockwork-history-'));
  readonly #peers: Peer[] = [];
  readonly #files: string[] = [];
  #server: NatsServer | undefined;
  #bus: Bus | undefined;
  #serverDied = false;

  constructor(seed: number, network: Network) {
    this.#seed = seed;
    this.#network = network;
  }

  async run(): Promise<Outcome> {
    const server = await NatsServer.start();
    this.#server = server;
    // The onlooker comes first: it makes the streams.
    const bus = await openNatsBus({
      servers: [server.url],
      projector: { name: 'nothing', version: 1, project: () => [] },
      ackWaitMs,
      onFault: () => undefined,
    });
    this.#bus = bus;
    for (let at = 0; at < peersCount; at += 1) this.#peers.push({ way: await this.#network.way(at, server.port), child: undefined, incarnation: 0 });
    await Promise.all(this.#peers.map((_, at) => this.#start(at)));
    const faults = scheduleOf(this.#seed);
    await Promise.all([pause(activeMs), ...faults.map((fault) => this.#fault(fault, server))]);
    const survivors = await this.#comeToRest(bus);
    const history = await this.#history(bus, survivors);
    const violations = violationsOf(history);
    return { seed: this.#seed, violations, story: storyOf(faults, history, violations), figures: figuresOf(history) };
  }

  async close(): Promise<void> {
    for (const { child, way } of this.#peers) {
      if (child !== undefined && child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      await way.close();
    }
    await this.#bus?.close();
    await this.#server?.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #start(at: number): Promise<void> {
    const peer = this.#peers[at];
    if (peer === undefined) return;
    peer.incarnation += 1;
    const name = `p${at}_${peer.incarnation}`;
    const file = join(this.#folder, `${name}.jsonl`);
    this.#files.push(file);
    const options: PeerOptions = { name, seed: this.#seed * 100 + at * 10 + peer.incarnation, url: peer.way.url, file, lanes, ackWaitMs, leaseMs, replicas: 1 };
    const [command = process.execPath, ...args] = [...peer.way.prefix, process.execPath, program, JSON.stringify(options)];
    const child = spawn(command, args, {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'flockwork-compile-cache') },
    });
    peer.child = child;
    await Promise.race([once(child, 'message'), once(child, 'exit')]);
  }

  async #fault({ kind, peer: at, atMs, forMs }: Fault, server: NatsServer): Promise<void> {
    const peer = this.#peers[at];
    if (peer === undefined) return;
    await pause(atMs);
    switch (kind) {
      case 'kill':
        // One that another fault has ended is started again by that one.
        if (peer.child?.exitCode !== null || peer.child.signalCode !== null) return;
        peer.child.kill('SIGKILL');
        await pause(forMs);
        return this.#start(at);
      case 'pause':
        peer.child?.kill('SIGSTOP');
        await pause(forMs);
        peer.child?.kill('SIGCONT');
        return;
      case 'server-kill':
        this.#serverDied = true;
        if (server.pid === undefined) return;
        await server.kill();
        await pause(forMs / 2);
        return server.restart();
      case 'server-pause':
        return pauseServer(server, forMs);
      default:
        await peer.way.set(kind);
        await pause(forMs);
        return peer.way.set('open');
    }
  }

  /** Waits until everything that was pushed is done, then lets the processes go; answers who lived to see the end. */
  async #comeToRest(bus: Bus): Promise<string[]> {
    for (const { way, child } of this.#peers) {
      await way.set('open');
      child?.kill('SIGCONT');
    }
    const resting = this.#peers.map(({ child }) => (child?.connected === true ? Promise.race([once(child, 'message'), once(child, 'exit')]) : undefined));
    this.#tell({ type: 'rest' });
    // A push that is under way counts as soon as it is answered.
    await Promise.all(resting);
    const topics = lanes.map((lane) => String(shardOf(lane)));
    const left = async (): Promise<number> => {
      const depths = await Promise.all([bus.tasks.depth(pool), ...topics.map((topic) => bus.inbox.depth(topic))]);
      return depths.reduce((sum, { waiting, claimed }) => sum + waiting + claimed, 0);
    };
    // A message that is given up for lost shows in the end as an acknowledgement that nothing came of.
    for (const deadline = Date.now() + restMs; Date.now() < deadline && (await left().catch(() => 1)) > 0; ) await pause(20);
    const exits = this.#peers.map(({ child }) => (child === undefined ? undefined : (once(child, 'exit') as Promise<[number | null]>)));
    this.#tell({ type: 'end', sequence: await bus.journal.head() });
    const codes = await Promise.all(exits);
    return this.#peers.flatMap(({ incarnation }, at) => (codes[at]?.[0] === 0 ? [`p${at}_${incarnation}`] : []));
  }

  #tell(order: Order): void {
    for (const { child } of this.#peers) if (child?.connected === true) child.send(order);
  }

  async #history(bus: Bus, survivors: readonly string[]): Promise<History> {
    const stored = new Map<string, StoredLine[]>();
    for await (const { stream, sequence, position, records } of bus.journal.read(journalPattern)) {
      const lines = stored.get(stream) ?? [];
      stored.set(stream, lines);
      for (const line of records) lines.push({ sequence, position, line });
    }
    return { ...readRecorded(this.#files), survivors, stored, serverDied: this.#serverDied };
  }
}

async function pauseServer(server: NatsServer, forMs: number): Promise<void> {
  const { pid } = server;
  if (pid === undefined) return;
  process.kill(pid, 'SIGSTOP');
  await pause(forMs);
  // Another fault may have ended it meanwhile.
  if (server.pid === pid) process.kill(pid, 'SIGCONT');
}

function figuresOf({ operations, stored }: History): Outcome['figures'] {
  const count = (outcome: string): number => operations.filter((one) => one.outcome === outcome).length;
  return {
    operations: operations.length,
    unknown: count('unknown'),
    refused: count('refused'),
    openings: [...stored.values()].flat().filter(({ line }) => line.includes('"kind":"opened"')).length,
    redelivered: operations.reduce((sum, { answered }) => sum + (answered.claimed ?? []).filter(({ deliveries }) => deliveries > 1).length, 0),
  };
}
