import { FlockworkError } from '../../../protocols/errors/error.ts';
import { isToken } from '../../../protocols/subjects.ts';

/** What streams and subjects are called. A bus of one tenant has streams of its own, so that permissions can tell tenants apart. */
export interface Names {
  /** The tenant whose subjects these are; `*` for those of all. */
  readonly tenant: string;
  readonly journal: string;
  readonly tasks: string;
  readonly inbox: string;
  readonly dead: string;
  readonly blobs: string;
  /** Streams in the layout of KV buckets, so that their tools can list them. */
  readonly registry: string;
  readonly index: string;
  readonly meta: string;
  /** What the subjects of dead letters, blobs, and the keys of each bucket begin with. */
  readonly deadPrefix: string;
  readonly blobsPrefix: string;
  readonly registryPrefix: string;
  readonly indexPrefix: string;
  readonly metaPrefix: string;
}

/** Where the server repeats each journal entry as a live message: `tail.` before its subject. */
export const tailPrefix = 'tail.';

/** The names for all tenants, or for one. Throws `config_invalid` for what is no token. */
export function namesOf(tenant?: string): Names {
  if (tenant !== undefined && !isToken(tenant))
    throw new FlockworkError('config_invalid', `the tenant '${tenant}' is no subject token: use letters, digits, '-' and '_'`, { details: { tenant } });
  const stream = (name: string): string => (tenant === undefined ? name : `${name}_${tenant}`);
  const prefix = (name: string): string => (tenant === undefined ? `${name}.` : `${name}.${tenant}.`);
  const bucket = (name: string): string => `$KV.${stream(name)}.`;
  return {
    tenant: tenant ?? '*',
    journal: stream('FLOCK_JOURNAL'),
    tasks: stream('FLOCK_TASKS'),
    inbox: stream('FLOCK_INBOX'),
    dead: stream('FLOCK_DEAD'),
    blobs: stream('FLOCK_BLOBS'),
    registry: `KV_${stream('FLOCK_REGISTRY')}`,
    index: `KV_${stream('FLOCK_INDEX')}`,
    meta: `KV_${stream('FLOCK_META')}`,
    deadPrefix: prefix('dead'),
    blobsPrefix: prefix('blobs'),
    registryPrefix: bucket('FLOCK_REGISTRY'),
    indexPrefix: bucket('FLOCK_INDEX'),
    metaPrefix: bucket('FLOCK_META'),
  };
}

/** True when the tenant of a subject is one that these names are for. */
export function covers({ tenant }: Names, of: string | undefined): boolean {
  return tenant === '*' || tenant === of;
}

const nodes = 'flock.node.';

/** The subject on the wire. Nodes of one tenant speak to each other under its token, so that those of another cannot. */
export function wireSubject({ tenant }: Names, subject: string): string {
  return tenant !== '*' && subject.startsWith(nodes) ? `flock.${tenant}.node.${subject.slice(nodes.length)}` : subject;
}

/** The subject that was put on the wire as this one. */
export function plainSubject({ tenant }: Names, onWire: string): string {
  const own = `flock.${tenant}.node.`;
  return tenant !== '*' && onWire.startsWith(own) ? nodes + onWire.slice(own.length) : onWire;
}

/** What the replies to one process are sent to; permissions bind it. `_INBOX` where a process has no name. */
export function inboxPrefixOf(process: string | undefined): string {
  return process === undefined ? '_INBOX' : `_INBOX_${process}`;
}
