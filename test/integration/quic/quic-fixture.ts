import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bus, Projector } from '../../../actors/ports/index.ts';
import { openEmbeddedBus } from '../../../src/bus/embedded/index.ts';
import { type AllowedPeer, type Gateway, type GatewayAuth, type GatewayLimits, type QuicLimits, startGateway } from '../../../src/gateway/index.ts';
import { FactWriter, TestHost } from '../gateway/fixture.ts';

const projector: Projector = { name: 'none', version: 1, project: () => [] };

export interface QuicFixtureOptions {
  readonly auth?: GatewayAuth;
  readonly limits?: Partial<GatewayLimits>;
  readonly quic?: Partial<QuicLimits>;
  readonly allowedPeers?: readonly AllowedPeer[];
}

/** A gateway with a QUIC port over a real journal; the goals are in memory. */
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
  const start = (httpPort: number, quicPort: number): Promise<Gateway> =>
    startGateway({
      host,
      bus,
      auth: options.auth ?? { mode: 'loopback' },
      bind: { host: '127.0.0.1', httpPort },
      quic: {
        required: true,
        host: '127.0.0.1',
        port: quicPort,
        identityFile: join(folder, 'quic-identity.key'),
        ...(options.allowedPeers === undefined ? {} : { allowedPeers: options.allowedPeers }),
        ...(options.quic === undefined ? {} : { limits: options.quic }),
      },
      ...(options.limits === undefined ? {} : { limits: options.limits }),
      onFault: (error) => faults.push(error),
    });
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

function addressOf({ quicAddress }: Gateway): string {
  if (quicAddress === undefined) throw new Error('the gateway has no QUIC port');
  return quicAddress;
}

export function portOf(address: string): number {
  return Number(/\/udp\/(\d+)\//.exec(address)?.[1]);
}
