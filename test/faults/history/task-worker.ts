import { setTimeout as pause } from 'node:timers/promises';
import { nothingBefore } from '../../../actors/ports/journal.ts';
import type { Delivery } from '../../../actors/ports/queue.ts';
import { journalSubject } from '../../../protocols/subjects.ts';
import { systemClock } from '../../../src/node/system-clock.ts';
import { Claim } from '../../../swarm/worker/claim.ts';
import type { LoopParts } from './lane-owner.ts';
import type { Line } from './operations.ts';

export const pool = 'default';
const tasksAtOnceMax = 4;

/** Claims tasks, writes the one record of each, and acknowledges it after that; some are given back first. */
export async function workOnTasks(parts: LoopParts): Promise<void> {
  const { bus, recorder, chance, working } = parts;
  while (!working.aborted) {
    const { result = [] } = await recorder.did(
      { op: 'claim', queue: 'tasks', topic: pool },
      () => bus.tasks.pull({ topic: pool, max: tasksAtOnceMax, waitMs: 60, signal: working }),
      (deliveries) => ({ claimed: deliveries.map(({ id, deliveries: count }) => ({ id, deliveries: count })) }),
    );
    await Promise.all(result.map((delivery) => workOn(parts, delivery)));
    if (result.length === 0) await pause(5 + chance.below(10));
  }
}

async function workOn({ bus, recorder, chance }: LoopParts, delivery: Delivery): Promise<void> {
  const { id } = delivery;
  const claim = new Claim(delivery, bus.tasks.ackWaitMs, systemClock);
  try {
    if (chance.of(0.05)) return await delivery.nak(20).catch(givenUp);
    // Work that takes a while: most faults meet some of it.
    await pause(chance.below(30));
    const stream = journalSubject({ tenant: 'acme', root: 'tasks', actor: id });
    const line: Line = { kind: 'result', n: 1, by: recorder.peer, task: id };
    if (!claim.held) return;
    const { outcome } = await recorder.did(
      { op: 'append', stream, after: nothingBefore, line: JSON.stringify(line) },
      () => bus.journal.append(stream, nothingBefore, [JSON.stringify(line)]),
      (position) => ({ position }),
    );
    // Refused: another one's result stands, and the task is done.
    if (outcome === 'unknown') return;
    await recorder.did(
      { op: 'ack', queue: 'tasks', id },
      () => delivery.ack(),
      () => ({}),
    );
  } finally {
    claim.release();
  }
}

/** The claim ran out first: the bus gives it to another anyway. */
function givenUp(error: unknown): void {
  if (!(error instanceof Error)) throw error;
}
