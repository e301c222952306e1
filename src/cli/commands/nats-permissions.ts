import { FlockworkError } from '../../../protocols/errors/error.ts';
import { isToken } from '../../../protocols/subjects.ts';
import { type NodeRole, nodeRoles } from '../../config/index.ts';
import { type CommandIo, printJson, printLine } from '../io.ts';
import { loadSettings, type SettingOptions } from '../settings.ts';

export interface NatsPermissionsOptions extends SettingOptions {
  readonly role: string;
  readonly tenant?: string;
  readonly node?: string;
  readonly pools?: string;
  readonly json?: boolean;
}

/** Needs no server: what is printed goes into the configuration of one. */
export async function printNatsPermissions(io: CommandIo, { role, tenant, node, pools, json, ...settings }: NatsPermissionsOptions): Promise<number> {
  const { values } = await loadSettings(io, settings);
  const { natsPermissions } = await import('../../node/index.ts');
  const roles = [...new Set(role.split(','))].map(roleOf);
  const asked = {
    roles,
    ...(tenant === undefined ? {} : { tenant: tokenOf('--tenant', tenant) }),
    ...(node === undefined ? {} : { node: tokenOf('--node', node) }),
    ...(pools === undefined ? {} : { pools: pools.split(',').map((pool) => tokenOf('--pools', pool)) }),
  };
  const found = await natsPermissions(values, asked);
  if (json === true) {
    await printJson(io, { roles, node: found.node, tenant: found.tenant, ...found.permissions });
    return 0;
  }
  const settingLines = [`node.id = "${found.node}"`, ...(found.tenant === '' ? [] : [`bus.tenant = "${found.tenant}"`])];
  await printLine(io, `# For a node with the roles ${roles.join(', ')}, and in its configuration ${settingLines.join(', ')}.`);
  await printLine(io, '# Goes into its user: { nkey: "U...", permissions: ... } under authorization.users, or users of an account.');
  await printLine(io, found.text);
  return 0;
}

function roleOf(name: string): NodeRole {
  const role = nodeRoles.find((known) => known === name);
  if (role === undefined) throw new FlockworkError('usage', `--role ${name} is no role; write ${nodeRoles.join(', ')}, separated by commas`);
  return role;
}

function tokenOf(flag: string, value: string): string {
  if (!isToken(value)) throw new FlockworkError('usage', `${flag} '${value}' is not of letters, digits, '-' and '_'`);
  return value;
}
