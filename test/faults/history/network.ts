import { Gate, type GateState } from './gate.ts';

/** The way of one process to the server. */
export interface Way {
  readonly url: string;
  /** What its command begins with. */
  readonly prefix: readonly string[];
  set(state: GateState): Promise<void>;
  close(): Promise<void>;
}

/** Gives each process a way of its own, that can be cut. */
export interface Network {
  readonly name: string;
  way(peer: number, port: number): Promise<Way>;
}

/** Ways through forwarders in this process: for machines where nobody is root. */
export const gates: Network = {
  name: 'gates',
  async way(_peer, port) {
    const gate = await Gate.open(port);
    return { url: gate.url, prefix: [], set: async (state) => gate.set(state), close: () => gate.close() };
  },
};
