import type { Bus } from '../../actors/ports/bus.ts';
import type { OpenCells } from '../../swarm/owner/open-cells.ts';
import type { Worker } from '../../swarm/worker/worker.ts';
import { type MetricFamily, QueueDepths, single } from '../telemetry/index.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { Ownership } from './ownership.ts';
import { version } from './version.ts';

export interface FigureParts {
  readonly node: string;
  readonly bus: Bus;
  readonly pools: readonly string[];
  readonly cells: OpenCells;
  readonly worker: Worker | undefined;
  readonly ownership: Ownership | undefined;
  readonly deadLetters: DeadLetters;
  readonly onNote: (line: string) => void;
}

/** What is so of a node at the moment somebody asks. */
export function nodeFigures(parts: FigureParts): () => Promise<readonly MetricFamily[]> {
  const { node, bus, pools, cells, worker, ownership, deadLetters, onNote } = parts;
  const depths = new QueueDepths({
    tasks: bus.tasks,
    inbox: bus.inbox,
    pools,
    shards: () => (ownership?.owned ?? []).map(String),
    now: () => performance.now(),
    onNote,
  });
  return async () => {
    const open = cells.all();
    const waiting = open.map(({ mailboxDepth }) => mailboxDepth);
    return [
      { kind: 'gauge', name: 'flockwork.build.info', help: 'Version and node, as labels.', unit: '', samples: [{ labels: { version, node }, value: 1 }] },
      single('gauge', 'flockwork.cells.open', 'Actors in memory.', cells.size),
      single('gauge', 'flockwork.goals.active', 'Goals that this node drives and that have not ended.', open.filter(isLiveGoal).length),
      single('gauge', 'flockwork.agents.active', 'Agents at work on this node.', worker?.load ?? 0),
      single('gauge', 'flockwork.shards.owned', 'Shards that this node owns, of 64.', ownership?.owned.length ?? 0),
      single(
        'gauge',
        'flockwork.mailbox.depth',
        'Messages that wait in the mailboxes of all actors.',
        waiting.reduce((sum, depth) => sum + depth, 0),
      ),
      single(
        'gauge',
        'flockwork.mailbox.depth.max',
        'Messages that wait in the fullest mailbox.',
        waiting.reduce((most, depth) => Math.max(most, depth), 0),
      ),
      single('counter', 'flockwork.dead.inputs', 'Inputs that no actor took.', deadLetters.count),
      ...(await depths.families()),
    ];
  };
}

function isLiveGoal(cell: { readonly address: { readonly actor: string }; readonly ended: boolean }): boolean {
  return cell.address.actor === 'coordinator' && !cell.ended;
}
