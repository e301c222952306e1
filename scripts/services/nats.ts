import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** How long a server may take until it speaks, and until it has ended after a request to, in milliseconds. */
const readyWaitMs = 10_000;
const stopWaitMs = 5_000;
/** How often it is asked whether it speaks, in milliseconds. */
const readyPollMs = 10;
/** How much of what the server says is kept for an error, in characters. */
const logCharactersMax = 8_192;

export interface NatsServerOptions {
  /** The program. Default: `nats-server` on PATH. */
  readonly command?: string;
  /** Default true. */
  readonly jetstream?: boolean;
  /** Lines to put into the server's configuration, such as `authorization { … }` or `max_payload: 65536`. */
  readonly configuration?: string;
  /** The JetStream domain. Default: none. */
  readonly domain?: string;
  /** Bounds what its streams may take on disk, in bytes. */
  readonly storeBytesMax?: number;
}

/** The path of nats-server on PATH; undefined when there is none. */
export function findNatsServer(): string | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, 'nats-server');
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch (error) {
      if (!(error instanceof Error)) throw error;
    }
  }
  return undefined;
}

/** A nats-server of one's own, on a free port of the loopback and a store folder that goes with `stop`. */
export class NatsServer {
  readonly url: string;
  readonly port: number;
  readonly folder: string;
  readonly #command: string;
  #child: ChildProcess | undefined;
  #log = '';
  readonly #onExit = (): void => {
    this.#child?.kill('SIGKILL');
  };

  private constructor(command: string, port: number, folder: string) {
    this.#command = command;
    this.port = port;
    this.folder = folder;
    this.url = `nats://127.0.0.1:${port}`;
    process.once('exit', this.#onExit);
  }

  static async start(options: NatsServerOptions = {}): Promise<NatsServer> {
    const command = options.command ?? findNatsServer();
    if (command === undefined) throw new Error('nats-server is not on PATH; on Debian: apt-get install nats-server');
    const folder = mkdtempSync(join(tmpdir(), 'flockwork-nats-'));
    const server = new NatsServer(command, await freePort(), folder);
    const limit = options.storeBytesMax === undefined ? '' : `max_file_store: ${options.storeBytesMax}`;
    const domain = options.domain === undefined ? '' : `domain: ${options.domain}`;
    const jetstream = options.jetstream === false ? '' : `jetstream { store_dir: ${JSON.stringify(join(folder, 'store'))}\n${limit}\n${domain}\n}`;
    writeFileSync(join(folder, 'server.conf'), `listen: "127.0.0.1:${server.port}"\n${jetstream}\n${options.configuration ?? ''}\n`);
    await server.restart();
    return server;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts it again on the same port and store, after `kill` or `end`. */
  async restart(): Promise<void> {
    await this.end();
    const child = spawn(this.#command, ['-c', join(this.folder, 'server.conf')], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child = child;
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#log = (this.#log + text).slice(-logCharactersMax);
    });
    const failed = once(child, 'error').then(([error]) => Promise.reject(error));
    await Promise.race([this.#ready(child), failed]);
    failed.catch((error: unknown) => {
      this.#log += String(error);
    });
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Lets it finish; the store stays. */
  async end(): Promise<void> {
    await this.#end('SIGTERM');
  }

  /** Ends it and removes its folder. */
  async stop(): Promise<void> {
    await this.end();
    process.off('exit', this.#onExit);
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    const late = setTimeout(() => child.kill('SIGKILL'), stopWaitMs);
    await ended.finally(() => clearTimeout(late));
  }

  async #ready(child: ChildProcess): Promise<void> {
    for (const deadline = performance.now() + readyWaitMs; performance.now() < deadline; await pause(readyPollMs)) {
      if (child.exitCode !== null) throw new Error(`nats-server ended with ${child.exitCode}: ${this.#log}`);
      if (await speaks(this.port)) return;
    }
    throw new Error(`nats-server did not speak within ${readyWaitMs} ms: ${this.#log}`);
  }
}

/** True when a server greets on the port. */
function speaks(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const answer = (yes: boolean): void => {
      socket.destroy();
      resolve(yes);
    };
    socket.once('error', () => answer(false));
    socket.once('data', (data) => answer(data.toString('latin1').startsWith('INFO ')));
  });
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('the system gave no free port');
  return address.port;
}
