import type { NatsPermissions } from '../bus/nats/index.ts';
import type { Config, NodeRole } from '../config/index.ts';

export interface NatsPermissionsAsked {
  readonly roles: readonly NodeRole[];
  /** Empty values of the configuration count as absent. */
  readonly node?: string;
  readonly tenant?: string;
  readonly pools?: readonly string[];
}

/** What a node of these roles, configured like this, needs of NATS; as subjects, and as nats-server reads it. */
export async function natsPermissions(
  { node, bus, worker }: Config,
  asked: NatsPermissionsAsked,
): Promise<{ readonly node: string; readonly tenant: string; readonly permissions: NatsPermissions; readonly text: string }> {
  const { permissionsOf, permissionsText } = await import('../bus/nats/index.ts');
  const tenant = asked.tenant ?? bus.tenant;
  const id = (asked.node ?? node.id) || asked.roles.join('-');
  const permissions = permissionsOf({
    roles: asked.roles,
    node: id,
    pools: asked.pools ?? worker.pools,
    ...(tenant === '' ? {} : { tenant }),
    ...(bus.domain === '' ? {} : { domain: bus.domain }),
  });
  return { node: id, tenant, permissions, text: permissionsText(permissions) };
}
