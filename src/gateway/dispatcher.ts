import type { Bus } from '../../actors/ports/bus.ts';
import { FlockworkError } from '../../protocols/errors/error.ts';
import type { Authorizer, Peer } from './auth.ts';
import { Connection, type RpcSink } from './connection.ts';
import { Counters } from './counters.ts';
import { Feed } from './feed.ts';
import type { GatewayHost } from './host.ts';
import type { GatewayLimits } from './limits.ts';
import { type LocalTransport, localTransport } from './local.ts';
import { createMethods, type Methods } from './methods.ts';
import { Seats } from './seats.ts';

export interface DispatcherOptions {
  readonly host: GatewayHost;
  readonly bus: Pick<Bus, 'journal' | 'blobs' | 'pubsub'>;
  readonly authorizer: Authorizer;
  readonly limits: GatewayLimits;
  /** Gets failures whose cause no client may see, for the log. */
  readonly onFault?: (error: unknown, where: string) => void;
}

/** What all transports share. */
export interface DispatcherParts {
  readonly host: GatewayHost;
  readonly authorizer: Authorizer;
  readonly limits: GatewayLimits;
  readonly counters: Counters;
  readonly feed: Feed;
  readonly methods: Methods;
  readonly onFault: (error: unknown, where: string) => void;
  /** Takes one of `watchesMax`; answers how to give it back. Throws `too_many_requests`. */
  watchSlots(): () => void;
}

export interface Dispatcher {
  readonly parts: DispatcherParts;
  /** Follows the journal; to be awaited before the first connection. */
  start(): Promise<void>;
  /**
   * A connection that speaks JSON-RPC; `onOpen` is called once it has said `connection.open`. At the bound, the oldest one that has not said so makes
   * room. Throws `too_many_requests` when there is none, `draining`.
   */
  connect(sink: RpcSink, peer: Peer, onOpen?: () => void): Connection;
  /** True while `connect` would take one more. */
  readonly hasRoom: boolean;
  /** Ends the oldest connection that has not opened; false when there is none. */
  makeRoom(): boolean;
  /** A connection inside this process, with the same answers. */
  local(tenant: string): LocalTransport;
  /** Ends all connections and watches. */
  stop(reason?: FlockworkError): Promise<void>;
}

/** The methods, the watches and their bounds, apart from what carries them. */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { host, bus, authorizer, limits, onFault = () => undefined } = options;
  const counters = new Counters();
  const feed = new Feed({ bus, limits, counters, onFault });
  const methods = createMethods(host, bus, limits);
  const connections = new Set<Connection>();
  const seats = new Seats(limits.connectionsMax);
  let stopped: FlockworkError | undefined;

  const watchSlots = (): (() => void) => {
    const { watchesMax } = limits;
    if (counters.watches >= watchesMax) {
      counters.refused('too_many_requests');
      throw new FlockworkError('too_many_requests', `the node has ${watchesMax} watches (watchesMax); try again later`, {
        details: { bound: 'watchesMax', max: watchesMax },
      });
    }
    counters.watches++;
    let held = true;
    return () => {
      if (held) counters.watches--;
      held = false;
    };
  };
  const parts: DispatcherParts = { host, authorizer, limits, counters, feed, methods, onFault, watchSlots };

  return {
    parts,
    start: () => feed.start(),
    get hasRoom() {
      return seats.hasRoom;
    },
    makeRoom: () => seats.evictOldest(),
    connect(sink, peer, onOpen) {
      if (stopped !== undefined) throw stopped;
      const { connectionsMax } = limits;
      const seat = seats.take(() => connection.evict());
      if (seat === undefined) {
        counters.refused('too_many_requests');
        throw new FlockworkError('too_many_requests', `the node has ${connectionsMax} connections (connectionsMax); try again later`, {
          details: { bound: 'connectionsMax', max: connectionsMax },
        });
      }
      const connection = new Connection(parts, sink, peer, {
        open: () => {
          seat.settle();
          onOpen?.();
        },
        close: () => {
          seat.leave();
          connections.delete(connection);
          counters.connections--;
        },
      });
      connections.add(connection);
      counters.connections++;
      return connection;
    },
    local: (tenant) => localTransport(parts, tenant),
    async stop(reason = new FlockworkError('draining', 'the node is shutting down; connect again in a moment')) {
      stopped = reason;
      for (const connection of connections) connection.end(reason);
      await feed.stop();
      methods.stop();
    },
  };
}
