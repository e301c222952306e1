import { setTimeout as pause } from 'node:timers/promises';
import type { RegistryEntry } from '../../../actors/ports/registry.ts';
import { inboxSubject, taskSubject } from '../../../protocols/subjects.ts';
import type { LoopParts } from './lane-owner.ts';
import { pool } from './task-worker.ts';

const registers = ['register.0', 'register.1'] as const;

/** Pushes messages into the lanes and tasks into the pool, one after the other; a push that nobody answered is not tried again. */
export async function produce({ bus, recorder, chance, producing }: LoopParts, lanes: readonly string[]): Promise<void> {
  for (let count = 1; !producing.aborted; count += 1) {
    const id = `${recorder.peer}-${count}`;
    const told = () => ({});
    if (chance.of(0.5)) {
      const subject = taskSubject({ tenant: 'acme', pool, priority: 5, root: 'tasks', task: id });
      await recorder.did({ op: 'push', queue: 'tasks', lane: pool, id }, () => bus.tasks.push({ subject, id, body: '{}' }), told);
    } else {
      const lane = chance.pick(lanes);
      const subject = inboxSubject({ tenant: 'acme', root: lane, actor: 'lane' }, recorder.peer);
      await recorder.did({ op: 'push', queue: 'inbox', lane, id }, () => bus.inbox.push({ subject, id, body: '{}' }), told);
    }
    await pause(5 + chance.below(20));
  }
}

/** Reads and writes keys by compare-and-set. */
export async function writeRegisters({ bus, recorder, chance, producing }: LoopParts): Promise<void> {
  const { registry } = bus;
  const told = (entry: RegistryEntry | undefined) => (entry === undefined ? {} : { value: entry.value, revision: entry.revision });
  for (let count = 1; !producing.aborted; count += 1) {
    const key = chance.pick(registers);
    const { outcome, result: entry } = await recorder.did({ op: 'read', key }, () => registry.get(key), told);
    if (outcome === 'ok') {
      const value = `${recorder.peer}-${count}`;
      await recorder.did(
        { op: 'put', key, value, over: entry?.revision ?? 0 },
        () => (entry === undefined ? registry.create(key, value) : registry.update(key, value, entry.revision)),
        (revision) => ({ revision }),
      );
    }
    await pause(5 + chance.below(30));
  }
}
