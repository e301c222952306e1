import { execFileSync } from 'node:child_process';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { findNatsServer, freePort, NatsServer } from './nats.ts';

/** Three replicas race safely from this version on. */
const leastVersion = [2, 10] as const;
const size = 3;

/**
 * A nats-server that can keep three replicas: the one that FLOCKWORK_NATS_SERVER names, else the one on PATH when it is new enough; else undefined.
 * A newer one runs beside an older system without being installed: `apt-get download` it from a newer suite, and `dpkg-deb -x` the package into a folder.
 */
export function findClusterServer(): string | undefined {
  const named = process.env['FLOCKWORK_NATS_SERVER'];
  const command = named === undefined || named === '' ? findNatsServer() : named;
  if (command === undefined) return undefined;
  const [, major = 0, minor = 0] = (/v?(\d+)\.(\d+)/.exec(execFileSync(command, ['--version'], { encoding: 'utf8' })) ?? []).map(Number);
  return major > leastVersion[0] || (major === leastVersion[0] && minor >= leastVersion[1]) ? command : undefined;
}

/** Three servers on the loopback that are one JetStream, with accounts that know nothing of each other. */
export class NatsCluster {
  readonly servers: readonly NatsServer[];

  private constructor(servers: readonly NatsServer[]) {
    this.servers = servers;
  }

  static async start(command: string, accounts: number): Promise<NatsCluster> {
    const routes = await Promise.all(Array.from({ length: size }, () => freePort()));
    const shared = [
      `accounts { ${Array.from({ length: accounts }, (_, at) => `a${at}: { jetstream: enabled, users: [ { user: a${at}, password: a } ] }`).join('\n')}`,
      'SYS: { users: [ { user: sys, password: sys } ] } }',
      'system_account: SYS',
    ].join('\n');
    const configuration = (at: number): string =>
      `server_name: n${at}\ncluster { name: c, listen: "127.0.0.1:${routes[at]}", routes: [ ${routes.map((port) => `"nats://127.0.0.1:${port}"`).join(', ')} ] }\n${shared}`;
    const servers = await Promise.all(Array.from({ length: size }, (_, at) => NatsServer.start({ command, configuration: configuration(at) })));
    return new NatsCluster(servers);
  }

  /** The addresses, with the user of an account. */
  urls(account: number): readonly string[] {
    return this.servers.map(({ url }) => url.replace('//', `//a${account}:a@`));
  }

  /** The server that leads a stream of an account. */
  async leaderOf(account: number, stream: string): Promise<NatsServer> {
    const connection = await connect({ servers: this.servers.map(({ url }) => url.slice('nats://'.length)), user: `a${account}`, pass: 'a' });
    try {
      const { cluster } = await (await jetstreamManager(connection)).streams.info(stream);
      const leader = this.servers[Number(cluster?.leader?.slice(1))];
      if (leader === undefined) throw new Error(`the stream ${stream} has no leader`);
      return leader;
    } finally {
      await connection.close();
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
  }
}
