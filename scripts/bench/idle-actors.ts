import { join } from 'node:path';
import { agentKind } from '../../actors/agent/agent.kind.ts';
import { cellBoundsDefault } from '../../actors/cell/bounds.ts';
import { Cell } from '../../actors/cell/cell.ts';
import { Kinds } from '../../actors/cell/kinds.ts';
import { Machine } from '../../actors/cell/machine.ts';
import { coordinatorActor } from '../../protocols/goals/task.ts';
import { journalSubject } from '../../protocols/subjects.ts';
import { openEmbeddedBus } from '../../src/bus/embedded/index.ts';
import { systemClock } from '../../src/node/system-clock.ts';
import { systemIds } from '../../src/node/system-ids.ts';
import { coordinatorKind } from '../../swarm/coordinator/coordinator.kind.ts';
import { goalIndex, listPrefix } from '../../swarm/goals/goal-index.ts';
import { type BenchNode, startBenchNode } from './bench-node.ts';
import { withInstantModel } from './instant-model.ts';
import { type BenchResult, resultOf } from './result.ts';

const openCells = 1_000;
const submittedAtOnce = 64;

/** Goals whose first call is above their quota: each is paused, its coordinator waits for a goal.resume that does not come. */
async function pausedGoals(bench: BenchNode, count: number): Promise<void> {
  let next = 0;
  const submitter = async (): Promise<void> => {
    while (next++ < count) await bench.run({ goal: 'Wait for me.', strategy: 'single', quota: { maxTokens: 1 } }, 'paused');
  };
  await Promise.all(Array.from({ length: submittedAtOnce }, submitter));
}

function collect(): void {
  if (globalThis.gc === undefined) throw new Error('this bench needs node --expose-gc');
  for (let time = 0; time < 3; time++) globalThis.gc();
}

/** What an actor costs that waits with its state in memory: the cell alone, and with what a node keeps of it. */
export async function idleCells(): Promise<BenchResult[]> {
  const bench = await startBenchNode({ sync: 'off', wrap: withInstantModel });
  try {
    await pausedGoals(bench, submittedAtOnce);
    collect();
    const before = process.memoryUsage().heapUsed;
    await pausedGoals(bench, openCells);
    const inNode = kbSince(before);
    await bench.node.stop();
    const alone = await cellsAlone(join(bench.folder, 'data'));
    const yardstick = { what: 'an XState actor that waits, in the same state', figure: actorKb() };
    const what = `heap after minus before, forced collections; a cell is the coordinator of a goal that its quota paused`;
    return [
      resultOf({
        name: 'heap of an idle cell',
        figure: alone,
        unit: 'KB',
        demand: 8,
        yardstick,
        runs: openCells,
        note: `${what}; ${openCells} cells opened from their journals`,
      }),
      resultOf({
        name: 'heap of a waiting goal',
        figure: inNode,
        unit: 'KB',
        yardstick,
        runs: openCells,
        note: `${what}; in a whole node: the cell, its supervision, and what the bus remembers`,
      }),
    ];
  } finally {
    await bench.close();
  }
}

/** Opens the same cells with nothing around them. */
async function cellsAlone(folder: string): Promise<number> {
  const bus = await openEmbeddedBus({ folder, projector: goalIndex, sync: 'off' });
  const kinds = new Kinds([agentKind, coordinatorKind] as never);
  const ports = { journal: bus.journal, blobs: bus.blobs, clock: systemClock, ids: systemIds };
  const roots = await bus.index.scan({ prefix: listPrefix('default'), limit: openCells + submittedAtOnce });
  const cells: Cell[] = [];
  const open = async (root: string): Promise<void> => {
    const address = { tenant: 'default', root, actor: coordinatorActor };
    const stream = journalSubject(address);
    const perform = (): Promise<undefined> => Promise.resolve(undefined);
    const cell = await Cell.open({
      address,
      stream,
      kinds,
      node: 'bench',
      ports,
      perform,
      bounds: cellBoundsDefault,
      mayStart: () => true,
      onDead: () => undefined,
    });
    if (cell !== undefined) cells.push(cell);
  };
  try {
    for (const { value } of roots.slice(openCells)) await open(value);
    collect();
    const before = process.memoryUsage().heapUsed;
    for (const { value } of roots.slice(0, openCells)) await open(value);
    const kb = kbSince(before);
    if (!cells.every((cell) => cell.idle)) throw new Error('a cell is not idle');
    for (const cell of cells) cell.stop();
    return kb;
  } finally {
    await bus.close();
  }
}

function actorKb(): number {
  collect();
  const before = process.memoryUsage().heapUsed;
  const actors = Array.from({ length: openCells }, () => new Machine(coordinatorKind.chart));
  const kb = kbSince(before);
  for (const actor of actors) actor.rest();
  return kb;
}

function kbSince(before: number): number {
  collect();
  return (process.memoryUsage().heapUsed - before) / openCells / 1_024;
}
