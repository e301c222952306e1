import type { GoalEvent } from '../../../protocols/wire/methods.ts';

/** A fact as the audit tells it: when, who, what, on whose word. */
export function auditEntry({ goalId, cursor, actor, seq, at, type, data }: GoalEvent): Readonly<Record<string, unknown>> {
  return {
    type: 'fact',
    at: new Date(at).toISOString(),
    goalId,
    actor,
    seq,
    event: type,
    ...(typeof data['by'] === 'string' ? { by: data['by'] } : {}),
    data,
    cursor,
  };
}

/** The same as one line for a person. */
export function auditText({ goalId, actor, seq, at, type, data }: GoalEvent): string {
  const words = ['task', 'attempt', 'call', 'name', 'by', 'reason', 'ok', 'code', 'model', 'tokens', 'status', 'quota'];
  const told = words.filter((word) => ['string', 'number', 'boolean'].includes(typeof data[word])).map((word) => `${word}=${String(data[word])}`);
  return [new Date(at).toISOString(), goalId, `${actor}#${seq}`, type, ...told].join(' ');
}
