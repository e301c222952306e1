import { createHash, timingSafeEqual } from 'node:crypto';
import { FlockworkError } from '../../protocols/errors/error.ts';
import { isToken } from '../../protocols/subjects.ts';

/** A credential and whose it is: the token itself, or its SHA-256 in lower-case hex so that a file need not hold it. */
export interface TokenEntry {
  readonly tenant: string;
  readonly token?: string;
  readonly sha256?: string;
  /** May read and change the configuration of the node. Default false. */
  readonly admin?: boolean;
}

/** Who calls. */
export interface Caller {
  readonly tenant: string;
  /** May change the configuration of the node. */
  readonly admin: boolean;
}

/**
 * Who may speak. `loopback`: everyone who reaches the loopback address is `tenant` (default `default`) and an administrator, no token needed.
 * `token`: a bearer token of the list says who it is.
 */
export type GatewayAuth =
  | { readonly mode: 'loopback'; readonly tenant?: string; readonly originsAllowed?: readonly string[] }
  | { readonly mode: 'token'; readonly tokens: readonly TokenEntry[] };

/** Where a request came from, as the transport knows it. */
export interface Peer {
  /** `websocket`, `http`, `quic` … */
  readonly transport: string;
  readonly address: string;
  /** Where the transport knows its peers: the tenant of this one with that token, in place of `Authorizer.tenantOf`. Throws `unauthorized`, `forbidden`. */
  readonly tenantOf?: (token: string | undefined) => string;
}

/** Who a peer with this token is. A peer that its transport knows administers only with a token that says so. Throws `unauthorized`, `forbidden`. */
export function callerOf(authorizer: Authorizer, { tenantOf }: Pick<Peer, 'tenantOf'>, token: string | undefined): Caller {
  if (tenantOf === undefined) return authorizer.callerOf(token);
  const tenant = tenantOf(token);
  return { tenant, admin: authorizer.mode === 'token' && token !== undefined && authorizer.callerOf(token).admin };
}

export interface Authorizer {
  readonly mode: GatewayAuth['mode'];
  /** The tenant of a credential. Throws `unauthorized`. */
  tenantOf(token: string | undefined): string;
  /** The same, with its rights. Throws `unauthorized`. */
  callerOf(token: string | undefined): Caller;
  /** Refuses requests that a foreign web page could have made a browser send. Throws `forbidden`. */
  checkBrowser(headers: { readonly host?: string | undefined; readonly origin?: string | undefined }): void;
}

const sha256Bytes = (text: string): Buffer => createHash('sha256').update(text, 'utf8').digest();

/** Throws `config_invalid` for a list that cannot work. */
export function createAuthorizer(auth: GatewayAuth): Authorizer {
  return auth.mode === 'token' ? tokenAuthorizer(auth.tokens) : loopbackAuthorizer(auth.tenant ?? 'default', auth.originsAllowed ?? []);
}

function tokenAuthorizer(tokens: readonly TokenEntry[]): Authorizer {
  const known = tokens.map(({ tenant, token, sha256, admin = false }) => {
    checkTenant(tenant);
    if (token !== undefined && token !== '') return { caller: { tenant, admin }, digest: sha256Bytes(token) };
    if (sha256 !== undefined && /^[0-9a-f]{64}$/.test(sha256)) return { caller: { tenant, admin }, digest: Buffer.from(sha256, 'hex') };
    throw new FlockworkError('config_invalid', `a token of tenant '${tenant}' has neither a value nor a SHA-256 of 64 lower-case hex digits; set one`, {
      details: { tenant },
    });
  });
  if (known.length === 0) throw new FlockworkError('config_invalid', 'auth.mode is "token" but no token is configured; add one to auth.tokens');
  const whoIs = (token: string | undefined): Caller => {
    const digest = sha256Bytes(token ?? '');
    let caller: Caller | undefined;
    // Every entry is compared, so that the time taken says nothing about which one matched.
    for (const entry of known) if (timingSafeEqual(entry.digest, digest)) caller = entry.caller;
    if (token === undefined) throw new FlockworkError('unauthorized', 'no token was sent; set FLOCKWORK_TOKEN, or send "Authorization: Bearer …"');
    if (caller === undefined) throw new FlockworkError('unauthorized', 'the token is not one of this node; check FLOCKWORK_TOKEN');
    return caller;
  };
  return {
    mode: 'token',
    tenantOf: (token) => whoIs(token).tenant,
    callerOf: whoIs,
    // A token is never sent by a browser on its own, so a foreign page gains nothing here.
    checkBrowser: () => undefined,
  };
}

function loopbackAuthorizer(tenant: string, originsAllowed: readonly string[]): Authorizer {
  checkTenant(tenant);
  return {
    mode: 'loopback',
    tenantOf: () => tenant,
    callerOf: () => ({ tenant, admin: true }),
    checkBrowser({ host, origin }) {
      if (host === undefined || !isLoopbackHost(hostName(host))) {
        throw new FlockworkError(
          'forbidden',
          'the Host header does not name a loopback address; without tokens this node answers only to localhost, 127.0.0.1 and [::1]',
        );
      }
      if (origin === undefined || originsAllowed.includes(origin) || originHost(origin) === host.toLowerCase()) return;
      throw new FlockworkError('forbidden', 'the Origin header names another site; without tokens this node answers only to its own page');
    },
  };
}

function checkTenant(tenant: string): void {
  if (!isToken(tenant))
    throw new FlockworkError('config_invalid', `tenant '${tenant}' is no name for a tenant: use letters, digits, '-' and '_'`, { details: { tenant } });
}

/** True for the names and addresses of this machine's loopback interface. */
export function isLoopbackHost(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  return name === 'localhost' || name === '::1' || /^127(\.\d{1,3}){3}$/.test(name);
}

function hostName(header: string): string {
  return header.replace(/:\d*$/, '');
}

/** The host and port of an origin as a Host header would say it; undefined for `null` and other opaque ones. */
function originHost(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host.toLowerCase() : undefined;
}

/** The token of an `Authorization` header; undefined when there is none. Throws `unauthorized` for another scheme. */
export function bearerToken(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const match = /^Bearer +([^\s]+) *$/i.exec(header);
  if (match?.[1] === undefined) throw new FlockworkError('unauthorized', 'the Authorization header is not "Bearer" and a token');
  return match[1];
}
