import type { JournalEntry } from '../../actors/ports/journal.ts';
import type { ProjectionChange } from '../../actors/ports/projection.ts';
import { type Approval, approvalId } from '../../protocols/goals/approval.ts';
import { parseAgentActor } from '../../protocols/goals/task.ts';
import { agentEndFacts, type Fact } from '../../protocols/journal/facts.ts';
import { splitRecord } from '../../protocols/journal/record.ts';
import type { ActorAddress } from '../../protocols/subjects.ts';

/** The row of one open approval. */
export const approvalKey = (tenant: string, id: string): string => `approval.${tenant}.${id}`;
export const approvalPrefix = (tenant: string): string => `approval.${tenant}.`;
/** The ids that one agent still waits for, so that its end closes them all. */
const agentKey = ({ tenant, root, actor }: ActorAddress): string => `asking.${tenant}.${root}.${actor}`;

/** Cheap enough to run over every record of every agent: only what may matter is parsed. */
const mayMatter = /"asks":true|"type":"(?:tool\.approved|tool\.denied|agent\.answered|agent\.failed|actor\.poisoned)"/;

/** What an entry of an agent changes in the list of open approvals. */
export function approvalChanges(entry: JournalEntry, address: ActorAddress, current: (key: string) => string | undefined): readonly ProjectionChange[] {
  const lines = entry.records.filter((line) => mayMatter.test(line));
  if (lines.length === 0) return [];
  const { tenant, root, actor } = address;
  const stored = current(agentKey(address));
  let open = stored === undefined ? [] : (JSON.parse(stored) as string[]);
  const changes: ProjectionChange[] = [];
  const close = (id: string): void => {
    open = open.filter((one) => one !== id);
    changes.push({ key: approvalKey(tenant, id), value: null });
  };
  for (const line of lines) {
    const record = JSON.parse(splitRecord(line).body) as { at: number; facts: Fact[] };
    for (const { type, data } of record.facts) {
      const call = String(data['call']);
      const id = approvalId(root, actor, call);
      if (type === 'tool.requested' && data['asks'] === true) {
        const asked: Approval = {
          id,
          goalId: root,
          actor,
          task: parseAgentActor(actor)?.task ?? '',
          call,
          tool: String(data['name']),
          input: data['input'],
          askedAt: record.at,
        };
        open = [...open, id];
        changes.push({ key: approvalKey(tenant, id), value: JSON.stringify(asked) });
      } else if (type === 'tool.approved' || type === 'tool.denied') close(id);
      else if (agentEndFacts.has(type)) for (const one of open) close(one);
    }
  }
  if (changes.length > 0) changes.push({ key: agentKey(address), value: open.length === 0 ? null : JSON.stringify(open) });
  return changes;
}
