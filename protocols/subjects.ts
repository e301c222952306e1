import { FlockworkError } from './errors/error.ts';

/** How many parts all roots are divided into; fixed for ever when a cluster is created. */
export const shardCount = 64;

const tokenPattern = /^[A-Za-z0-9_-]{1,128}$/;

/** True for a subject token: letters, digits, dash, underscore; 1 to 128 characters. */
export function isToken(token: string): boolean {
  return tokenPattern.test(token);
}

function tokens(...parts: string[]): string {
  for (const part of parts) {
    if (!isToken(part))
      throw new FlockworkError('subject_invalid', `'${part}' is not a subject token: use letters, digits, '-' and '_'`, { details: { token: part } });
  }
  return parts.join('.');
}

/** The shard of a root: FNV-1a (32 bit, http://www.isthe.com/chongo/tech/comp/fnv/) of its id, modulo 64. */
export function shardOf(root: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < root.length; at++) {
    hash ^= root.charCodeAt(at);
    hash = Math.imul(hash, 0x01000193);
  }
  return (hash >>> 0) % shardCount;
}

/** Names one actor: whose it is, which root it belongs to, what it is called there. */
export interface ActorAddress {
  readonly tenant: string;
  readonly root: string;
  readonly actor: string;
}

/** `flock.<tenant>.journal.<shard>.<root>.<actor>`: the stream of one actor's records. */
export function journalSubject({ tenant, root, actor }: ActorAddress): string {
  return `flock.${tokens(tenant)}.journal.${shardOf(root)}.${tokens(root, actor)}`;
}

/** All journals of one root. */
export function rootPattern(tenant: string, root: string): string {
  return `flock.${tokens(tenant)}.journal.${shardOf(root)}.${tokens(root)}.>`;
}

/** All journals of one shard, over all tenants. */
export function shardPattern(shard: number): string {
  return `flock.*.journal.${shard}.>`;
}

/** Every journal. */
export const journalPattern = 'flock.*.journal.>';

/** `flock.<tenant>.inbox.<shard>.<root>.<actor>.<sender>`: the durable way into an actor. */
export function inboxSubject({ tenant, root, actor }: ActorAddress, sender: string): string {
  return `flock.${tokens(tenant)}.inbox.${shardOf(root)}.${tokens(root, actor, sender)}`;
}

/** `flock.<tenant>.task.<pool>.<priority>.<goal>.<task>`: one task waiting for a worker. */
export function taskSubject(task: { tenant: string; pool: string; priority: number; root: string; task: string }): string {
  return `flock.${tokens(task.tenant)}.task.${tokens(task.pool, String(task.priority), task.root, task.task)}`;
}

/** `flock.<tenant>.live.<root>.<actor>`: token deltas and running output; never stored. */
export function liveSubject({ tenant, root, actor }: ActorAddress): string {
  return `flock.${tokens(tenant)}.live.${tokens(root, actor)}`;
}

/** `flock.<tenant>.deliver.<root>.<actor>`: the worker that has an agent open takes the messages of its inbox here. */
export function deliverSubject({ tenant, root, actor }: ActorAddress): string {
  return `flock.${tokens(tenant)}.deliver.${tokens(root, actor)}`;
}

/** All live messages of one root. */
export function livePattern(tenant: string, root: string): string {
  return `flock.${tokens(tenant)}.live.${tokens(root)}.>`;
}

/** `flock.node.<node>`: requests to one node. */
export function nodeSubject(node: string): string {
  return `flock.node.${tokens(node)}`;
}

/** Reads a journal subject back; undefined for anything else. */
export function parseJournalSubject(subject: string): (ActorAddress & { shard: number }) | undefined {
  const [flock, tenant, kind, shard, root, actor, ...rest] = subject.split('.');
  if (flock !== 'flock' || kind !== 'journal' || tenant === undefined || root === undefined || actor === undefined || rest.length > 0) return undefined;
  return { tenant, shard: Number(shard), root, actor };
}

/** Reads an inbox subject back; undefined for anything else. */
export function parseInboxSubject(subject: string): (ActorAddress & { shard: number; sender: string }) | undefined {
  const [flock, tenant, kind, shard, root, actor, sender, ...rest] = subject.split('.');
  if (flock !== 'flock' || kind !== 'inbox' || tenant === undefined || root === undefined || actor === undefined || sender === undefined || rest.length > 0)
    return undefined;
  return { tenant, shard: Number(shard), root, actor, sender };
}

/** True for a subject without wildcards and without empty tokens or blanks. */
export function isSubject(subject: string): boolean {
  return subject.split('.').every((token) => token !== '' && !/[\s*>]/.test(token));
}

/** NATS wildcards: `*` stands for one token, a final `>` for one or more. */
export function subjectMatches(pattern: string, subject: string): boolean {
  const wanted = pattern.split('.');
  const given = subject.split('.');
  for (let at = 0; at < wanted.length; at++) {
    if (wanted[at] === '>') return given.length > at;
    if (at >= given.length || (wanted[at] !== '*' && wanted[at] !== given[at])) return false;
  }
  return wanted.length === given.length;
}
