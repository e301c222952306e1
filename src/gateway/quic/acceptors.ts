import type { quic } from '@chainsafe/libp2p-quic';

type Transport = ReturnType<ReturnType<typeof quic>>;
type Listener = ReturnType<Transport['createListener']>;

/**
 * Takes `handshakesMax` handshakes at once. The listener of the transport finishes one before it looks at the next, so that
 * a single peer that begins one and falls silent would keep everyone else out for the idle time, ten seconds.
 */
export function withAcceptors<Components>(make: (components: Components) => Transport, handshakesMax: number): (components: Components) => Transport {
  return (components) => {
    const transport = make(components);
    const createListener = transport.createListener.bind(transport);
    transport.createListener = (options) => {
      const listener = createListener(options);
      listener.addEventListener('listening', () => {
        for (let acceptors = 1; acceptors < handshakesMax; acceptors++) accept(listener);
      });
      return listener;
    };
    return transport;
  };
}

/** One more loop like the one that `listen` starts; it ends with the listener and throws nothing. */
function accept(listener: Listener & { readonly awaitInboundConnections?: () => Promise<void> }): void {
  if (listener.awaitInboundConnections === undefined) throw new Error('the QUIC transport has no awaitInboundConnections: another version than the one pinned');
  void listener.awaitInboundConnections();
}
