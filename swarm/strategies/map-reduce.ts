import type { NewTask, Strategy } from './strategy.ts';

/** Children of one reduce task unless the goal says otherwise. */
export const fanInDefault = 8;

/** One node of the tree: a map task (layer 0) or a reduce task over `fanIn` neighbours of the layer below. */
interface TreeNode {
  /** Children that have not ended. */
  open: number;
  /** The task whose result stands for this node; null while it runs, or when nothing survived below it. */
  task: number | null;
}

export interface MapReduceState {
  readonly fanIn: number;
  readonly onFailure: 'fail' | 'partial';
  readonly layers: TreeNode[][];
  /** Tasks in all: the maps, and the merges of more than one child. */
  tasks: number;
  nextPart: number;
  /** Reduce nodes that may start, as [layer, index]. */
  readonly ready: [number, number][];
  lost: number;
  /** The task that ended the goal under `onFailure: fail`. */
  failed: number | null;
  ended: boolean;
}

/**
 * Splits into parts, maps each, and merges neighbours up a tree of fan-in `fanIn` until one result is left.
 * A reduce task starts as soon as its own children have ended, so slow parts hold up only their branch.
 */
export const mapReduce: Strategy<MapReduceState> = {
  name: 'map-reduce',
  speculates: () => true,
  begin({ options, parts, fanIn: fanInGiven = fanInDefault }) {
    const { fanIn = fanInGiven, onFailure = 'fail' } = options.type === 'map-reduce' ? options : {};
    const layers: TreeNode[][] = [Array.from({ length: parts }, () => ({ open: 0, task: null }))];
    for (let width = parts; width > 1; ) {
      const below = width;
      width = Math.ceil(width / fanIn);
      layers.push(Array.from({ length: width }, (_, index) => ({ open: Math.min(fanIn, below - index * fanIn), task: null })));
    }
    // A node with one child is that child: nothing is merged.
    const merges = layers
      .slice(1)
      .flat()
      .filter(({ open }) => open > 1).length;
    return { fanIn, onFailure, layers, tasks: parts + merges, nextPart: 0, ready: [], lost: 0, failed: null, ended: parts === 0 };
  },
  next(state) {
    if (state.failed !== null) return undefined;
    const reduce = state.ready.shift();
    if (reduce !== undefined) return reduceTask(state, reduce);
    const part = state.nextPart;
    if (part >= (state.layers[0]?.length ?? 0)) return undefined;
    state.nextPart += 1;
    return { role: 'map', part, place: [0, part] };
  },
  completed(state, [layer = 0, index = 0], { task }) {
    settle(state, layer, index, task);
    return [];
  },
  failed(state, [layer = 0, index = 0], task) {
    state.lost += 1;
    if (state.onFailure === 'fail') state.failed ??= task;
    else settle(state, layer, index, null);
    return [];
  },
  end(state) {
    if (state.failed !== null) return { failed: state.failed };
    if (!state.ended) return undefined;
    const root = state.layers.at(-1)?.[0]?.task ?? null;
    return root === null ? { failed: -1 } : { result: root, partial: state.lost };
  },
  expected: (state) => state.tasks,
};

/** Notes how a node ended and passes it up: a parent with one surviving child is that child, one with none has nothing. */
function settle(state: MapReduceState, layer: number, index: number, task: number | null): void {
  const node = state.layers[layer]?.[index];
  if (node === undefined) throw new Error(`map-reduce has no node ${layer}/${index}`);
  node.task = task;
  const up = Math.floor(index / state.fanIn);
  const parent = state.layers[layer + 1]?.[up];
  if (parent === undefined) {
    state.ended = true;
    return;
  }
  parent.open -= 1;
  if (parent.open > 0) return;
  const survivors = childTasks(state, layer + 1, up);
  if (survivors.length > 1) {
    state.ready.push([layer + 1, up]);
    return;
  }
  if (childrenOf(state, layer + 1, up).length > 1) state.tasks -= 1;
  settle(state, layer + 1, up, survivors[0] ?? null);
}

function childTasks(state: MapReduceState, layer: number, index: number): number[] {
  return childrenOf(state, layer, index).flatMap(({ task }) => (task === null ? [] : [task]));
}

function childrenOf(state: MapReduceState, layer: number, index: number): readonly TreeNode[] {
  return state.layers[layer - 1]?.slice(index * state.fanIn, (index + 1) * state.fanIn) ?? [];
}

function reduceTask(state: MapReduceState, [layer, index]: [number, number]): NewTask {
  const merges = childTasks(state, layer, index);
  return { role: 'reduce', name: `merge of ${merges.length} results`, merges, place: [layer, index] };
}
