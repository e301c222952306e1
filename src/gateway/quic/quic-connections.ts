import { FlockworkError } from '../../../protocols/errors/error.ts';
import { rpcFailure } from '../../../protocols/wire/rpc.ts';
import { type Connection, hideDefect } from '../connection.ts';
import type { Dispatcher } from '../dispatcher.ts';
import { hostOf } from './address.ts';
import type { QuicLimits } from './limits.ts';
import type { QuicPeers } from './quic-peers.ts';
import { QuicSession } from './quic-session.ts';
import { QuicSink } from './quic-sink.ts';
import type { Libp2pNode, QuicConnection, QuicStream } from './quic-stream.ts';
import type { Way } from './way.ts';

interface Known {
  /** Above `connectionsMax`: taken only to be told so. */
  readonly surplus: boolean;
  readonly sinks: Set<QuicSink>;
  /** Runs while there is no stream. */
  timer: NodeJS.Timeout | undefined;
}

export interface QuicConnectionsOptions {
  readonly dispatcher: Dispatcher;
  readonly peers: QuicPeers;
  readonly limits: QuicLimits;
  readonly way: Way;
}

/** The connections of one port of libp2p, and the streams on them. */
export class QuicConnections {
  readonly #dispatcher: Dispatcher;
  readonly #peers: QuicPeers;
  readonly #limits: QuicLimits;
  readonly #way: Way;
  readonly #known = new Map<string, Known>();

  constructor(node: Libp2pNode, { dispatcher, peers, limits, way }: QuicConnectionsOptions) {
    this.#dispatcher = dispatcher;
    this.#peers = peers;
    this.#limits = limits;
    this.#way = way;
    node.addEventListener('connection:open', ({ detail }) => void this.#track(detail));
    node.addEventListener('connection:close', ({ detail }) => this.#forget(detail));
    // The book of peers grows with every key that ever connected.
    node.addEventListener('peer:disconnect', ({ detail }) => {
      node.peerStore.delete(detail).catch((error: unknown) => dispatcher.parts.onFault(error, way.transport));
    });
  }

  /** A stream that has negotiated our protocol. */
  accept(stream: QuicStream, connection: QuicConnection): void {
    if (stream.status !== 'open' || connection.status !== 'open') return;
    const known = this.#known.get(connection.id) ?? this.#track(connection);
    clearTimeout(known.timer);
    const sink = new QuicSink(stream, this.#limits);
    known.sinks.add(sink);
    stream.addEventListener('close', () => {
      known.sinks.delete(sink);
      if (known.sinks.size === 0 && this.#known.has(connection.id)) this.#arm(known, connection);
    });
    const address = connection.remoteAddr.toString();
    const claim = this.#peers.claim(connection.remotePeer.toString(), hostOf(address));
    let speaker: Connection;
    try {
      this.#mustFit(known);
      speaker = this.#dispatcher.connect(sink, { transport: this.#way.transport, address, tenantOf: claim.tenantOf });
    } catch (error) {
      sink.send(JSON.stringify(rpcFailure(null, hideDefect(error))));
      void sink.end();
      return;
    }
    const { heldBytesMax } = this.#limits;
    const { counters } = this.#dispatcher.parts;
    const session = new QuicSession({ stream, sink, connection: speaker, heldBytesMax, refused: (code) => counters.refused(code), onEnd: claim.release });
    session.listen();
  }

  /** Ends every stream; resolves when the peers have taken their last frames, or have had their time. */
  async end(): Promise<void> {
    await Promise.all([...this.#known.values()].flatMap(({ sinks }) => [...sinks].map((sink) => sink.end())));
  }

  #mustFit({ surplus, sinks }: Known): void {
    const { connectionsMax, streamsPerConnectionMax } = this.#limits;
    if (surplus)
      throw this.#tooMany(
        'connectionsMax',
        connectionsMax,
        `the node has ${connectionsMax} connections of ${this.#way.name} (connectionsMax); try again later`,
      );
    if (sinks.size > streamsPerConnectionMax)
      throw this.#tooMany(
        'streamsPerConnectionMax',
        streamsPerConnectionMax,
        `the connection has ${streamsPerConnectionMax} streams (streamsPerConnectionMax); one is enough`,
      );
  }

  #tooMany(bound: string, max: number, message: string): FlockworkError {
    this.#dispatcher.parts.counters.refused('too_many_requests');
    return new FlockworkError('too_many_requests', message, { details: { bound, max } });
  }

  #track(connection: QuicConnection): Known {
    const known: Known = { surplus: this.#known.size >= this.#limits.connectionsMax, sinks: new Set(), timer: undefined };
    this.#known.set(connection.id, known);
    this.#arm(known, connection);
    return known;
  }

  #forget({ id }: QuicConnection): void {
    clearTimeout(this.#known.get(id)?.timer);
    this.#known.delete(id);
  }

  /** A connection that carries no stream holds memory for nothing. */
  #arm(known: Known, connection: QuicConnection): void {
    clearTimeout(known.timer);
    known.timer = setTimeout(() => {
      this.#dispatcher.parts.counters.refused('open_timeout');
      connection.close().catch((error: Error) => connection.abort(error));
    }, this.#limits.noStreamMaxMs);
    known.timer.unref();
  }
}
