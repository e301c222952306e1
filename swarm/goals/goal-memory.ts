import type { Kinds } from '../../actors/cell/kinds.ts';
import { loadFold } from '../../actors/cell/load.ts';
import type { Bus } from '../../actors/ports/bus.ts';
import { FlockworkError } from '../../protocols/errors/error.ts';
import { coordinatorActor } from '../../protocols/goals/task.ts';
import { journalSubject } from '../../protocols/subjects.ts';
import type { MemoryItem, MemoryPage, MemoryValue } from '../../protocols/wire/results.ts';
import { entryOf, listKeys } from '../coordinator/coordinator.memory.ts';
import type { MemoryEntry, SharedMemory } from '../coordinator/coordinator.shared.ts';
import type { CoordinatorTable } from '../coordinator/coordinator.table.ts';

/** What reading a journal takes. */
interface MemoryHost {
  readonly bus: Pick<Bus, 'journal' | 'blobs'>;
  readonly kinds: Kinds;
  readonly inboxSeenMax: number;
}

/** The keys that the agents of a goal share, in order, as its journal tells them: also after the goal has ended. */
export async function listMemory(
  host: MemoryHost,
  tenant: string,
  goalId: string,
  { prefix = '', after = '', limit }: { readonly prefix?: string | undefined; readonly after?: string | undefined; readonly limit: number },
): Promise<MemoryPage> {
  const memory = await memoryOf(host, tenant, goalId);
  if (memory === undefined) return { items: [], next: null };
  const { keys, more } = listKeys(memory, prefix, after, limit);
  const items = keys.flatMap(({ key }) => {
    const entry = entryOf(memory, key);
    return entry === undefined ? [] : [itemOf(key, entry)];
  });
  return { items, next: more ? (items.at(-1)?.key ?? null) : null };
}

/** One key with its value. Throws `memory_key_unknown`. */
export async function readMemory(host: MemoryHost, tenant: string, goalId: string, key: string): Promise<MemoryValue> {
  const memory = await memoryOf(host, tenant, goalId);
  const entry = memory === undefined ? undefined : entryOf(memory, key);
  if (entry === undefined)
    throw new FlockworkError('memory_key_unknown', `the memory of goal ${goalId} has no key '${key}'; memory.list names those there are`, {
      details: { goalId, key },
    });
  return { ...itemOf(key, entry), value: entry.value };
}

function itemOf(key: string, { version, by, at, bytes }: MemoryEntry): MemoryItem {
  return { key, version, by, at, bytes };
}

async function memoryOf({ bus, kinds, inboxSeenMax }: MemoryHost, tenant: string, goalId: string): Promise<SharedMemory | undefined> {
  const stream = journalSubject({ tenant, root: goalId, actor: coordinatorActor });
  const { fold } = await loadFold(bus, kinds, stream, inboxSeenMax);
  return (fold?.table as CoordinatorTable | undefined)?.memory;
}
