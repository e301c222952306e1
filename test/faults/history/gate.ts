import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** How a gate treats what comes: `open` forwards, `slow` later, `half-open` swallows both ways and keeps the connections, `cut` breaks and refuses them. */
export type GateState = 'open' | 'slow' | 'half-open' | 'cut';

const slowMs = 120;

/** A TCP forwarder to one server, through which one process reaches it. */
export class Gate {
  readonly #server: Server;
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  #state: GateState = 'open';
  /** What arrived while it was half-open: TCP would send it again after the cut. */
  #held: (() => void)[] = [];

  private constructor(server: Server, target: number) {
    this.#server = server;
    this.#target = target;
    server.on('connection', (near) => this.#forward(near));
  }

  static async open(target: number, host = '127.0.0.1'): Promise<Gate> {
    const server = createServer();
    const gate = new Gate(server, target);
    server.listen(0, host);
    await once(server, 'listening');
    return gate;
  }

  get url(): string {
    const { address, port } = this.#server.address() as AddressInfo;
    return `nats://${address}:${port}`;
  }

  set(state: GateState): void {
    this.#state = state;
    if (state === 'cut') {
      this.#held = [];
      for (const socket of this.#sockets) socket.destroy();
    }
    if (state === 'open' || state === 'slow') for (const send of this.#held.splice(0)) send();
  }

  async close(): Promise<void> {
    this.set('cut');
    this.#server.close();
    await once(this.#server, 'close');
  }

  #forward(near: Socket): void {
    if (this.#state === 'cut') {
      near.destroy();
      return;
    }
    const far = connect(this.#target, '127.0.0.1');
    this.#pipe(near, far);
    this.#pipe(far, near);
  }

  #pipe(from: Socket, to: Socket): void {
    let due = 0;
    this.#sockets.add(from);
    from.setNoDelay(true);
    from.on('data', (chunk: Buffer) => {
      const send = (): void => {
        if (!to.destroyed) to.write(chunk);
      };
      const forward = (): void => {
        const now = performance.now();
        // Never before what came first: it is one stream of bytes.
        due = Math.max(due, this.#state === 'slow' ? now + slowMs : now);
        if (due > now) setTimeout(send, due - now);
        else send();
      };
      if (this.#state === 'half-open') this.#held.push(forward);
      else forward();
    });
    const end = (): void => {
      this.#sockets.delete(from);
      to.destroy();
    };
    // A connection that breaks is what a gate is for: its other half goes too.
    from.on('error', end);
    from.on('close', end);
  }
}
