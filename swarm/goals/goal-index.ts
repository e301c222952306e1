import type { JournalEntry } from '../../actors/ports/journal.ts';
import type { ProjectionChange, Projector } from '../../actors/ports/projection.ts';
import type { GoalStatus, StrategyOptions } from '../../protocols/goals/goal.ts';
import { coordinatorActor } from '../../protocols/goals/task.ts';
import type { Fact } from '../../protocols/journal/facts.ts';
import { splitRecord } from '../../protocols/journal/record.ts';
import { parseJournalSubject, shardOf } from '../../protocols/subjects.ts';
import { approvalChanges } from './approval-rows.ts';

/** A goal as the index keeps it. Times in milliseconds since 1970, money in micro-dollars. */
export interface GoalRow {
  readonly id: string;
  readonly tenant: string;
  readonly createdAt: number;
  status: GoalStatus;
  goal: string;
  strategy: StrategyOptions;
  quota: unknown;
  startedAt: number | null;
  endedAt: number | null;
  result: string | null;
  blob: string | null;
  error: { code: string; message: string; retryable: boolean } | null;
  tasks: { total: number; running: number; completed: number; failed: number };
  usage: { modelCalls: number; toolCalls: number; tokens: number; costMicroUsd: number | null; estimated: boolean; ms: number };
  /** SHA-256 of the submission. */
  bodyHash: string;
  /** Blobs and figures that reading artifacts needs. */
  workspaceBlob: string | null;
  model: string;
  profile: string;
  agents: number;
}

/** The row of a goal. */
export const goalKey = (tenant: string, id: string): string => `goal.${tenant}.${id}`;
/** Goals of a tenant by time of acceptance; the value is the id. */
export const listPrefix = (tenant: string): string => `list.${tenant}.`;
const listKey = (tenant: string, createdAt: number, id: string): string => `${listPrefix(tenant)}${String(createdAt).padStart(15, '0')}.${id}`;
/** Roots of a shard that have not ended; the value is `ActiveRoot`. */
export const activePrefix = (shard: number): string => `active.${String(shard).padStart(2, '0')}.`;
export const activeKey = (tenant: string, root: string): string => `${activePrefix(shardOf(root))}${tenant}.${root}`;

/** What the owner of a shard must know of a root to open it. */
export interface ActiveRoot {
  readonly tenant: string;
  readonly root: string;
  /** Set while its cell sleeps: when its next timer is due, null for none. Milliseconds since 1970. */
  readonly sleepsUntil?: number | null;
}

interface CoordinatorRecord {
  readonly at: number;
  readonly input: { readonly type: string; readonly [field: string]: unknown };
  readonly facts: readonly Fact[];
}

/** Lists, idempotency and active roots: everything here is read off the journals of coordinators. */
export const goalIndex: Projector = {
  name: 'goals',
  version: 2,
  project(entry: JournalEntry, current: (key: string) => string | undefined): readonly ProjectionChange[] {
    const address = parseJournalSubject(entry.stream);
    if (address === undefined) return [];
    if (address.actor !== coordinatorActor) return approvalChanges(entry, address, current);
    const { tenant, root } = address;
    const key = goalKey(tenant, root);
    const stored = current(key);
    let row = stored === undefined ? undefined : (JSON.parse(stored) as GoalRow);
    const wasEnded = row !== undefined && row.endedAt !== null;
    let changed = false;
    let woken = false;
    for (const line of entry.records) {
      const record = JSON.parse(splitRecord(line).body) as CoordinatorRecord;
      row ??= newRow(tenant, root, record);
      for (const one of record.facts) changed = applyFact(row, one, record.at) || changed;
      woken ||= record.input.type === 'cell.opened';
      if (record.input.type === 'task.ended') changed = addUsage(row, record.input) || changed;
    }
    if (row === undefined) return [];
    const changes: ProjectionChange[] = [];
    if (changed || stored === undefined) changes.push({ key, value: JSON.stringify(row) });
    if (stored === undefined) changes.push({ key: listKey(tenant, row.createdAt, root), value: root });
    // An opened cell sleeps no more: were it to die now, its root must be opened again.
    if (stored === undefined || (woken && row.endedAt === null))
      changes.push({ key: activeKey(tenant, root), value: JSON.stringify({ tenant, root } satisfies ActiveRoot) });
    if (row.endedAt !== null && !wasEnded) changes.push({ key: activeKey(tenant, root), value: null });
    return changes;
  },
};

