import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream';
import {
  type Authenticator,
  connect,
  credsAuthenticator,
  errors,
  type Msg,
  type NatsConnection,
  nkeyAuthenticator,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from '@nats-io/transport-node';
import { FlockworkError, failureOf } from '../../../protocols/errors/error.ts';
import * as bounds from './bounds.ts';
import { busError } from './errors.ts';
import { inboxPrefixOf, type Names, namesOf } from './names.ts';
import type { NatsBusOptions, NatsCredentials } from './options.ts';

/** Three copies race safely only from this version on; before it two writers can win one position. */
const replicasFloor = { major: 2, minor: 10 } as const;

/** One connection with what every port needs of it. */
export class Link {
  readonly nc: NatsConnection;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  readonly names: Names;
  readonly replicas: 1 | 3;
  readonly requestTimeoutMs: number;
  readonly retryForMs: number;
  /** What requests to JetStream begin with. */
  readonly apiPrefix: string;
  /** What the replies to this process are sent to begins with. */
  readonly inboxPrefix: string;
  /** The largest message the server takes, headers and body together, in bytes. */
  readonly messageBytesMax: number;
  readonly #reconnected = new Set<() => void>();
  readonly #onFault: (error: unknown) => void;
  #connected = true;

  constructor(nc: NatsConnection, js: JetStreamClient, jsm: JetStreamManager, options: NatsBusOptions) {
    this.nc = nc;
    this.js = js;
    this.jsm = jsm;
    this.names = namesOf(options.tenant);
    this.replicas = options.replicas ?? 1;
    this.apiPrefix = options.domain === undefined ? '$JS.API' : `$JS.${options.domain}.API`;
    this.inboxPrefix = inboxPrefixOf(options.process);
    this.requestTimeoutMs = options.requestTimeoutMs ?? bounds.requestTimeoutMs;
    this.retryForMs = options.retryForMs ?? bounds.retryForMs;
    this.messageBytesMax = nc.info?.max_payload ?? bounds.blobChunkBytes;
    this.#onFault = options.onFault ?? ((error) => process.emitWarning(`the NATS bus: ${failureOf(error).message}`, 'FlockworkWarning'));
    this.#watch().catch((error: unknown) => this.fault(error));
  }

  get closed(): boolean {
    return this.nc.isClosed() || this.nc.isDraining();
  }

  /** False from the moment a connection is lost or its server stops answering until there is another. */
  get connected(): boolean {
    return this.#connected && !this.closed;
  }

  /** Tells a failure that nobody awaits. */
  fault(error: unknown): void {
    this.#onFault(error);
  }

  /** Runs a handler of somebody else; what it throws is told and hurts nobody. */
  guard(handler: () => void): void {
    try {
      handler();
    } catch (error) {
      this.fault(error);
    }
  }

  /** Calls back after each reconnection; answers how to stop that. */
  onReconnect(callback: () => void): () => void {
    this.#reconnected.add(callback);
    return () => this.#reconnected.delete(callback);
  }

  /** A request whose answer confirms that the server has done it. */
  async request(subject: string, body: Uint8Array | string, what: string): Promise<Msg> {
    try {
      return await this.nc.request(subject, body, { timeout: this.requestTimeoutMs });
    } catch (error) {
      throw this.error(error, what);
    }
  }

  error(error: unknown, what: string): FlockworkError {
    if (this.closed && !(error instanceof FlockworkError)) return new FlockworkError('closed', `could not ${what}: the bus was closed`, { cause: error });
    return busError(error, what);
  }

  async #watch(): Promise<void> {
    for await (const status of this.nc.status()) {
      if (status.type === 'disconnect' || status.type === 'staleConnection') this.#connected = false;
      if (status.type === 'reconnect') {
        this.#connected = true;
        for (const callback of this.#reconnected) this.guard(callback);
      }
      if (status.type === 'error') this.fault(status.error);
    }
  }
}

/** Connects, or says within `connectTimeoutMs` per server what is wrong. */
export async function openLink(options: NatsBusOptions): Promise<Link> {
  const addresses = options.servers.map(parseAddress);
  if (addresses.length === 0) throw new FlockworkError('config_invalid', 'no NATS server is named; give at least one as nats://host:4222');
  const shown = addresses.map((address) => address.shown).join(', ');
  const credentials = options.credentials ?? addresses.find((address) => address.credentials !== undefined)?.credentials;
  const nc = await connectTo(addresses, shown, credentials, options);
  try {
    checkVersion(nc, options.replicas ?? 1, shown);
    const timeout = options.requestTimeoutMs ?? bounds.requestTimeoutMs;
    const api = { timeout, ...(options.domain === undefined ? {} : { domain: options.domain }) };
    // A server of another domain may serve JetStream for one that has none.
    if (options.domain === undefined && nc.info?.jetstream !== true) throw withoutJetStream(shown);
    const jsm = await managerOf(nc, api, shown);
    return new Link(nc, jetstream(nc, api), jsm, options);
  } catch (error) {
    await nc.close();
    throw error;
  }
}

async function connectTo(
  addresses: readonly Address[],
  shown: string,
  credentials: NatsCredentials | undefined,
  options: NatsBusOptions,
): Promise<NatsConnection> {
  const secure = addresses.some((address) => address.tls);
  try {
    return await connect({
      servers: addresses.map((address) => address.host),
      name: options.name ?? (options.process === undefined ? 'flockwork' : `flockwork ${options.process}`),
      inboxPrefix: inboxPrefixOf(options.process),
      timeout: options.connectTimeoutMs ?? bounds.connectTimeoutMs,
      pingInterval: bounds.pingIntervalMs,
      maxPingOut: bounds.pingsUnansweredMax,
      maxReconnectAttempts: -1,
      reconnectTimeWait: bounds.reconnectPauseMs,
      reconnectJitter: bounds.reconnectJitterMs,
      reconnectJitterTLS: bounds.reconnectJitterMs,
      ...(secure || options.tls !== undefined ? { tls: options.tls ?? {} } : {}),
      ...(credentials === undefined ? {} : { authenticator: authenticatorOf(credentials) }),
    });
  } catch (error) {
    const refused = error instanceof errors.AuthorizationError || error instanceof errors.UserAuthenticationExpiredError;
    const why = refused ? 'the server refuses the credentials' : failureOf(error).message;
    throw new FlockworkError(
      'bus_unreachable',
      `cannot reach NATS at ${shown}: ${why}; start the server or correct the address, Flockwork does not fall back to another bus`,
      {
        cause: error,
        retryable: !refused,
        details: { servers: addresses.map((address) => address.shown) },
      },
    );
  }
}

async function managerOf(nc: NatsConnection, api: { readonly timeout: number; readonly domain?: string }, shown: string): Promise<JetStreamManager> {
  try {
    return await jetstreamManager(nc, api);
  } catch (error) {
    throw busError(error, `use JetStream at ${shown}`);
  }
}

function withoutJetStream(shown: string): FlockworkError {
  return new FlockworkError('bus_misconfigured', `the NATS server at ${shown} has JetStream switched off; start it with -js or a jetstream section`, {
    details: { field: 'jetstream' },
  });
}

function checkVersion(nc: NatsConnection, replicas: 1 | 3, shown: string): void {
  const version = nc.info?.version ?? '0.0.0';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (replicas === 1 || major > replicasFloor.major || (major === replicasFloor.major && minor >= replicasFloor.minor)) return;
  throw new FlockworkError(
    'bus_server_too_old',
    `the NATS server at ${shown} is ${version}; three replicas need 2.10 or newer, because before it two writers can win one position`,
    {
      details: { version, needed: '2.10.0', replicas },
    },
  );
}

interface Address {
  /** What the client connects to. */
  readonly host: string;
  /** Without credentials: for errors and logs. */
  readonly shown: string;
  readonly tls: boolean;
  readonly credentials?: NatsCredentials;
}

function parseAddress(server: string): Address {
  const url = URL.parse(/^[a-z]+:\/\//.test(server) ? server : `nats://${server}`);
  if (url === null || url.hostname === '' || (url.protocol !== 'nats:' && url.protocol !== 'tls:')) {
    throw new FlockworkError('config_invalid', 'a NATS address is not of the form nats://host:4222', { details: { host: url?.hostname ?? '' } });
  }
  const host = `${url.hostname}:${url.port === '' ? '4222' : url.port}`;
  const user = decodeURIComponent(url.username);
  const base = { host, shown: `${url.protocol}//${host}`, tls: url.protocol === 'tls:' };
  if (user === '') return base;
  if (url.password === '') return { ...base, credentials: { type: 'token', token: user } };
  return { ...base, credentials: { type: 'password', user, password: decodeURIComponent(url.password) } };
}

function authenticatorOf(credentials: NatsCredentials): Authenticator {
  if (credentials.type === 'password') return usernamePasswordAuthenticator(credentials.user, credentials.password);
  if (credentials.type === 'token') return tokenAuthenticator(credentials.token);
  const encoder = new TextEncoder();
  if (credentials.type === 'nkey') return nkeyAuthenticator(encoder.encode(credentials.seed));
  return credsAuthenticator(encoder.encode(credentials.text));
}
