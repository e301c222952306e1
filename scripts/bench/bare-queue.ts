/**
 * What tasks over NATS cost without Flockwork: one process pushes them and writes a record for each that has ended, others pull them, write two records
 * and acknowledge. The same writes, pulls and acknowledgements through the same ports, and nothing else. Its arguments come as JSON.
 */
import { nothingBefore } from '../../actors/ports/journal.ts';
import type { Projector } from '../../actors/ports/projection.ts';
import type { Delivery } from '../../actors/ports/queue.ts';
import { journalPattern, journalSubject, parseJournalSubject, taskSubject } from '../../protocols/subjects.ts';
import { openNatsBus } from '../../src/bus/nats/index.ts';

export interface BareOptions {
  readonly role: 'coordinate' | 'work';
  readonly servers: readonly string[];
  readonly tasks: number;
  /** Goals that the tasks belong to, each with a journal of its coordinator. */
  readonly goals: number;
  /** Tasks at once: of one goal where they are pushed, of one process where they are worked on. */
  readonly atOnce: number;
  readonly bytes: { readonly task: number; readonly first: number; readonly last: number; readonly ended: number };
}

const nothing: Projector = { name: 'nothing', version: 1, project: () => [] };
const tenant = 'bare';
const pullMs = 20_000;

const { role, servers, tasks, goals, atOnce, bytes } = JSON.parse(process.argv[2] ?? '{}') as BareOptions;
const bus = await openNatsBus({ servers, projector: nothing, name: role });
const line = (length: number): string => 'x'.repeat(length);

if (role === 'work') process.on('SIGTERM', () => process.exit(0));
process.stdout.write('ready\n');
await (role === 'work' ? work() : coordinate());
await bus.close();

async function work(): Promise<void> {
  const running = new Set<Promise<void>>();
  for (;;) {
    if (running.size >= atOnce) await Promise.race(running);
    for (const delivery of await bus.tasks.pull({ topic: 'default', max: atOnce - running.size, waitMs: pullMs })) {
      const one = workOn(delivery).finally(() => running.delete(one));
      running.add(one);
    }
  }
}

async function workOn(delivery: Delivery): Promise<void> {
  const [root = '', task = ''] = delivery.id.split(':');
  const stream = journalSubject({ tenant, root, actor: `agent-${task}-1` });
  const after = await bus.journal.append(stream, nothingBefore, [line(bytes.first)]);
  await bus.journal.append(stream, after, [line(bytes.last)]);
  await delivery.ack();
}

async function coordinate(): Promise<void> {
  const perGoal = Math.ceil(tasks / goals);
  const pushed = new Map<string, number>();
  const after = new Map<string, string>();
  const writes = new Map<string, Promise<void>>();
  let left = perGoal * goals;
  const done = Promise.withResolvers<void>();
  const push = async (root: string): Promise<void> => {
    const count = (pushed.get(root) ?? 0) + 1;
    if (count > perGoal) return;
    pushed.set(root, count);
    const task = `t${count}`;
    await bus.tasks.push({ subject: taskSubject({ tenant, pool: 'default', priority: 5, root, task }), id: `${root}:${task}`, body: line(bytes.task) });
  };
  const ended = async (root: string): Promise<void> => {
    const stream = journalSubject({ tenant, root, actor: 'coordinator' });
    after.set(root, await bus.journal.append(stream, after.get(root) ?? nothingBefore, [line(bytes.ended)]));
    left -= 1;
    if (left === 0) done.resolve();
    await push(root);
  };
  await bus.journal.follow(journalPattern, ({ stream, records }) => {
    const address = parseJournalSubject(stream);
    if (address === undefined || address.actor === 'coordinator' || records[0]?.length !== bytes.last) return;
    const { root } = address;
    writes.set(
      root,
      (writes.get(root) ?? Promise.resolve()).then(() => ended(root)),
    );
  });
  await Promise.all(Array.from({ length: goals * Math.min(atOnce, perGoal) }, (_, at) => push(`g${at % goals}`)));
  await done.promise;
}
