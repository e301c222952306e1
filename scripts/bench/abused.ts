import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Held, NodeAddresses } from './abuse-node.ts';
import type { ProbeReport } from './abuse-probe.ts';

/** A node in a process of its own, with a probe of its health in a thread of its own. */
export class AbusedNode {
  readonly addresses: NodeAddresses;
  readonly #child: ChildProcess;
  readonly #probe: Worker;

  private constructor(child: ChildProcess, addresses: NodeAddresses) {
    this.#child = child;
    this.addresses = addresses;
    this.#probe = new Worker(new URL('./abuse-probe.ts', import.meta.url), { workerData: { url: `${addresses.http}/healthz` } });
  }

  static async start(): Promise<AbusedNode> {
    const child = fork(join(import.meta.dirname, 'abuse-node.ts'), [], { execArgv: ['--expose-gc'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const exited = once(child, 'exit').then(([code]) => {
      throw new Error(`the node under abuse ended with code ${String(code)} before it was ready`);
    });
    const [addresses] = (await Promise.race([once(child, 'message'), exited])) as [NodeAddresses];
    exited.catch(() => undefined);
    return new AbusedNode(child, addresses);
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async held(): Promise<Held> {
    const answer = once(this.#child, 'message') as Promise<[Held]>;
    this.#child.send('held');
    return (await answer)[0];
  }

  /** What the probe saw since this was last called. */
  async health(): Promise<ProbeReport> {
    const answer = once(this.#probe, 'message') as Promise<[ProbeReport]>;
    this.#probe.postMessage('report');
    return (await answer)[0];
  }

  async stop(): Promise<void> {
    await this.#probe.terminate();
    const gone = once(this.#child, 'exit');
    this.#child.disconnect();
    await gone;
  }
}
