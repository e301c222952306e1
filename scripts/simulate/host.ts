import { agentKind } from '../../actors/agent/agent.kind.ts';
import { type CellBounds, cellBoundsDefault } from '../../actors/cell/bounds.ts';
import { Kinds } from '../../actors/cell/kinds.ts';
import type { Blobs } from '../../actors/ports/blobs.ts';
import type { Bus } from '../../actors/ports/bus.ts';
import type { Journal, JournalEntry } from '../../actors/ports/journal.ts';
import type { Models } from '../../actors/ports/models.ts';
import type { Queue } from '../../actors/ports/queue.ts';
import type { Tools } from '../../actors/ports/tools.ts';
import { FlockworkError } from '../../protocols/errors/error.ts';
import { coordinatorKind } from '../../swarm/coordinator/coordinator.kind.ts';
import type { SwarmHost } from '../../swarm/swarm-host.ts';
import type { Process } from './process.ts';
import type { Store } from './store.ts';
import type { World } from './world.ts';

/** Appends whose answer is a failure of the store though nobody else wrote; half of them were stored. */
const storeFailureShare = 0.01;
/** Pushes that the queue takes a second time, as one does whose window of dedupe has passed. */
const doublePushShare = 0.1;

export const simulatedKinds: Kinds = new Kinds([agentKind, coordinatorKind] as never);

/** A host for real cells and real effects in one process: every port goes over the simulated network to the store. */
export function simulatedHost(
  world: World,
  store: Store,
  process: Process,
  parts: { readonly models: Models; readonly tools: Tools; readonly snapshotRecords: number },
): SwarmHost {
  let ids = 0;
  const cellBounds: CellBounds = { ...cellBoundsDefault, snapshotRecords: parts.snapshotRecords };
  const bus: Pick<Bus, 'kind' | 'journal' | 'blobs' | 'tasks' | 'inbox' | 'pubsub'> = {
    kind: 'simulated',
    journal: journalOf(world, store, process),
    blobs: blobsOf(store, process),
    tasks: queueOf(world, process, store.tasks),
    inbox: queueOf(world, process, store.inbox),
    pubsub: { publish: () => undefined, subscribe: unused, request: unused, serve: unused },
  };
  return {
    node: process.name,
    bus: bus as Bus,
    clock: process.clock,
    ids: {
      id: () => {
        ids += 1;
        return `id-${process.name}-${ids}`;
      },
      salt: () => '0'.repeat(32),
    },
    models: parts.models,
    tools: parts.tools,
    kinds: simulatedKinds,
    cellBounds,
    onDead: ({ input, reason }) => {
      if (reason.startsWith('the machine threw')) world.violate(`${input.type}: ${reason}`);
    },
    note: (line) => world.note(`${process.name}: ${line}`),
  };
}

function journalOf(world: World, store: Store, process: Process): Journal {
  return {
    store: 'simulated',
    async append(stream, after, records) {
      // A process that has died cannot begin anything, so its dice stay with the living.
      const fails = !world.healed && world.random.chance(storeFailureShare);
      const stored = fails && world.random.chance(0.5);
      return process.call(() => {
        if (fails && !stored) throw new FlockworkError('store_failed', 'the simulated store is away');
        const position = store.append(stream, after, records);
        if (fails) throw new FlockworkError('store_failed', 'the answer of the simulated store was lost');
        return position;
      });
    },
    async *read(pattern, { after = 0 } = {}): AsyncIterable<JournalEntry> {
      const root = pattern.endsWith('.>') ? pattern.slice(0, -1) : undefined;
      yield* await process.call(() =>
        root === undefined ? store.entriesOf(pattern, after) : store.all().filter(({ stream, sequence }) => sequence > after && stream.startsWith(root)),
      );
    },
    follow: unused,
    head: unused,
  };
}

function blobsOf(store: Store, process: Process): Blobs {
  return {
    put: (_tenant, bytes) => process.call(() => store.putBlob(bytes)),
    get: (_tenant, hash) => process.call(() => store.blob(hash)),
    size: (_tenant, hash) => process.call(() => store.blob(hash).length),
    delete: unused,
    list: () => {
      throw new Error('nobody lists blobs here');
    },
    putNamed: (name, bytes) => process.call(() => store.putNamed(name, bytes)),
    getNamed: (name) => process.call(() => store.named(name)),
    deleteNamed: unused,
  };
}

function queueOf(world: World, process: Process, messages: Store['tasks']): Queue {
  let doubles = 0;
  return {
    ackWaitMs: 0,
    push: (message) =>
      process.call(() => {
        const duplicate = messages.has(message.id);
        // The queue's dedupe is a convenience: what takes from it must bear seeing a message again.
        if (duplicate || world.random.chance(doublePushShare)) {
          doubles += 1;
          messages.set(`${message.id}#${process.name}-${doubles}`, message);
        }
        if (!duplicate) messages.set(message.id, message);
        return { duplicate };
      }),
    pull: unused,
    depth: unused,
    dead: unused,
    buryMessage: unused,
    requeue: unused,
  };
}

function unused(): Promise<never> {
  return Promise.reject(new Error('this port is not part of the simulation'));
}
