import { nodeSubject, shardCount } from '../../../protocols/subjects.ts';
import { inboxPrefixOf, namesOf, tailPrefix, wireSubject } from './names.ts';
import { inboxKind, taskKind } from './patterns.ts';

export type NatsRole = 'gateway' | 'coordinator' | 'worker';

/** Whose permissions: one process, with the roles it has. */
export interface PermissionsFor {
  readonly roles: readonly NatsRole[];
  /** The id of its node: it signs messages, holds the key of the node, and names the inbox prefix. */
  readonly node: string;
  /** The tenant whose streams it uses, as `bus.tenant` says; absent: those of all. */
  readonly tenant?: string;
  /** The pools that its workers pull, and whose depth the others ask for. */
  readonly pools: readonly string[];
  /** The JetStream domain; absent: none. */
  readonly domain?: string;
}

/** Subjects a user may publish and subscribe to; nothing else. */
export interface NatsPermissions {
  readonly publish: readonly string[];
  /** Taken out of `publish` again. */
  readonly publishNot: readonly string[];
  readonly subscribe: readonly string[];
  /** May answer a request once, whatever inbox it names. */
  readonly responds: boolean;
}

/** How long after a request it may be answered, in the server's own notation. */
export const respondsWithin = '1m';

/** What a process of these roles needs of its NATS servers, and no more: everything else is refused by them. */
export function permissionsOf({ roles, node, tenant, pools, domain }: PermissionsFor): NatsPermissions {
  const names = namesOf(tenant);
  const api = domain === undefined ? '$JS.API' : `$JS.${domain}.API`;
  const actors = `flock.${names.tenant}`;
  const own = { coordinator: roles.includes('coordinator'), gateway: roles.includes('gateway'), worker: roles.includes('worker') };
  const reads = (stream: string): string[] => [
    `${api}.STREAM.MSG.GET.${stream}`,
    `${api}.CONSUMER.CREATE.${stream}.*.>`,
    `${api}.CONSUMER.MSG.NEXT.${stream}.*`,
    `${api}.CONSUMER.DELETE.${stream}.*`,
  ];
  const finds = (stream: string, lane: Lane): string[] => [
    `${api}.CONSUMER.INFO.${stream}.${lane.consumer}`,
    `${api}.CONSUMER.CREATE.${stream}.${lane.consumer}.${lane.filter}`,
  ];
  const pulls = (stream: string, lane: Lane): string[] => [
    ...finds(stream, lane),
    `${api}.CONSUMER.MSG.NEXT.${stream}.${lane.consumer}`,
    `$JS.ACK.${stream}.${lane.consumer}.>`,
    // As servers with a domain, and those to come, write it (ADR-15).
    `$JS.ACK.*.*.${stream}.${lane.consumer}.>`,
  ];
  const streams = [names.journal, names.tasks, names.inbox, names.dead, names.blobs, names.registry, names.index, names.meta];
  const lanes = pools.flatMap((pool) => taskKind(names).lanes(pool));
  const shards = Array.from({ length: shardCount }, (_, shard) => inboxKind(names).lanes(String(shard))).flat();
  const publish = [
    `${api}.INFO`,
    ...streams.map((stream) => `${api}.STREAM.INFO.${stream}`),
    ...[names.journal, names.blobs, names.registry, names.index, names.meta].flatMap(reads),
    `${names.blobsPrefix}>`,
    `${names.registryPrefix}node.${node}`,
    // What it sends to other actors is signed with its own name.
    `${actors}.inbox.*.*.*.${node}`,
  ];
  if (own.coordinator || own.gateway) publish.push(`${actors}.journal.*.*.coordinator`);
  if (own.coordinator || own.worker) publish.push(`${names.deadPrefix}inbox`);
  // How much waits, for its figures.
  if (own.gateway) publish.push(...lanes.map((lane) => `${api}.CONSUMER.INFO.${names.tasks}.${lane.consumer}`));
  if (own.gateway) publish.push(wireSubject(names, 'flock.node.*'), ...reads(names.dead), `${api}.STREAM.MSG.DELETE.${names.dead}`);
  if (own.coordinator) {
    publish.push(
      ...streams.map((stream) => `${api}.STREAM.CREATE.${stream}`),
      ...lanes.flatMap((lane) => finds(names.tasks, lane)),
      ...shards.flatMap((lane) => pulls(names.inbox, lane)),
      `${actors}.task.>`,
      `${actors}.deliver.*.*`,
      `${names.registryPrefix}shard.*`,
      `${names.indexPrefix}>`,
      `${names.metaPrefix}store`,
    );
  }
  if (own.worker) {
    publish.push(`${actors}.journal.>`, `${actors}.live.*.*`, ...lanes.flatMap((lane) => pulls(names.tasks, lane)), `${names.deadPrefix}tasks`);
  }
  return {
    publish: [...new Set(publish)],
    // Agents' journals only: what a coordinator decides is not a worker's to write.
    publishNot: own.worker && !own.coordinator && !own.gateway ? [`${actors}.journal.*.*.coordinator`] : [],
    subscribe: [
      `${inboxPrefixOf(node)}.>`,
      `${tailPrefix}${actors}.journal.>`,
      ...(own.gateway ? [`${actors}.live.>`] : []),
      ...(own.worker ? [`${actors}.deliver.*.*`] : []),
      wireSubject(names, nodeSubject(node)),
    ],
    // Every node is asked by those with an inspector page open.
    responds: true,
  };
}

type Lane = ReturnType<ReturnType<typeof taskKind>['lanes']>[number];

/** The same as the `permissions` block of a user in the configuration of nats-server. */
export function permissionsText({ publish, publishNot, subscribe, responds }: NatsPermissions): string {
  const list = (subjects: readonly string[]): string => `[\n${subjects.map((subject) => `      ${JSON.stringify(subject)}`).join('\n')}\n    ]`;
  const deny = publishNot.length === 0 ? '' : `\n    deny: ${list(publishNot)}`;
  return [
    'permissions: {',
    `  publish: {\n    allow: ${list(publish)}${deny}\n  }`,
    `  subscribe: {\n    allow: ${list(subscribe)}\n  }`,
    ...(responds ? [`  allow_responses: { max: 1, expires: "${respondsWithin}" }`] : []),
    '}',
  ].join('\n');
}
