/**
 * The bus over NATS JetStream: every port on one connection. It makes its streams or finds them as it needs them, and never
 * stands in for a bus that was not asked for. Nothing outside this folder imports @nats-io.
 */
export { startLocalServer } from './local-server.ts';
export { openNatsBus } from './open.ts';
export type { NatsBusOptions, NatsCredentials } from './options.ts';
export { type NatsPermissions, permissionsOf, permissionsText } from './permissions.ts';
