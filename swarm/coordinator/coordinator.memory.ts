import { type Emitted, fact } from '../../actors/cell/kind.ts';
import { jsonBytes, type MemoryCall, memoryListKeysMax } from '../../protocols/goals/swarm-tools.ts';
import { agentActor } from '../../protocols/goals/task.ts';
import { memoryBytesMax, memoryWarnShare } from './bounds.ts';
import type { MemoryEntry, SharedMemory, SwarmAnswer } from './coordinator.shared.ts';
import { acceptOf, type CoordinatorTable, taskIndex, taskOf } from './coordinator.table.ts';

/** Who asks. */
export interface Asker {
  readonly task: string;
  readonly attempt: number;
  readonly at: number;
}

interface Outcome {
  readonly answer: SwarmAnswer;
  readonly emitted: readonly Emitted[];
}

/** Carries out one call on the memory of a goal, in the order in which calls are journaled: that order is the one that all agents see. */
export function callMemory(table: CoordinatorTable, asker: Asker, call: MemoryCall): Outcome {
  table.memory ??= { writes: 0, bytes: 0, entries: {}, writers: {}, warned: false };
  const { memory } = table;
  switch (call.name) {
    case 'memory.get':
      return told({ key: call.input.key, ...shown(entryOf(memory, call.input.key)) });
    case 'memory.list':
      return told(listKeys(memory, call.input.prefix ?? '', call.input.after ?? ''));
    case 'memory.set':
      return set(table, memory, asker, call.input);
    case 'memory.delete':
      return remove(table, memory, asker, call.input);
  }
}

/** The keys with a prefix that sort after another, one page of them. */
export function listKeys(
  memory: SharedMemory,
  prefix: string,
  after: string,
  limit = memoryListKeysMax,
): { readonly keys: readonly { readonly key: string; readonly version: number; readonly bytes: number }[]; readonly more: boolean } {
  const found = Object.keys(memory.entries)
    .filter((key) => key.startsWith(prefix) && key > after)
    .sort();
  const keys = found.slice(0, limit).map((key) => {
    const { version, bytes } = mustEntry(memory, key);
    return { key, version, bytes };
  });
  return { keys, more: found.length > limit };
}

export function entryOf(memory: SharedMemory, key: string): MemoryEntry | undefined {
  return Object.hasOwn(memory.entries, key) ? memory.entries[key] : undefined;
}

/** True once an attempt of the task that has not ended has written: a second attempt beside it would write again. */
export function hasWritten(table: CoordinatorTable, index: number): boolean {
  const writer = table.memory?.writers[`t${index}`];
  return writer !== undefined && taskOf(table, index).open.includes(writer);
}

function set(table: CoordinatorTable, memory: SharedMemory, asker: Asker, input: Extract<MemoryCall, { name: 'memory.set' }>['input']): Outcome {
  const { key, value, expected } = input;
  const before = entryOf(memory, key);
  const bytes = jsonBytes(value);
  const refusal = refusalOf(table, memory, asker, key, expected) ?? overQuota(table, memory, before, bytes);
  if (refusal !== undefined) return refused(asker, key, refusal);
  memory.writes += 1;
  memory.bytes += bytes - (before?.bytes ?? 0);
  const version = memory.writes;
  const by = agentOf(asker);
  memory.entries[key] = { version, by, at: asker.at, bytes, value };
  memory.writers[asker.task] = asker.attempt;
  return told({ key, version }, [fact('memory.written', { key, version, by, bytes, value }), ...warning(table, memory)]);
}

function remove(table: CoordinatorTable, memory: SharedMemory, asker: Asker, input: Extract<MemoryCall, { name: 'memory.delete' }>['input']): Outcome {
  const { key, expected } = input;
  const refusal = refusalOf(table, memory, asker, key, expected);
  if (refusal !== undefined) return refused(asker, key, refusal);
  const before = entryOf(memory, key);
  if (before === undefined) return told({ key, version: 0 });
  memory.writes += 1;
  memory.bytes -= before.bytes;
  delete memory.entries[key];
  memory.writers[asker.task] = asker.attempt;
  return told({ key, version: 0 }, [fact('memory.deleted', { key, version: before.version, by: agentOf(asker) })]);
}

interface Refusal {
  readonly code: 'memory_conflict' | 'attempt_superseded' | 'quota_exceeded';
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

function refusalOf(table: CoordinatorTable, memory: SharedMemory, { task, attempt }: Asker, key: string, expected: number | undefined): Refusal | undefined {
  const writer = memory.writers[task];
  if (writer !== undefined && writer !== attempt && hasWritten(table, taskIndex(task))) {
    return { code: 'attempt_superseded', message: `attempt ${writer} of ${task} writes already, and only one of a task may`, details: { writer } };
  }
  const entry = entryOf(memory, key);
  const version = entry?.version ?? 0;
  if (expected === undefined || expected === version) return undefined;
  const now = JSON.stringify({ key, ...shown(entry) });
  return { code: 'memory_conflict', message: `${key} does not have version ${expected}; it is now ${now}`, details: { expected, version } };
}

function overQuota(table: CoordinatorTable, memory: SharedMemory, before: MemoryEntry | undefined, bytes: number): Refusal | undefined {
  const { maxMemoryKeys } = acceptOf(table).quota;
  const keys = Object.keys(memory.entries).length;
  if (before === undefined && keys >= maxMemoryKeys) {
    return {
      code: 'quota_exceeded',
      message: `the goal has its ${maxMemoryKeys} memory keys (maxMemoryKeys); delete one or use one that there is`,
      details: { quota: 'maxMemoryKeys', limit: maxMemoryKeys },
    };
  }
  const total = memory.bytes - (before?.bytes ?? 0) + bytes;
  if (total <= memoryBytesMax) return undefined;
  return {
    code: 'quota_exceeded',
    message: `the memory of the goal would have ${total} bytes, above ${memoryBytesMax}; delete what nobody needs`,
    details: { quota: 'memoryBytesMax', limit: memoryBytesMax },
  };
}

function warning(table: CoordinatorTable, memory: SharedMemory): Emitted[] {
  const limit = acceptOf(table).quota.maxMemoryKeys;
  const used = Object.keys(memory.entries).length;
  if (memory.warned || used < limit * memoryWarnShare) return [];
  memory.warned = true;
  return [fact('quota.warned', { quota: 'maxMemoryKeys', used, limit })];
}

function told(body: Readonly<Record<string, unknown>>, emitted: readonly Emitted[] = []): Outcome {
  return { answer: { ok: true, text: JSON.stringify(body) }, emitted };
}

function refused(asker: Asker, key: string, { code, message, details }: Refusal): Outcome {
  return {
    answer: { ok: false, code, text: `error ${code}: ${message}` },
    emitted: [fact('memory.refused', { key, by: agentOf(asker), code, ...details })],
  };
}

/** What readers are shown of a key: version 0 says that there is none. */
function shown(entry: MemoryEntry | undefined): { readonly version: number; readonly value?: unknown } {
  return entry === undefined ? { version: 0 } : { version: entry.version, value: entry.value };
}

function mustEntry(memory: SharedMemory, key: string): MemoryEntry {
  const entry = entryOf(memory, key);
  if (entry === undefined) throw new Error(`the memory has no key ${key}`);
  return entry;
}

export function agentOf({ task, attempt }: Asker): string {
  return agentActor(task, attempt);
}
