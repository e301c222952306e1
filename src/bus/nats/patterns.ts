import { FlockworkError } from '../../../protocols/errors/error.ts';
import { isToken, parseInboxSubject, parseJournalSubject } from '../../../protocols/subjects.ts';
import { covers, type Names } from './names.ts';

/** Refuses what is not the stream of one actor, of a tenant of this bus. */
export function checkJournalSubject(subject: string, names: Names): void {
  const address = parseJournalSubject(subject);
  if (address === undefined || !covers(names, address.tenant) || !subject.split('.').every(isToken))
    throw wrong(subject, `flock.${names.tenant === '*' ? '<tenant>' : names.tenant}.journal.<shard>.<root>.<actor>`);
}

/** The pattern to ask the server for: it refuses one that reaches beyond the stream's own subjects. */
export function journalFilter(pattern: string, names: Names): string {
  checkPattern(pattern);
  const [flock, tenant, kind, ...rest] = pattern.split('.');
  if (flock !== 'flock' || tenant === '>' || kind !== 'journal' || rest.length === 0) return `flock.${names.tenant}.journal.>`;
  return tenant === '*' || covers(names, tenant)
    ? `flock.${tenant === '*' ? names.tenant : tenant}.journal.${rest.join('.')}`
    : `flock.${names.tenant}.journal.>`;
}

/** Refuses what is no pattern: tokens, `*` for one, `>` as the last one. */
export function checkPattern(pattern: string): void {
  const tokens = pattern.split('.');
  const valid = tokens.every((token, at) => token === '*' || (token === '>' && at === tokens.length - 1) || /^[^\s*>]+$/.test(token));
  if (!valid) throw wrong(pattern, 'tokens joined by dots, with * for one and a final > for the rest');
}

/** Which of the two queues: what its subjects are like, and which consumers share one topic, first served first. */
export interface QueueKind {
  readonly name: 'tasks' | 'inbox';
  topicOf(subject: string): string | undefined;
  lanes(topic: string): readonly { readonly consumer: string; readonly filter: string }[];
}

const priorities = Array.from({ length: 10 }, (_, priority) => String(priority));
const taskLength = 7;

/** Topic = pool; a smaller priority digit goes first, so each has a consumer. */
export function taskKind(names: Names): QueueKind {
  return {
    name: 'tasks',
    topicOf: (subject) => {
      const tokens = subject.split('.');
      const [flock, tenant, kind, pool, priority = ''] = tokens;
      const whole = tokens.length === taskLength && tokens.every(isToken) && flock === 'flock' && kind === 'task' && /^\d$/.test(priority);
      return whole && covers(names, tenant) ? pool : undefined;
    },
    lanes: (pool) => priorities.map((priority) => ({ consumer: `p${priority}-${pool}`, filter: `flock.${names.tenant}.task.${pool}.${priority}.>` })),
  };
}

/** Topic = shard. */
export function inboxKind(names: Names): QueueKind {
  return {
    name: 'inbox',
    topicOf: (subject) => {
      const address = parseInboxSubject(subject);
      const whole = address !== undefined && subject.split('.').every(isToken);
      return whole && covers(names, address.tenant) ? String(address.shard) : undefined;
    },
    lanes: (shard) => [{ consumer: `shard-${shard}`, filter: `flock.${names.tenant}.inbox.${shard}.>` }],
  };
}

export function wrong(subject: string, form: string): FlockworkError {
  return new FlockworkError('subject_invalid', `'${subject.slice(0, 256)}' is not of the form ${form}; tokens are letters, digits, '-' and '_'`, {
    details: { subject: subject.slice(0, 256) },
  });
}
