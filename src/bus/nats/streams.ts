import { setTimeout as pause } from 'node:timers/promises';
import {
  AckPolicy,
  type ConsumerConfig,
  DeliverPolicy,
  DiscardPolicy,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { FlockworkError } from '../../../protocols/errors/error.ts';
import * as bounds from './bounds.ts';
import { apiCode, apiCodes, isRefused } from './errors.ts';
import type { Link } from './link.ts';
import { type Names, tailPrefix } from './names.ts';
import type { NatsBusOptions } from './options.ts';

export type WantedStream = Pick<StreamConfig, 'name' | 'subjects'> & Partial<StreamConfig>;
export type WantedConsumer = Partial<ConsumerConfig> & { readonly durable_name: string };

/** The configuration of every stream, as it is asked for and compared. */
export function wantedStreams(options: NatsBusOptions, names: Names): readonly WantedStream[] {
  const base = { storage: StorageType.File, num_replicas: options.replicas ?? 1, discard: DiscardPolicy.New, retention: RetentionPolicy.Limits };
  const dedupe = nanos(options.dedupeMs ?? bounds.dedupeMs);
  const queue = { ...base, retention: RetentionPolicy.Workqueue, duplicate_window: dedupe, max_msgs: options.queueMessagesMax ?? bounds.queueMessagesMax };
  const journals = `flock.${names.tenant}.journal.>`;
  const bucket = (name: string, prefix: string): WantedStream => ({
    ...base,
    name,
    subjects: [`${prefix}>`],
    max_msgs_per_subject: 1,
    allow_rollup_hdrs: true,
    allow_direct: true,
    discard: DiscardPolicy.New,
  });
  return [
    {
      ...base,
      name: names.journal,
      subjects: [journals],
      duplicate_window: nanos(bounds.dedupeMs),
      republish: { src: journals, dest: `${tailPrefix}${journals.replace('*', '{{wildcard(1)}}')}` },
    },
    { ...queue, name: names.tasks, subjects: [`flock.${names.tenant}.task.>`] },
    { ...queue, name: names.inbox, subjects: [`flock.${names.tenant}.inbox.>`] },
    {
      ...base,
      name: names.dead,
      subjects: [`${names.deadPrefix}>`],
      discard: DiscardPolicy.Old,
      max_msgs: options.deadLettersMax ?? bounds.deadLettersMax,
      duplicate_window: dedupe,
    },
    { ...base, name: names.blobs, subjects: [`${names.blobsPrefix}>`], discard: DiscardPolicy.Old, max_msgs_per_subject: 1, allow_direct: true },
    bucket(names.registry, names.registryPrefix),
    bucket(names.index, names.indexPrefix),
    bucket(names.meta, names.metaPrefix),
  ];
}

/**
 * Finds the stream, or makes it; `bus_misconfigured` names the first field in which it differs. Whose credentials may not make it waits for
 * `streamsWaitMs` until another process has.
 */
export async function ensureStream(link: Link, wanted: WantedStream): Promise<{ created: string; head: number }> {
  const deadline = performance.now() + bounds.streamsWaitMs;
  for (let mayMake = true; ; ) {
    const info = await infoOf(link, wanted.name);
    if (info !== undefined) {
      compare(`stream ${wanted.name}`, wanted, info.config);
      return { created: info.created, head: info.state.last_seq };
    }
    try {
      if (mayMake) await link.jsm.streams.add(wanted);
      else await pause(bounds.streamsPollMs);
    } catch (error) {
      mayMake = !isRefused(error);
      if (mayMake && apiCode(error) !== apiCodes.streamExistsOtherwise) throw link.error(error, `make the stream ${wanted.name}`);
    }
    if (!mayMake && performance.now() > deadline) throw notMade(wanted.name);
  }
}

async function infoOf(link: Link, stream: string): Promise<StreamInfo | undefined> {
  try {
    return await link.jsm.streams.info(stream);
  } catch (error) {
    if (apiCode(error) === apiCodes.streamUnknown) return undefined;
    throw link.error(error, `look at the stream ${stream}`);
  }
}

function notMade(stream: string): FlockworkError {
  return new FlockworkError(
    'bus_refused',
    `there is no stream ${stream}, and the NATS server does not let this process make it; start a node with the role coordinator first`,
    { details: { stream } },
  );
}

/** Makes the durable pull consumer of a work queue, or finds it made. */
export async function ensureConsumer(link: Link, stream: string, wanted: { name: string; filter: string; ackWaitMs: number }): Promise<void> {
  const config: WantedConsumer = {
    durable_name: wanted.name,
    filter_subject: wanted.filter,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: nanos(wanted.ackWaitMs),
    max_deliver: -1,
    max_ack_pending: bounds.claimedMessagesMax,
    max_waiting: bounds.waitingPullsMax,
  };
  const what = `consumer ${wanted.name} of ${stream}`;
  const existing = await link.jsm.consumers.info(stream, wanted.name).catch((error: unknown) => {
    if (apiCode(error) === apiCodes.consumerUnknown) return undefined;
    throw link.error(error, `look at the ${what}`);
  });
  if (existing !== undefined) return compare(what, config, existing.config);
  try {
    compare(what, config, (await link.jsm.consumers.add(stream, config)).config);
  } catch (error) {
    throw link.error(error, `make the ${what}`);
  }
}

/** Servers drop fields they do not know and answer OK: what counts is what they echo. */
function compare(what: string, wanted: object, found: object): void {
  const given = new Map<string, unknown>(Object.entries(found));
  for (const [field, value] of Object.entries(wanted)) {
    if (contains(given.get(field), value)) continue;
    const details = { field, wanted: value, found: given.get(field) ?? null };
    throw new FlockworkError(
      'bus_misconfigured',
      `${what} has another '${field}' than is needed: ${JSON.stringify(details.found)} instead of ${JSON.stringify(value)}; correct it or use a server of its own`,
      {
        details,
      },
    );
  }
}

function contains(found: unknown, wanted: unknown): boolean {
  if (typeof wanted !== 'object' || wanted === null) return found === wanted;
  if (typeof found !== 'object' || found === null) return false;
  if (Array.isArray(wanted)) return Array.isArray(found) && found.length === wanted.length && wanted.every((item, at) => contains(found[at], item));
  const given = new Map<string, unknown>(Object.entries(found));
  return Object.entries(wanted).every(([key, value]) => contains(given.get(key), value));
}
