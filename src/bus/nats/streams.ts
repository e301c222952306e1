import { AckPolicy, type ConsumerConfig, DeliverPolicy, DiscardPolicy, RetentionPolicy, StorageType, type StreamConfig } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { FlockworkError } from '../../../protocols/errors/error.ts';
import * as bounds from './bounds.ts';
import { apiCode, apiCodes } from './errors.ts';
import type { Link } from './link.ts';
import type { NatsBusOptions } from './options.ts';

export const journalStream = 'FLOCK_JOURNAL';
export const taskStream = 'FLOCK_TASKS';
export const inboxStream = 'FLOCK_INBOX';
export const deadStream = 'FLOCK_DEAD';
export const blobStream = 'FLOCK_BLOBS';
/** Streams in the layout of KV buckets, so that their tools can list them. */
export const registryBucket = 'FLOCK_REGISTRY';
export const indexBucket = 'FLOCK_INDEX';
export const metaBucket = 'FLOCK_META';
export const bucketStream = (bucket: string): string => `KV_${bucket}`;

/** Where the server repeats each journal entry as a live message: `tail.` before its subject. */
export const tailPrefix = 'tail.';

export type WantedStream = Pick<StreamConfig, 'name' | 'subjects'> & Partial<StreamConfig>;
export type WantedConsumer = Partial<ConsumerConfig> & { readonly durable_name: string };

/** The configuration of every stream, as it is asked for and compared. */
export function wantedStreams(options: NatsBusOptions): readonly WantedStream[] {
  const base = { storage: StorageType.File, num_replicas: options.replicas ?? 1, discard: DiscardPolicy.New, retention: RetentionPolicy.Limits };
  const dedupe = nanos(options.dedupeMs ?? bounds.dedupeMs);
  const queue = { ...base, retention: RetentionPolicy.Workqueue, duplicate_window: dedupe, max_msgs: options.queueMessagesMax ?? bounds.queueMessagesMax };
  const bucket = (name: string): WantedStream => ({
    ...base,
    name: bucketStream(name),
    subjects: [`$KV.${name}.>`],
    max_msgs_per_subject: 1,
    allow_rollup_hdrs: true,
    allow_direct: true,
    discard: DiscardPolicy.New,
  });
  return [
    {
      ...base,
      name: journalStream,
      subjects: ['flock.*.journal.>'],
      duplicate_window: nanos(bounds.dedupeMs),
      republish: { src: 'flock.*.journal.>', dest: `${tailPrefix}flock.{{wildcard(1)}}.journal.>` },
    },
    { ...queue, name: taskStream, subjects: ['flock.*.task.>'] },
    { ...queue, name: inboxStream, subjects: ['flock.*.inbox.>'] },
    {
      ...base,
      name: deadStream,
      subjects: ['dead.>'],
      discard: DiscardPolicy.Old,
      max_msgs: options.deadLettersMax ?? bounds.deadLettersMax,
      duplicate_window: dedupe,
    },
    { ...base, name: blobStream, subjects: ['blobs.>'], discard: DiscardPolicy.Old, max_msgs_per_subject: 1, allow_direct: true },
    bucket(registryBucket),
    bucket(indexBucket),
    bucket(metaBucket),
  ];
}

/** Makes the stream, or finds it made; `bus_misconfigured` names the first field in which it differs. */
export async function ensureStream(link: Link, wanted: WantedStream): Promise<{ created: string; head: number }> {
  try {
    await link.jsm.streams.add(wanted);
  } catch (error) {
    if (apiCode(error) !== apiCodes.streamExistsOtherwise) throw link.error(error, `make the stream ${wanted.name}`);
  }
  try {
    const info = await link.jsm.streams.info(wanted.name);
    compare(`stream ${wanted.name}`, wanted, info.config);
    return { created: info.created, head: info.state.last_seq };
  } catch (error) {
    throw link.error(error, `look at the stream ${wanted.name}`);
  }
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
