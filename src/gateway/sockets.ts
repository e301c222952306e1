import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { DispatcherParts } from './dispatcher.ts';
import { type Seat, Seats } from './seats.ts';

/** Sockets above `connectionsMax` that are still taken: they are told why, and may ask for the health of the node. */
const reserveMax = 64;

/** Sockets that were made to go and are not closed yet, beside those there may be; as many as can wait to be accepted at once. */
const closingMax = 512;

/** The sockets of the HTTP port. Those that have not sent a request, and those that rest after one, make room for newcomers. */
export class Sockets {
  readonly #parts: Pick<DispatcherParts, 'limits' | 'counters'>;
  readonly #places: Seats;
  readonly #reserve = new Seats(reserveMax);
  readonly #seats = new WeakMap<object, Seat>();
  readonly #surplus = new WeakSet<object>();

  constructor(server: Server, parts: Pick<DispatcherParts, 'limits' | 'counters'>) {
    const { limits, counters } = parts;
    this.#parts = parts;
    this.#places = new Seats(limits.connectionsMax);
    server.maxConnections = limits.connectionsMax + reserveMax + closingMax;
    server.on('connection', (socket: Socket) => this.#accept(socket));
    server.on('drop', () => counters.refused('connection_dropped'));
  }

  /** True for a socket of the reserve. */
  isSurplus(socket: object): boolean {
    return this.#surplus.has(socket);
  }

  seatOf(socket: object): Seat | undefined {
    return this.#seats.get(socket);
  }

  #accept(socket: Socket): void {
    const { limits, counters } = this.#parts;
    const evict = (): void => {
      counters.refused('connection_evicted');
      socket.destroy();
    };
    let seat = this.#places.take(evict);
    if (seat === undefined) {
      this.#surplus.add(socket);
      seat = this.#reserve.take(evict);
    }
    if (seat === undefined) {
      counters.refused('connection_dropped');
      socket.destroy();
      return;
    }
    this.#seats.set(socket, seat);
    socket.setKeepAlive(true, limits.pingMs);
    socket.once('close', seat.leave);
  }
}
