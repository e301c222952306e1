import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Gate } from './gate.ts';
import type { Network, Way } from './network.ts';

const run = promisify(execFile);
const ip = async (...args: string[]): Promise<void> => void (await run('ip', args));

/** True where network namespaces can be made: Linux, iproute2, root. */
export async function canMakeNamespaces(): Promise<boolean> {
  const name = `flockwork-probe-${process.pid}`;
  try {
    await ip('netns', 'add', name);
    await ip('netns', 'del', name);
    return true;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return false;
  }
}

/**
 * Each process in a network namespace of its own, joined to that of the server by a pair of virtual cables. A cut takes the cable down: what is
 * sent is lost without a word, and TCP sends it again when the cable is up.
 */
export const namespaces: Network = { name: 'namespaces', way: (peer, port) => NamespaceWay.make(peer, port) };

class NamespaceWay implements Way {
  readonly #space: string;
  readonly #cable: string;
  readonly #gate: Gate;

  private constructor(space: string, cable: string, gate: Gate) {
    this.#space = space;
    this.#cable = cable;
    this.#gate = gate;
  }

  static async make(peer: number, port: number): Promise<Way> {
    const space = `flockwork-${process.pid}-${peer}`;
    // A name of a device has at most 15 characters.
    const cable = `fw${process.pid}n${peer}`;
    const net = `10.213.${process.pid % 256}`;
    const [here, there] = [`${net}.${peer * 4 + 1}`, `${net}.${peer * 4 + 2}`];
    await ip('netns', 'add', space);
    await ip('link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space);
    await ip('addr', 'add', `${here}/30`, 'dev', cable);
    await ip('link', 'set', cable, 'up');
    await ip('-n', space, 'addr', 'add', `${there}/30`, 'dev', 'eth0');
    await ip('-n', space, 'link', 'set', 'eth0', 'up');
    await ip('-n', space, 'link', 'set', 'lo', 'up');
    return new NamespaceWay(space, cable, await Gate.open(port, here));
  }

  get url(): string {
    return this.#gate.url;
  }

  get prefix(): readonly string[] {
    return ['ip', 'netns', 'exec', this.#space];
  }

  async set(state: Parameters<Way['set']>[0]): Promise<void> {
    this.#gate.set(state === 'cut' ? 'open' : state);
    await ip('link', 'set', this.#cable, state === 'cut' ? 'down' : 'up');
  }

  async close(): Promise<void> {
    await this.#gate.close();
    await ip('link', 'del', this.#cable);
    await ip('netns', 'del', this.#space);
  }
}
