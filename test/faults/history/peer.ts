/**
 * One process of a schedule: owns lanes by leases and journals what comes into them, works on tasks, writes registers, and follows every journal,
 * all through the ports of the bus, and records what it asked and was told. Its arguments come as JSON, its orders over IPC.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Bus } from '../../../actors/ports/bus.ts';
import type { Projector } from '../../../actors/ports/projection.ts';
import { journalPattern } from '../../../protocols/subjects.ts';
import { openNatsBus } from '../../../src/bus/nats/index.ts';
import { Chance } from '../../histories/random.ts';
import { LaneOwner } from './lane-owner.ts';
import { produce, writeRegisters } from './producers.ts';
import { Recorder } from './recorder.ts';
import { workOnTasks } from './task-worker.ts';

export interface PeerOptions {
  readonly name: string;
  readonly seed: number;
  readonly url: string;
  readonly file: string;
  readonly lanes: readonly string[];
  readonly ackWaitMs: number;
  readonly leaseMs: number;
  readonly replicas: 1 | 3;
}

/** `rest`: produce nothing more, and say when the last push has been answered. `end`: leave once the follower has seen the sequence. */
export type Order = { readonly type: 'rest' } | { readonly type: 'end'; readonly sequence: number };

/** How long a process that ends waits for its follower. Milliseconds. */
const catchUpMs = 10_000;
const nothing: Projector = { name: 'nothing', version: 1, project: () => [] };

const options = JSON.parse(process.argv[2] ?? '{}') as PeerOptions;

/** A process that starts behind a cut tries until it is healed. */
async function openBus(): Promise<Bus> {
  for (;;) {
    try {
      return await openNatsBus({
        servers: [options.url],
        projector: nothing,
        name: options.name,
        replicas: options.replicas,
        ackWaitMs: options.ackWaitMs,
        connectTimeoutMs: 400,
        requestTimeoutMs: 400,
        retryForMs: 1_500,
        followCheckMs: 300,
        onFault: () => undefined,
      });
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      await pause(50);
    }
  }
}

const recorder = new Recorder(options.file, options.name);
const bus = await openBus();
const progress = { last: 0 };
await bus.journal.follow(journalPattern, ({ sequence, stream, records }) => {
  progress.last = sequence;
  recorder.seen({ sequence, stream, line: records.join('\n') });
});
const producing = new AbortController();
const working = new AbortController();
const parts = { bus, recorder, chance: new Chance(options.seed), producing: producing.signal, working: working.signal };
const loops = [...options.lanes.map((lane) => new LaneOwner({ ...parts, lane, leaseMs: options.leaseMs }).run()), workOnTasks(parts)];
const producers = [produce(parts, options.lanes), writeRegisters(parts)];
process.on('message', (order: Order) => {
  producing.abort();
  if (order.type === 'end') void end(order.sequence);
  else void Promise.all(producers).then(() => process.send?.({ type: 'resting' }));
});
// Nobody gives orders any more.
process.on('disconnect', () => process.exit(1));
process.send?.({ type: 'ready' });

async function end(sequence: number): Promise<void> {
  working.abort();
  await Promise.allSettled([...producers, ...loops]);
  const behind = (): boolean => progress.last < sequence;
  for (const deadline = Date.now() + catchUpMs; behind() && Date.now() < deadline; ) await pause(10);
  await bus.close();
  process.exit(0);
}
