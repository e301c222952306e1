import type { JournalEntry } from '../../actors/ports/journal.ts';
import { parseAgentActor } from '../../protocols/goals/task.ts';
import type { Fact } from '../../protocols/journal/facts.ts';
import { splitRecord } from '../../protocols/journal/record.ts';
import { parseJournalSubject } from '../../protocols/subjects.ts';
import type { TaskEnded } from '../coordinator/coordinator.inputs.ts';

/** Cheap enough to run over every followed record: only what may hold an end is parsed. */
const mayEnd = /"type":"(?:agent\.answered|agent\.failed|actor\.poisoned)"/;

/** What the coordinator is told when the last record of an agent is met; undefined for any other entry. Its id makes a second telling harmless. */
export function agentEndOf(
  entry: JournalEntry,
): { readonly tenant: string; readonly root: string; readonly input: TaskEnded & { readonly id: string } } | undefined {
  const line = entry.records.at(-1);
  const address = parseJournalSubject(entry.stream);
  if (line === undefined || address === undefined) return undefined;
  const agent = parseAgentActor(address.actor);
  if (agent === undefined || !mayEnd.test(line)) return undefined;
  const { hash, body } = splitRecord(line);
  const record = JSON.parse(body) as { n: number; facts: Fact[] };
  const last = record.facts.at(-1);
  if (last === undefined) return undefined;
  const base = { type: 'task.ended' as const, id: `${address.actor}:${record.n}`, agent: address.actor, n: record.n, hash, ...agent };
  const { data } = last;
  const { tenant, root } = address;
  switch (last.type) {
    case 'agent.answered':
      return { tenant, root, input: { ...base, outcome: 'answered', ...fields(data, ['result', 'blob', 'usage', 'artifacts', 'artifactsBlob', 'changed']) } };
    case 'agent.failed':
      return { tenant, root, input: { ...base, outcome: 'failed', ...fields(data, ['code', 'message', 'retryable', 'usage']) } };
    case 'actor.poisoned':
      return { tenant, root, input: { ...base, outcome: 'poisoned', ...fields(data, ['code', 'message', 'usage']) } };
    default:
      return undefined;
  }
}

function fields(data: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.filter((name) => data[name] !== undefined && data[name] !== null).map((name) => [name, data[name]]));
}
