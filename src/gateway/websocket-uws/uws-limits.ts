/** Every bound of the uws engine that the gateway has none for. All are options of the same name. */
export interface UwsLimits {
  /** Bytes of requests held for a peer that leaves its answers unread, for this engine cannot stop reading; above it the peer is ended as `slow_reader`. */
  readonly heldBytesMax: number;
}

export const uwsLimits: UwsLimits = {
  heldBytesMax: 1_048_576,
};

/** Sockets above `connectionsMax` that are still taken, so that they can be told why; more are dropped. */
export const refusalsMax = 64;
