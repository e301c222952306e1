import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NatsServer } from '../../../scripts/services/nats.ts';
import { type MockModel, type MockScript, startMockModel } from '../../../src/testing/mock-model/index.ts';
import type { FaultNodeOptions } from '../fault-node.ts';

const program = join(import.meta.dirname, '..', 'fault-node.ts');

/** What a cluster needs of NATS: where it listens, and how it ends. */
export interface ClusterBus {
  readonly urls: readonly string[];
  readonly replicas: 1 | 3;
  stop(): Promise<void>;
}

export interface ClusterOptions {
  readonly script: MockScript;
  /** Default: one nats-server of its own. */
  readonly bus?: ClusterBus;
  /** What every node gets, beside what `join` gives to one. */
  readonly node?: NodeExtras;
}

export type NodeExtras = Partial<Pick<FaultNodeOptions, 'roles' | 'drainMs' | 'leaseMs' | 'ackWaitMs' | 'instantModel' | 'settings'>>;

export interface NodeProcess {
  readonly child: ChildProcess;
  /** Its name in journals. */
  readonly id: string;
  readonly url: string;
  /** Resolves with the exit code once it has ended by itself; null for a signal. */
  readonly ended: Promise<number | null>;
}

/** A cluster of node processes on NATS, beside one model server. */
export class Cluster {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'flockwork-cluster-'));
  readonly nodes: NodeProcess[] = [];
  readonly bus: ClusterBus;
  readonly model: MockModel;
  readonly #extras: NodeExtras;
  stderr = '';

  private constructor(bus: ClusterBus, model: MockModel, extras: NodeExtras) {
    this.bus = bus;
    this.model = model;
    this.#extras = extras;
  }

  /** Starts as many nodes, one after the other. */
  static async start(nodes: number, { script, bus, node = {} }: ClusterOptions): Promise<Cluster> {
    const cluster = new Cluster(bus ?? (await oneServer()), await startMockModel({ script }), node);
    try {
      for (let index = 0; index < nodes; index += 1) await cluster.join();
    } catch (error) {
      await cluster.close();
      throw error;
    }
    return cluster;
  }

  get effectsFile(): string {
    return join(this.folder, 'effects.txt');
  }

  /** Starts one more node; resolves when it is ready. */
  async join(extras: NodeExtras = {}): Promise<NodeProcess> {
    const id = `node-${this.nodes.length}`;
    const options: FaultNodeOptions = {
      folder: join(this.folder, id),
      port: 0,
      modelUrl: this.model.baseUrl,
      effectsFile: this.effectsFile,
      natsUrls: this.bus.urls,
      replicas: this.bus.replicas,
      id,
      ...this.#extras,
      ...extras,
    };
    const child = spawn(process.execPath, [program, JSON.stringify(options)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'flockwork-compile-cache') },
    });
    child.stderr.on('data', (chunk: Buffer) => {
      this.stderr += `${id}: ${chunk.toString()}`;
    });
    const ended = once(child, 'exit').then(([code]) => code as number | null);
    const [ready] = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])) as unknown[];
    const port = /^ready (\d+)/.exec(String(ready))?.[1];
    if (port === undefined) throw new Error(`a node did not start: ${String(ready)} ${this.stderr}`);
    const node = { child, id, url: `ws://127.0.0.1:${port}/v1/ws`, ended };
    this.nodes.push(node);
    return node;
  }

  /** The node that was started at this place; throws when there is none. */
  node(at: number): NodeProcess {
    const node = this.nodes[at];
    if (node === undefined) throw new Error(`the cluster has no node ${at}`);
    return node;
  }

  /** kill -9; resolves with the moment before it, in milliseconds since 1970. */
  async kill(node: NodeProcess): Promise<number> {
    const at = Date.now();
    node.child.kill('SIGKILL');
    await node.ended;
    return at;
  }

  async close(): Promise<void> {
    for (const { child, ended } of this.nodes) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await ended;
    }
    await this.model.close();
    await this.bus.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function oneServer(): Promise<ClusterBus> {
  const server = await NatsServer.start();
  return { urls: [server.url], replicas: 1, stop: () => server.stop() };
}