function newRow(tenant: string, id: string, { at, input }: CoordinatorRecord): GoalRow {
  const profile = input['profile'] as { name: string; model: string } | undefined;
  const workspace = input['workspace'] as { blob: string } | null | undefined;
  return {
    id,
    tenant,
    createdAt: at,
    status: 'accepted',
    goal: String(input['goal'] ?? ''),
    strategy: input['strategy'] as StrategyOptions,
    quota: input['quota'],
    startedAt: null,
    endedAt: null,
    result: null,
    blob: null,
    error: null,
    tasks: { total: 0, running: 0, completed: 0, failed: 0 },
    usage: { modelCalls: 0, toolCalls: 0, tokens: 0, costMicroUsd: 0, estimated: false, ms: 0 },
    bodyHash: String(input['bodyHash'] ?? ''),
    workspaceBlob: workspace?.blob ?? null,
    model: profile?.model ?? '',
    profile: profile?.name ?? '',
    agents: Number(input['agents'] ?? 0),
  };
}

/** True when the fact changed the row. */
function applyFact(row: GoalRow, { type, data }: Fact, at: number): boolean {
  switch (type) {
    case 'goal.accepted':
      return true;
    case 'goal.started':
      row.status = 'running';
      row.startedAt = at;
      return true;
    case 'task.created':
      row.tasks.total += 1;
      row.tasks.running += 1;
      return true;
    case 'strategy.chosen':
      row.strategy = data['options'] as StrategyOptions;
      return true;
    case 'task.completed':
      row.tasks.running -= 1;
      row.tasks.completed += 1;
      return true;
    case 'task.failed':
      if (data['final'] !== true) return false;
      row.tasks.running -= 1;
      row.tasks.failed += 1;
      return true;
    case 'goal.paused':
      row.status = 'paused';
      row.error = { code: 'quota_exceeded', message: String(data['message']), retryable: false };
      return true;
    case 'goal.resumed':
      row.status = 'running';
      row.error = null;
      row.quota = data['quota'];
      return true;
    case 'goal.completed':
      row.result = String(data['result'] ?? '');
      row.blob = typeof data['blob'] === 'string' ? data['blob'] : null;
      row.error = null;
      return end(row, 'completed', data, at);
    case 'goal.failed':
      row.error = { code: String(data['code']), message: String(data['message']), retryable: data['retryable'] === true };
      return end(row, 'failed', data, at);
    case 'goal.cancelled':
      row.error = { code: 'cancelled', message: String(data['reason'] ?? 'cancelled'), retryable: false };
      return end(row, 'cancelled', data, at);
    case 'actor.poisoned':
      row.error = { code: 'actor_poisoned', message: String(data['message'] ?? ''), retryable: false };
      return end(row, 'failed', data, at);
    default:
      return false;
  }
}

function end(row: GoalRow, status: GoalStatus, data: Readonly<Record<string, unknown>>, at: number): boolean {
  row.status = status;
  row.endedAt = at;
  row.tasks.running = 0;
  const usage = data['usage'] as GoalRow['usage'] | undefined;
  if (usage !== undefined) row.usage = usage;
  return true;
}

/** While a goal runs its usage is the sum of what its attempts told; the last fact has the ledger's figures. */
function addUsage(row: GoalRow, input: CoordinatorRecord['input']): boolean {
  const usage = input['usage'] as
    | { modelCalls: number; toolCalls: number; tokens: number; costMicroUsd: number; costUnknown: boolean; estimated: boolean }
    | undefined;
  if (usage === undefined || row.endedAt !== null) return false;
  row.usage.modelCalls += usage.modelCalls;
  row.usage.toolCalls += usage.toolCalls;
  row.usage.tokens += usage.tokens;
  row.usage.costMicroUsd = usage.costUnknown || row.usage.costMicroUsd === null ? null : row.usage.costMicroUsd + usage.costMicroUsd;
  row.usage.estimated ||= usage.estimated;
  return true;
}
