import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bus, Projector } from '../../../actors/ports/index.ts';
import { openEmbeddedBus } from '../../../src/bus/embedded/index.ts';
import { type AllowedPeer, type Gateway, type GatewayAuth, type GatewayLimits, type QuicLimits, startGateway } from '../../../src/gateway/index.ts';
import { FactWriter, TestHost } from '../gateway/fixture.ts';

/** The transports of libp2p that carry our streams. */
export type Over = 'quic' | 'tcp';

const projector: Projector = { name: 'none', version: 1, project: () => [] };

export interface QuicFixtureOptions {
  /** What the port of libp2p is on; default QUIC. */
  readonly over?: Over;
  readonly auth?: GatewayAuth;
  readonly limits?: Partial<GatewayLimits>;
  readonly quic?: Partial<QuicLimits>;
  readonly allowedPeers?: readonly AllowedPeer[];
}

/** A gateway with a port for libp2p over a real journal; the goals are in memory. */
export interface QuicFixture {
  readonly writer: FactWriter;
  readonly host: TestHost;
  readonly folder: string;
  readonly faults: unknown[];
  readonly gateway: Gateway;
  /** The multiaddr of the gateway that stands. */
  readonly address: string;
  readonly port: number;
  /** Stops the gateway and starts another on the same ports and identity. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export async function startQuicFixture(options: QuicFixtureOptions = {}): Promise<QuicFixture> {
  const folder = await mkdtemp(join(tmpdir(), 'flockwork-quic-'));
  const bus: Bus = await openEmbeddedBus({ folder, projector, sync: 'off' });
  const writer = new FactWriter(bus);
  const host = new TestHost(writer);
  const faults: unknown[] = [];
  const { over = 'quic' } = options;
  const start = (httpPort: number, port: number): Promise<Gateway> => {
    const libp2p = {
      host: '127.0.0.1',
      port,
      identityFile: join(folder, 'quic-identity.key'),
      ...(options.quic === undefined ? {} : { limits: options.quic }),
    };
    return startGateway({
      host,
      bus,
      auth: options.auth ?? { mode: 'loopback' },
      bind: { host: '127.0.0.1', httpPort },
      ...(over === 'quic' ? { quic: { ...libp2p, required: true } } : { tcp: libp2p }),
      ...(options.allowedPeers === undefined ? {} : { allowedPeers: options.allowedPeers }),
      ...(options.limits === undefined ? {} : { limits: options.limits }),
      onFault: (error) => faults.push(error),
    });
  };
  let gateway = await start(0, 0);
  return {
    writer,
    host,
    folder,
    faults,
    get gateway() {
      return gateway;
    },
    get address() {
      return addressOf(gateway);
    },
    get port() {
      return portOf(addressOf(gateway));
    },
    async restart() {
      const quicPort = portOf(addressOf(gateway));
      const { port } = gateway;
      await gateway.stop();
      gateway = await start(port, quicPort);
    },
    async stop() {
      await gateway.stop();
      await bus.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function addressOf({ quicAddress, tcpAddress }: Gateway): string {
  const address = quicAddress ?? tcpAddress;
  if (address === undefined) throw new Error('the gateway has no port for libp2p');
  return address;
}

export function portOf(address: string): number {
  return Number(/\/(?:udp|tcp)\/(\d+)\//.exec(address)?.[1]);
}
