import { FlockworkError } from '../../../protocols/errors/error.ts';
import { type Authorizer, isLoopbackHost } from '../auth.ts';

/** A peer that may connect, and whose it is. */
export interface AllowedPeer {
  /** Its peer id, as `12D3Koo…`. */
  readonly peer: string;
  readonly tenant: string;
}

/** One stream of a peer, as far as its rights go. */
export interface PeerClaim {
  /** The tenant that the stream speaks for. Throws `unauthorized`, `forbidden`. */
  tenantOf(token: string | undefined): string;
  /** The stream is gone. */
  release(): void;
}

interface Bound {
  readonly tenant: string;
  streams: number;
}

/** Who may speak over QUIC, and over TCP with libp2p: a peer proves its id by its key, and a tenant is bound to that id for as long as it has a stream open. */
export class QuicPeers {
  readonly #allowed: ReadonlyMap<string, string>;
  readonly #authorizer: Authorizer;
  readonly #bound = new Map<string, Bound>();

  constructor(allowed: readonly AllowedPeer[], authorizer: Authorizer) {
    this.#allowed = new Map(allowed.map(({ peer, tenant }) => [peer, tenant]));
    this.#authorizer = authorizer;
  }

  /** True where only those who are named are let in. */
  get listed(): boolean {
    return this.#allowed.size > 0;
  }

  /** False for one who is refused before any stream. Without a list everyone is let in, as far as `connection.open`. */
  admits(peer: string): boolean {
    return !this.listed || this.#allowed.has(peer);
  }

  claim(peer: string, remoteHost: string): PeerClaim {
    let mine: Bound | undefined;
    return {
      tenantOf: (token) => {
        const tenant = this.#tenantOf(peer, remoteHost, token);
        const bound = this.#bound.get(peer) ?? { tenant, streams: 0 };
        if (bound.tenant !== tenant)
          throw new FlockworkError('forbidden', 'this peer speaks for another tenant on a stream that is open; use a key of its own for each tenant', {
            details: { peer },
          });
        bound.streams++;
        this.#bound.set(peer, bound);
        mine = bound;
        return tenant;
      },
      release: () => {
        if (mine === undefined) return;
        mine.streams--;
        if (mine.streams === 0) this.#bound.delete(peer);
        mine = undefined;
      },
    };
  }

  #tenantOf(peer: string, remoteHost: string, token: string | undefined): string {
    const listed = this.#allowed.get(peer);
    const { mode } = this.#authorizer;
    if (listed !== undefined && (token === undefined || mode === 'loopback')) return listed;
    if (mode === 'loopback' && !isLoopbackHost(remoteHost))
      throw new FlockworkError(
        'unauthorized',
        'without tokens this node answers only to peers on its own machine; configure auth.mode = "token", or quic.allowedPeers',
      );
    const tenant = this.#authorizer.tenantOf(token);
    if (listed !== undefined && listed !== tenant)
      throw new FlockworkError('forbidden', `the token is not of the tenant that quic.allowedPeers names for this peer`, { details: { peer } });
    return tenant;
  }
}
