import type { AnyStateMachine } from 'xstate';
import { toDirectedGraph } from 'xstate/graph';

/** How the states of a machine are shown. */
export interface ChartPlan {
  readonly machine: AnyStateMachine;
  readonly version: number;
  /** The role of each state: its glyph and colour. */
  readonly roles: Readonly<Record<string, Role>>;
  /** States drawn in one frame: an end that two or more of them lead to is drawn once, from the frame. */
  readonly frame?: { readonly name: string; readonly states: readonly string[] };
}

export type Role = 'idle' | 'thinking' | 'acting' | 'waiting' | 'backoff' | 'done' | 'failed' | 'overQuota' | 'cancelled';

/** One line of a chart: every event that leads from `source` to `target`. */
export interface Move {
  readonly source: string;
  readonly target: string;
  readonly events: readonly string[];
}

export interface Moves {
  readonly machine: string;
  readonly initial: string;
  readonly states: readonly { readonly id: string; readonly ended: boolean; readonly role: Role; readonly about: string }[];
  readonly moves: readonly Move[];
}

/** From this many states of the frame on, moves to the same state outside of it become one. */
const bundleFrom = 2;

/** Reads a machine: its states and the moves between them. Inputs that keep the state are no moves. */
export function movesOf({ machine, roles, frame }: ChartPlan): Moves {
  const graph = toDirectedGraph(machine);
  const states = graph.children.map(({ stateNode }) => {
    const role = roles[stateNode.key];
    if (role === undefined) throw new Error(`the plan of ${machine.id} gives state ${stateNode.key} no role; add it in scripts/charts/plans.ts`);
    return { id: stateNode.key, ended: stateNode.type === 'final' || stateNode.tags.includes('ended'), role, about: stateNode.description ?? '' };
  });
  const found = new Map<string, { source: string; target: string; events: Set<string> }>();
  for (const child of graph.children) {
    for (const { source, target, transition } of child.edges) {
      if ((transition.target?.length ?? 0) === 0) continue;
      const key = `${source.key}>${target.key}`;
      const move = found.get(key) ?? { source: source.key, target: target.key, events: new Set<string>() };
      move.events.add(transition.eventType);
      found.set(key, move);
    }
  }
  const moves = [...found.values()].map(({ source, target, events }) => ({ source, target, events: [...events] }));
  const initial = machine.config.initial;
  if (typeof initial !== 'string') throw new Error(`${machine.id} has no initial state by name`);
  return { machine: machine.id, initial, states, moves: frame === undefined ? moves : bundled(moves, frame) };
}

function bundled(moves: readonly Move[], { name, states }: NonNullable<ChartPlan['frame']>): readonly Move[] {
  const inside = new Set(states);
  const leaving = Map.groupBy(
    moves.filter(({ source, target }) => inside.has(source) && !inside.has(target)),
    ({ target }) => target,
  );
  const together = [...leaving].filter(([, group]) => group.length >= bundleFrom);
  const targets = new Set(together.map(([target]) => target));
  return [
    ...moves.filter(({ source, target }) => !(inside.has(source) && targets.has(target))),
    ...together.map(([target, group]) => ({ source: name, target, events: [...new Set(group.flatMap(({ events }) => events))] })),
  ];
}
