import { nkeys } from '@nats-io/transport-node';

/** A pair of keys as NATS knows users by. */
export interface NatsUser {
  /** `U…`: what the server is told. */
  readonly publicKey: string;
  /** `SU…`: what the user proves itself with. */
  readonly seed: string;
}

export function makeUser(): NatsUser {
  const pair = nkeys.createUser();
  return { publicKey: pair.getPublicKey(), seed: seedOf(pair) };
}

/** A server with accounts, and the credentials file of one user of it. */
export interface Operated {
  /** What goes into the configuration of the server. */
  readonly configuration: string;
  /** The text of a credentials file. */
  readonly creds: string;
  readonly seed: string;
}

/** Signs an operator, a system account, and an account that may use JetStream with one user, as nsc would (JWT v2). */
export function makeOperated(): Operated {
  const [operator, system, account, user] = [nkeys.createOperator(), nkeys.createAccount(), nkeys.createAccount(), nkeys.createUser()];
  const any = { subs: -1, data: -1, payload: -1 };
  const limits = { ...any, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
  const storage = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
  const accountJwt = jwt(operator, account, 'flockwork', { limits: { ...limits, ...storage }, type: 'account', version: 2 });
  const systemJwt = jwt(operator, system, 'system', { limits, type: 'account', version: 2 });
  const userJwt = jwt(account, user, 'node', { pub: {}, sub: {}, ...any, type: 'user', version: 2 });
  const seed = seedOf(user);
  return {
    configuration: [
      `operator: ${jwt(operator, operator, 'operator', { type: 'operator', version: 2 })}`,
      `system_account: ${system.getPublicKey()}`,
      'resolver: MEMORY',
      `resolver_preload: { ${account.getPublicKey()}: ${accountJwt}, ${system.getPublicKey()}: ${systemJwt} }`,
    ].join('\n'),
    creds: `-----BEGIN NATS USER JWT-----\n${userJwt}\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n${seed}\n------END USER NKEY SEED------\n`,
    seed,
  };
}

type Pair = ReturnType<typeof nkeys.createUser>;

const seedOf = (pair: Pair): string => new TextDecoder().decode(pair.getSeed());

function jwt(issuer: Pair, subject: Pair, name: string, nats: Readonly<Record<string, unknown>>): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { iat: Math.floor(Date.now() / 1_000), iss: issuer.getPublicKey(), name, sub: subject.getPublicKey(), nats };
  const signed = `${part({ typ: 'JWT', alg: 'ed25519-nkey' })}.${part(claims)}`;
  return `${signed}.${Buffer.from(issuer.sign(new TextEncoder().encode(signed))).toString('base64url')}`;
}
