import { agentKind } from '../../actors/agent/agent.kind.ts';
import { cellBoundsDefault } from '../../actors/cell/bounds.ts';
import type { Cell } from '../../actors/cell/cell.ts';
import { Kinds } from '../../actors/cell/kinds.ts';
import type { Bus } from '../../actors/ports/bus.ts';
import { quotaDefault } from '../../protocols/goals/goal.ts';
import type { ToolSpec } from '../../protocols/goals/task.ts';
import { openEmbeddedBus } from '../../src/bus/embedded/index.ts';
import { systemIds } from '../../src/node/system-ids.ts';
import { coordinatorKind } from '../../swarm/coordinator/coordinator.kind.ts';
import { goalIndex } from '../../swarm/goals/goal-index.ts';
import { Goals } from '../../swarm/goals/goals.ts';
import { Adoption } from '../../swarm/owner/adoption.ts';
import { OpenCells } from '../../swarm/owner/open-cells.ts';
import { allShards, ShardOwner } from '../../swarm/owner/shard-owner.ts';
import { Worker } from '../../swarm/worker/worker.ts';
import { fastClock } from './fast-clock.ts';
import type { Outside } from './scripted.ts';

export const kinds = new Kinds([agentKind, coordinatorKind] as never);
export const bounds = { ...cellBoundsDefault, snapshotRecords: 8 };

/** The cells of a world, those that have ended among them. */
class RememberedCells extends OpenCells {
  /** The last cell of each stream. */
  readonly last = new Map<string, Cell>();

  override add(cell: Cell): void {
    super.add(cell);
    this.last.set(cell.stream, cell);
  }
}

export interface World {
  readonly goals: Goals;
  readonly bus: Bus;
  /** The last cell of each stream that was open here. */
  readonly cells: ReadonlyMap<string, Cell>;
  /** Stops as a node that is killed does: nothing is drained. */
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly folder: string;
  readonly outside: Outside;
  readonly tools: readonly ToolSpec[];
  readonly agents: number;
  readonly note: (line: string) => void;
  /** How much faster than the machine's its clock runs. */
  readonly speed: number;
}

/** A whole swarm in this process, put together without a node: one embedded bus, one owner of all shards, one worker. */
export async function openWorld({ folder, outside, tools, agents, note, speed }: WorldOptions): Promise<World> {
  const bus = await openEmbeddedBus({ folder, projector: goalIndex, sync: 'off' });
  const host = {
    node: 'n1',
    bus,
    clock: fastClock(speed),
    ids: systemIds,
    kinds,
    cellBounds: bounds,
    models: outside.models,
    tools: outside.tools,
    onDead: () => undefined,
    note,
  };
  const cells = new RememberedCells();
  const adoption = new Adoption('all');
  const owner = new ShardOwner({ host, cells, adoption });
  const worker = new Worker({ host, cells, adoption, pools: ['default'] });
  const profile = { name: 'default', model: 'x/y', modelWhy: 'test', system: 'be brief', tools, outputTokensMax: 400, pool: 'default' };
  const goals = new Goals(host, {
    quota: quotaDefault,
    agents,
    fanIn: 3,
    taskAttemptsMax: 3,
    stragglerFactor: 3,
    profile: () => profile,
    snapshotPath: async () => ({ files: [] }),
  });
  await owner.start();
  await owner.take(allShards);
  worker.start();
  return {
    goals,
    bus,
    cells: cells.last,
    close: async () => {
      await worker.stop(0);
      await owner.stop();
      await bus.close();
    },
  };
}
