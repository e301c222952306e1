import type { Projector } from '../../../actors/ports/projection.ts';

/** How a process proves to the server who it is. Never logged, never part of an error. */
export type NatsCredentials =
  | { readonly type: 'password'; readonly user: string; readonly password: string }
  | { readonly type: 'token'; readonly token: string }
  /** The seed of an nkey, `SU…`. */
  | { readonly type: 'nkey'; readonly seed: string }
  /** The text of a credentials file. */
  | { readonly type: 'file'; readonly text: string };

export interface NatsBusOptions {
  /** Addresses as `nats://host:4222`, `tls://host:4222` or `host:4222`; at least one. User and password in one of them are used when `credentials` is absent. */
  readonly servers: readonly string[];
  /** What the index makes of each journal entry. */
  readonly projector: Projector;
  /** Copies of each stream. Default 1; 3 needs a cluster of servers >= 2.10. */
  readonly replicas?: 1 | 3;
  readonly credentials?: NatsCredentials;
  /** Files (PEM) for `tls://` addresses; absent ones are those of the system. */
  readonly tls?: { readonly caFile?: string; readonly certFile?: string; readonly keyFile?: string };
  /** The JetStream domain; absent: none. */
  readonly domain?: string;
  /**
   * Names this process among those of the cluster, as the id of its node does; a subject token. Replies come to an inbox prefix of its own,
   * `_INBOX_<process>`, which permissions can bind. Absent: the `_INBOX` that all share.
   */
  readonly process?: string;
  /** The one tenant whose streams these are; they are apart from those of others, and permissions can bind them. Absent: all tenants share streams. */
  readonly tenant?: string;
  /** Keeps the identity of the store up to date at opening. Processes that may only read it leave that to others. Default true. */
  readonly keepsIdentity?: boolean;
  /** The clock of this process, milliseconds since 1970. Default Date.now. */
  readonly now?: () => number;
  /** The name of this connection on the server's side. */
  readonly name?: string;
  /** Where throws of followers and subscribers, and failures nobody awaits, are told. Default: a warning of the process. */
  readonly onFault?: (error: unknown) => void;
  /** The bounds that may be set; bounds.ts has meaning, units and defaults. */
  readonly connectTimeoutMs?: number;
  readonly requestTimeoutMs?: number;
  readonly retryForMs?: number;
  readonly ackWaitMs?: number;
  readonly dedupeMs?: number;
  readonly queueMessagesMax?: number;
  readonly deadLettersMax?: number;
  readonly followCheckMs?: number;
}
