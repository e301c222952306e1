/** What differs between the two transports that libp2p carries our streams over. */
export interface Way {
  readonly transport: 'quic' | 'tcp';
  /** For messages. */
  readonly name: string;
  readonly portKind: 'UDP' | 'TCP';
  readonly hostKey: string;
  readonly portFlag: string;
  /** The end of the multiaddr to listen on. */
  multiaddr(port: number): string;
}

export const overQuic: Way = {
  transport: 'quic',
  name: 'QUIC',
  portKind: 'UDP',
  hostKey: 'quic.host',
  portFlag: '--quic-port',
  multiaddr: (port) => `/udp/${port}/quic-v1`,
};

export const overTcp: Way = {
  transport: 'tcp',
  name: 'libp2p over TCP',
  portKind: 'TCP',
  hostKey: 'tcp.host',
  portFlag: '--tcp-port',
  multiaddr: (port) => `/tcp/${port}`,
};
