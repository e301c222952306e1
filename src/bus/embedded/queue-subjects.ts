import { FlockworkError } from '../../../protocols/errors/error.ts';
import { isToken } from '../../../protocols/subjects.ts';

/** What the subject of a queue message says about its place. */
export interface QueuePlace {
  readonly topic: string;
  /** Smaller is delivered first; 0 where the queue knows no priority. */
  readonly priority: number;
}

/** A queue of the bus: its name in the store and how its subjects are read. */
export interface QueueKind {
  readonly name: 'tasks' | 'inbox';
  /** Throws `subject_invalid` for a subject of anything else. */
  place(subject: string): QueuePlace;
}

const subjectLength = 7;
const topicAt = 3;
const priorityAt = 4;

function tokensOf(subject: string, kind: string, shape: string): readonly string[] {
  const tokens = subject.split('.');
  if (tokens.length !== subjectLength || tokens[0] !== 'flock' || tokens[2] !== kind || !tokens.every(isToken)) {
    throw new FlockworkError('subject_invalid', `'${subject}' is not a subject of this queue (${shape})`, { details: { subject } });
  }
  return tokens;
}

const taskShape = 'flock.<tenant>.task.<pool>.<priority>.<goal>.<task>';
const inboxShape = 'flock.<tenant>.inbox.<shard>.<root>.<actor>.<sender>';

/** Topic = pool; a smaller priority digit first. */
export const tasksKind: QueueKind = {
  name: 'tasks',
  place(subject) {
    const tokens = tokensOf(subject, 'task', taskShape);
    const priority = tokens[priorityAt] ?? '';
    if (!/^\d$/.test(priority))
      throw new FlockworkError('subject_invalid', `'${subject}' has the priority '${priority}'; give one digit (${taskShape})`, { details: { subject } });
    return { topic: tokens[topicAt] ?? '', priority: Number(priority) };
  },
};

/** Topic = shard. */
export const inboxKind: QueueKind = {
  name: 'inbox',
  place: (subject) => ({ topic: tokensOf(subject, 'inbox', inboxShape)[topicAt] ?? '', priority: 0 }),
};
