/**
 * A process that writes to an embedded bus: `embedded-writer.ts <folder> <mode> [count] [sync]`.
 * `sequential` and `parallel` append `count` entries and end. `killed` appends, pushes and acknowledges until it is
 * killed, and says on stdout, line by line, what was acknowledged to it.
 */
import { writeSync } from 'node:fs';
import { nothingBefore, type Position } from '../../actors/ports/journal.ts';
import { journalSubject, taskSubject } from '../../protocols/subjects.ts';
import { type EmbeddedBus, openEmbeddedBus } from '../../src/bus/embedded/index.ts';
import { lastRecords } from './last-records.ts';

const [folder = '', mode = '', count = '0', sync = 'full'] = process.argv.slice(2);
const say = (line: string): number => writeSync(1, `${line}\n`);

const streamOf = (writer: number | string): string => journalSubject({ tenant: 'acme', root: `goal-${writer}`, actor: 'coordinator' });

async function appendSequentially(bus: EmbeddedBus): Promise<void> {
  let position: Position = nothingBefore;
  for (let at = 0; at < Number(count); at++) position = await bus.journal.append(streamOf(0), position, [`record ${at}`]);
}

async function appendAtOnce(bus: EmbeddedBus): Promise<void> {
  await Promise.all(Array.from({ length: Number(count) }, (_, at) => bus.journal.append(streamOf(at), nothingBefore, [`record ${at}`])));
}

async function appendForEver(bus: EmbeddedBus, stream: string): Promise<void> {
  let position: Position = nothingBefore;
  for await (const entry of bus.journal.read(stream)) position = entry.position;
  for (;;) {
    position = await bus.journal.append(stream, position, [`after ${position}`, 'x'.repeat(200)]);
    say(`appended ${stream} ${position}`);
  }
}

async function workForEver(bus: EmbeddedBus): Promise<void> {
  for (let at = 0; ; at++) {
    const id = `t-${process.pid}-${at}`;
    await bus.tasks.push({ subject: taskSubject({ tenant: 'acme', pool: 'default', priority: 5, root: 'goal-1', task: id }), id, body: '{}' });
    say(`pushed ${id}`);
    if (at % 2 === 1) continue;
    for (const delivery of await bus.tasks.pull({ topic: 'default', max: 1, waitMs: 0 })) {
      await delivery.ack();
      say(`acknowledged ${delivery.id}`);
    }
  }
}

const bus = await openEmbeddedBus({ folder, projector: lastRecords, sync: sync === 'off' ? 'off' : 'full' });
if (mode === 'sequential') await appendSequentially(bus);
else if (mode === 'parallel') await appendAtOnce(bus);
else await Promise.all([workForEver(bus), ...[1, 2, 3, 4].map((writer) => appendForEver(bus, streamOf(writer)))]);
await bus.close();
